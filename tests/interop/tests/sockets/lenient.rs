//! Deviations that both libraries tolerate: raw peers send the same bytes to both, and both receive
//! the message that follows. `docs/zmtp-notes.md` lists tolerated and rejected deviations.

use interop::{
    Frames, RawListener, RawPeer, TCP, command, disconnected, frames, handshake, libzmq, within,
};
use libzmq_peer::SocketKind::Pull;
use zeromq_async::{DisconnectReason, ProtocolError, PullSocket, PushSocket};
use zeromq_test::raw_bytes;

/// The bytes of a peer after its greeting, and the resulting message.
struct Deviation {
    what: &'static str,
    says: Vec<u8>,
    message: &'static [&'static str],
}

fn deviations() -> Vec<Deviation> {
    let ready = raw_bytes::ready("PUSH");
    let behind_ready = |what, says: &[u8]| Deviation {
        what,
        says: [&ready, says, b"\x01\x01a\x00\x01b"].concat(),
        message: &["a", "b"],
    };
    let inside = |what, says: &[u8]| Deviation {
        what,
        says: [&ready, &b"\x01\x01a"[..], says, b"\x00\x01b"].concat(),
        message: &["a", "b"],
    };
    let ready_is = |what, ready: &[u8]| Deviation {
        what,
        says: [ready, b"\x00\x01a"].concat(),
        message: &["a"],
    };
    let long_id = [
        &b"\x06\0\0\0\0\0\0\x01\x27\x05READY\x0bSocket-Type\0\0\0\x04PUSH\x08Identity\0\0\x01\0"[..],
        &[b'i'; 256],
    ];
    vec![
        ready_is("READY in a message", &[&[0], &ready[1..]].concat()),
        ready_is("READY in a part of a message", &[&[1], &ready[1..]].concat()),
        ready_is("READY with MORE", &[&[5], &ready[1..]].concat()),
        ready_is("READY without a socket type", &command("READY", b"")),
        ready_is("READY with a long identity", &long_id.concat()),
        behind_ready("a second READY", &ready),
        behind_ready("ERROR", &command("ERROR", b"\x03400")),
        behind_ready("an unknown command", &command("NEW", b"data")),
        behind_ready("a command with MORE", b"\x05\x05\x04PONG"),
        behind_ready("an empty command", b"\x06\0\0\0\0\0\0\0\0"),
        behind_ready("a command with an empty name", b"\x04\x01\x00"),
        behind_ready("a command that ends in its name", b"\x04\x05\x09PONG"),
        inside("a PING inside", &command("PING", b"\0\0ctx")),
        inside("a PONG inside", &command("PONG", b"ctx")),
        inside("an unknown command inside", &command("NEW", &[b'x'; 1000])),
        inside("JOIN inside", &command("JOIN", b"x")),
        inside("ERROR inside", &command("ERROR", b"\x02no")),
        inside("two commands inside", &command("PONG", b"").repeat(2)),
    ]
}

/// Connects, writes its greeting, reads the other greeting, as libzmq requires, and writes the
/// rest.
async fn say(endpoint: &str, says: &[u8]) -> RawPeer {
    let mut peer = RawPeer::connect(endpoint).await;
    peer.greet(1, "NULL").await;
    peer.read(64).await;
    peer.write(says).await;
    peer
}

#[tokio::test]
async fn both_receive_what_odd_peers_say() {
    let mut ours = PullSocket::new();
    let to_ours = ours.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(Pull, |socket| socket.bind(TCP));
    for Deviation { what, says, message } in deviations() {
        let expected: Frames = message.iter().map(|frame| frame.as_bytes().to_vec()).collect();
        let _peer = say(theirs.endpoint(), &says).await;
        assert_eq!(theirs.recv().await.unwrap(), expected, "libzmq: {what}");
        let _peer = say(&to_ours, &says).await;
        let received = within(what, ours.recv()).await.unwrap();
        assert_eq!(frames(&received), expected, "{what}");
    }
}

/// libzmq's PULL receives the command itself as a message.
#[tokio::test]
async fn subscribe_to_a_pull_is_passed_over() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let subscribe = command("SUBSCRIBE", b"x");
    let says = [&raw_bytes::ready("PUSH"), &subscribe, &b"\x01\x01a"[..], &subscribe, b"\x00\x01b"];
    let _peer = say(&endpoint, &says.concat()).await;
    let message = within("the message", pull.recv()).await.unwrap();
    assert_eq!(frames(&message), [b"a", b"b"]);
}

/// A PING inside a message is answered before the message is complete.
#[tokio::test]
async fn a_ping_inside_a_message_is_answered() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let mut peer = RawPeer::connect(&endpoint).await;
    peer.handshake(1, "PUSH").await;
    for number in 0..3 {
        peer.write(b"\x01\x01a").await;
        peer.write(&command("PING", &[b"\0\0", &[number][..]].concat())).await;
        peer.expect(&command("PONG", &[number])).await;
        peer.write(b"\x00\x01b").await;
        let message = within("the message", pull.recv()).await.unwrap();
        assert_eq!(frames(&message), [b"a", b"b"]);
    }
}

/// A peer that sends ERROR and leaves has rejected this side. A peer that stays has not.
#[tokio::test]
async fn error_after_ready_and_close_is_final() {
    let listener = RawListener::bind().await;
    let push = PushSocket::new();
    let mut events = push.events();
    push.connect(listener.endpoint()).unwrap();

    let mut stays = listener.accept().await;
    stays.handshake(1, "PULL").await;
    handshake(&mut events).await;
    stays.write(&command("ERROR", b"\x02no")).await;
    stays.write(&command("PONG", b"")).await;
    drop(stays);
    assert!(matches!(disconnected(&mut events).await, DisconnectReason::PeerClosed));

    let mut leaves = listener.accept().await;
    leaves.handshake(1, "PULL").await;
    handshake(&mut events).await;
    leaves.write(&command("ERROR", b"\x02no")).await;
    drop(leaves);
    let reason = disconnected(&mut events).await;
    let DisconnectReason::Protocol(error) = reason else { panic!("{reason}") };
    assert_eq!(error, ProtocolError::Refused { reason: "no".into() });
    assert!(!error.may_reconnect());
}
