//! Peers of ZMTP 2.0, as ZeroMQ 3.2: a socket type and an identity instead of a handshake, and no
//! commands.
//!
//! `tests/interop/tests/sockets/zmtp_2.rs` sends the same bytes to libzmq.

use std::time::Duration;

use support::hostile::{HostilePeer, frame, handshake_failure};
use support::{ANY_PORT, event, listen, within};
use tokio::io::AsyncReadExt;
use tokio::time::sleep;
use zeromq_async::security::{Attempt, Decision};
use zeromq_async::{
    DisconnectReason, HandshakeFailure, Message, PairSocket, PeerIncompatible, PeerInfo,
    ProtocolError, PullSocket, PushSocket, ReqSocket, RouterSocket, SocketEvent, SocketType,
    SubSocket, XPubSocket,
};

const OPENING: &[u8] = b"\xff\0\0\0\0\0\0\0\x04\x7f\x01";

const PULL: u8 = 7;
const PUSH: u8 = 8;

/// The bytes of an old peer of this type, with the identity `old`, before its first message.
fn old_opening(socket_type: u8) -> Vec<u8> {
    [OPENING, &[socket_type], b"\0\x03old"].concat()
}

/// Reads exactly these bytes.
async fn expect(peer: &mut HostilePeer, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    within("bytes for the old peer", peer.stream.read_exact(&mut read)).await.expect("they come");
    assert_eq!(read, bytes);
}

async fn introduced(events: &mut zeromq_async::Events) -> PeerInfo {
    event(events, "the old peer", |event| match event {
        SocketEvent::HandshakeSucceeded { info, .. } => Some(info),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn zmtp_2_peer_that_connects_is_served() {
    let mut router = RouterSocket::builder().routing_id("here").unwrap().build();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(5)).await;
    expect(&mut peer, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x06\0\x04here").await;
    let info = introduced(&mut events).await;
    assert_eq!((info.socket_type(), info.version()), (SocketType::Dealer, (2, 0)));
    peer.write(b"\x01\0\0\x08question").await;
    let asked = within("the question", router.recv()).await.unwrap();
    assert_eq!(asked, Message::multipart(["old", "", "question"]));
    router.send(Message::multipart(["old", "", "answer"])).await.unwrap();
    expect(&mut peer, b"\x01\0\0\x06answer").await;
}

#[tokio::test]
async fn zmtp_2_peer_is_served_and_reconnected() {
    let (listener, endpoint) = listen().await;
    let mut req = ReqSocket::new();
    req.connect(endpoint).unwrap();
    for _ in 0..2 {
        let accepted = within("the socket to connect", listener.accept()).await.unwrap();
        let mut peer = HostilePeer { stream: accepted.0 };
        // 4 is REP.
        peer.write(&old_opening(4)).await;
        expect(&mut peer, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x03\0\0").await;
        let asking = async {
            req.send("question").await.unwrap();
            within("the answer", req.recv()).await.unwrap()
        };
        let answering = async {
            expect(&mut peer, b"\x01\0\0\x08question").await;
            peer.write(b"\x01\0\0\x06answer").await;
        };
        assert_eq!(tokio::join!(asking, answering).0, "answer");
    }
}

#[tokio::test]
async fn zmtp_2_subscriber_gets_its_topics() {
    let mut publisher = XPubSocket::new();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(2)).await;
    expect(&mut peer, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x09\0\0").await;
    peer.write(b"\x00\x02\x01b").await;
    assert_eq!(within("the subscription", publisher.recv()).await.unwrap(), b"\x01b");
    publisher.send("a, which it has not subscribed to").await.unwrap();
    publisher.send("b").await.unwrap();
    expect(&mut peer, b"\0\x01b").await;
}

#[tokio::test]
async fn zmtp_2_publisher_gets_message_subscriptions() {
    let mut sub = SubSocket::builder().subscribe("a").build();
    let endpoint = sub.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(1)).await;
    expect(&mut peer, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x02\0\0\0\x02\x01a").await;
    sub.subscribe("b");
    sub.unsubscribe("a");
    expect(&mut peer, b"\0\x02\x01b\0\x02\0a").await;
    peer.write(b"\0\x02ab\0\x02ba").await;
    assert_eq!(within("a message", sub.recv()).await.unwrap(), "ba");
}

/// Reported of libzmq: the handshake timer kept running and ended the connection. Heartbeats do not
/// apply either, because these peers cannot answer a PING.
#[tokio::test(start_paused = true)]
async fn zmtp_2_peer_outlives_handshake_timeout() {
    let builder = PairSocket::builder().handshake_timeout(Duration::from_secs(30));
    let mut pair = builder
        .heartbeat_interval(Duration::from_secs(1))
        .heartbeat_ttl(Duration::from_secs(2))
        .build();
    let mut events = pair.events();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(0)).await;
    loop {
        match events.next().await.unwrap() {
            SocketEvent::HandshakeSucceeded { .. } => break,
            SocketEvent::HandshakeFailed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    sleep(Duration::from_secs(35)).await;
    peer.write(b"\0\x05still").await;
    within("the old peer to be there", pair.send("here")).await.unwrap();
    // No PING precedes it.
    expect(&mut peer, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\0\0\0\0\x04here").await;
    assert_eq!(within("the message", pair.recv()).await.unwrap(), "still");
}

#[tokio::test]
async fn zmtp_2_header_does_not_bypass_security() {
    async fn everybody(_: Attempt) -> Decision {
        Decision::allow()
    }
    let asks = PullSocket::builder().null_server(everybody).build();
    let plain = PullSocket::builder().plain_server(everybody).build();
    for pull in [asks, plain] {
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let says = [old_opening(PUSH), frame(0, b"stranger")].concat();
        let mut peer = HostilePeer::connect(&endpoint, &says).await;
        let reason = handshake_failure(&mut events, &peer).await.to_string();
        assert!(reason.contains("ZMTP 2.0, which has no security"), "{reason}");
        assert_eq!(peer.closed().await, b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
        assert_eq!(pull.stats().received, 0);
    }
}

#[tokio::test]
async fn zmtp_2_wrong_type_is_refused_silently() {
    let push = PushSocket::new();
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(PUSH)).await;
    let reason = handshake_failure(&mut events, &peer).await;
    let (ours, theirs) = (SocketType::Push, SocketType::Push);
    let expected = ProtocolError::from(PeerIncompatible::SocketType { ours, theirs });
    assert!(matches!(&reason, HandshakeFailure::Protocol(error) if *error == expected), "{reason}");
    assert_eq!(peer.closed().await, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x08\0\0");
}

#[tokio::test]
async fn zmtp_2_command_is_a_protocol_error() {
    let push = PushSocket::new();
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &old_opening(PULL)).await;
    introduced(&mut events).await;
    peer.write(b"\x04\x07\x04PING\0\0").await;
    let reason = event(&mut events, "the end of the connection", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, DisconnectReason::Protocol(_)), "{reason}");
    assert_eq!(peer.closed().await, b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x08\0\0");
}
