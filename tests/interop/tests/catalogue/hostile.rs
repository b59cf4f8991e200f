//! Rows about hostile peers and forged identities.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use interop::peer::{Ours, Peer, PeerEvent, Sent, Settings};
use interop::{Mechanism, Secured, TCP, handshake_failure, within};
use libzmq_peer::SocketKind::{Pull, Push};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus, generate_curve_keys};
use zeromq_async::{
    Context, DishSocket, Group, HandshakeFailure, ProtocolError, PullSocket, PushSocket,
    RadioSocket, SendErrorKind,
};
use zeromq_auth::{Zap, ZapError};
use zeromq_test::Way;

use crate::support::{DEADLINE, SHORT, next, relay_to, single};

side_by_side! {
    /// Malformed handshakes of many kinds: each connection is closed, none is accepted, and the
    /// next valid peer is served. libzmq accepts properties without a name, and keeps some
    /// connections waiting.
    row_20_malformed_handshakes: malformed,
    ours: Malformed { closed: 192, let_in: 0 },
    libzmq: Malformed { closed: 183, let_in: 3 },
}

#[derive(Debug, PartialEq)]
struct Malformed {
    closed: usize,
    let_in: usize,
}

async fn malformed<P: Peer>() -> Malformed {
    let mut outcome = Malformed { closed: 0, let_in: 0 };
    for mechanism in [None, Some(Mechanism::Plain), Some(Mechanism::Curve)] {
        let settings = |kind, is_server| {
            let mut settings = Settings::new(kind);
            settings.secured = mechanism.map(|mechanism| Secured { mechanism, is_server });
            settings
        };
        let mut pull = P::start(&settings(Pull, true)).await;
        let to = pull.bind(TCP).await;
        for case in cases(mechanism).chunks(8) {
            let closed = join_all(case.iter().map(|bytes| is_closed(&to, bytes))).await;
            for is_closed in closed {
                outcome.closed += usize::from(is_closed);
                let is_in = !is_closed && pull.observes(PeerEvent::Ready, SHORT).await;
                outcome.let_in += usize::from(is_in);
            }
            let mut good = P::start(&settings(Push, false)).await;
            good.connect(&to).await;
            assert_eq!(good.send(single("good"), DEADLINE).await, Sent::Taken);
            assert_eq!(next(&mut pull, "the good peer's message").await, single("good"));
            assert!(pull.observes(PeerEvent::Ready, DEADLINE).await);
        }
        assert!(!pull.observes(PeerEvent::Ready, SHORT).await, "one more was let in");
    }
    outcome
}

/// A greeting with this mechanism, followed by a frame with each name, body and header.
fn cases(mechanism: Option<Mechanism>) -> Vec<Vec<u8>> {
    let name: &[u8] = match mechanism {
        None => b"NULL",
        Some(Mechanism::Plain) => b"PLAIN",
        Some(_) => b"CURVE",
    };
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9..12].copy_from_slice(&[0x7f, 3, 1]);
    greeting[12..12 + name.len()].copy_from_slice(name);
    let names: [&[u8]; 8] = [
        b"\x05HELLO",
        b"\x07WELCOME",
        b"\x08INITIATE",
        b"\x05READY",
        b"\x05ERROR",
        b"\x07MESSAGE",
        b"\xffREADY",
        b"",
    ];
    let bodies: [&[u8]; 8] = [
        // A property without a value, with too long a value, without a name, and with a name only.
        b"\x0bSocket-Type",
        b"\x0bSocket-Type\xff\xff\xff\xffPUSH",
        b"\0\0\0\0\x04PUSH",
        b"\xffSocket-Type\0\0\0\x04PUSH",
        // An unknown type, a signed length, one byte, and many bytes.
        b"\x0bSocket-Type\0\0\0\x04HUSH",
        b"\x0bSocket-Type\x80\0\0\0PUSH",
        b"\xff",
        &[0; 200],
    ];
    let mut cases = Vec::new();
    for name in names {
        for (number, body) in bodies.iter().enumerate() {
            let content = [name, body].concat();
            let size = u8::try_from(content.len()).expect("short");
            let header = match number % 4 {
                0 | 1 => vec![4, size],
                // No command, and an incomplete message.
                2 => vec![0, size],
                _ => vec![5, size],
            };
            cases.push([&greeting[..], &header, &content].concat());
        }
    }
    cases
}

/// Writes the bytes. Returns whether the other side closes the connection.
async fn is_closed(to: &str, bytes: &[u8]) -> bool {
    let address = to.strip_prefix("tcp://").expect("a TCP endpoint");
    let mut stream = TcpStream::connect(address).await.expect("a listener");
    // The other side may close the connection in between.
    let _ = stream.write_all(bytes).await;
    let closed = async { while let Ok(1..) = stream.read(&mut [0; 512]).await {} };
    timeout(3 * SHORT, closed).await.is_ok()
}

/// A panic in application code ends the connection it was called for and affects nothing else.
#[tokio::test]
async fn row_21_authenticator_panic() {
    async fn decide(attempt: Attempt) -> Decision {
        match &attempt.request.credentials {
            Credentials::Password { username, .. } if username == "good" => Decision::allow(),
            _ => panic!("as this test means it"),
        }
    }
    let push = |name| PushSocket::builder().plain_client(name, "").unwrap().build();
    let mut pull = PullSocket::builder().plain_server(decide).build();
    let mut events = pull.events();
    let to = pull.bind(TCP).await.unwrap();
    let mut before = push("good");
    before.connect(&to).unwrap();
    pull.wait_for_peers(1).await;
    let bad = push("bad");
    bad.connect(&to).unwrap();
    let failure = handshake_failure(&mut events).await;
    assert!(failure.to_string().ends_with("the authenticator panicked"), "{failure}");
    let mut after = push("good");
    after.connect(&to).unwrap();
    for (good, name) in [(&mut before, "before"), (&mut after, "after")] {
        interop::send(good, name).await;
        assert_eq!(interop::recv(&mut pull, name).await, name);
    }
}

/// The side that finds a wrong key reports it at once with a clear text.
#[tokio::test]
async fn row_27_wrong_curve_key() {
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let anybody = |_: Attempt| async { Decision::allow() };
    // Longer than the test may take, so that nothing ends because of it.
    let hour = Duration::from_secs(3600);
    let pull = PullSocket::builder().curve_server(server, anybody).handshake_timeout(hour).build();
    let mut events = pull.events();
    let to = pull.bind(TCP).await.unwrap();
    let another = *generate_curve_keys().public_key();
    let push = PushSocket::builder().curve_client(client, another).handshake_timeout(hour).build();
    let mut at_client = push.events();
    push.connect(&to).unwrap();
    let failure = handshake_failure(&mut events).await;
    assert!(
        matches!(failure, HandshakeFailure::Protocol(ProtocolError::Untrusted(_))),
        "{failure:?}"
    );
    handshake_failure(&mut at_client).await;
}

/// A socket with a ZAP endpoint but no handler rejects every peer and reports that.
#[tokio::test]
async fn row_28_no_zap_handler() {
    let context = Context::new();
    let zap = Zap::in_context(&context, "domain").unwrap();
    let pull = PullSocket::builder().plain_server(zap).build();
    let mut events = pull.events();
    let to = pull.bind(TCP).await.unwrap();
    let push = PushSocket::builder().plain_client("any user", "any password").unwrap().build();
    push.connect(&to).unwrap();
    let failure = handshake_failure(&mut events).await;
    let HandshakeFailure::Denied { status, reason: Some(reason) } = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(status, DenyStatus::TemporaryError);
    assert!(reason.downcast_ref::<ZapError>().is_some(), "{reason}");
    assert_eq!(pull.stats().peers.len(), 0);
}

/// One changed byte per run, with CURVE and with NOISE: the connection ends, and only sent messages
/// arrive.
#[tokio::test]
async fn row_30_changed_bytes() {
    for mechanism in [Mechanism::Curve, Mechanism::Noise] {
        for way in Way::BOTH {
            for offset in (0..700).step_by(23) {
                change(mechanism, way, offset).await;
            }
        }
    }
}

async fn change(mechanism: Mechanism, way: Way, offset: usize) {
    let settings = |kind, is_server| {
        Settings::new(kind).reconnect(1).handshake(200).secured(Secured { mechanism, is_server })
    };
    let mut pull = Ours::start(&settings(Pull, true)).await;
    let relay = relay_to(&pull.bind(TCP).await).await;
    let changed = Arc::new(AtomicBool::new(false));
    relay.alter(move |this| flip_once((this == way).then_some(offset), changed.clone()));
    let mut push = Ours::start(&settings(Push, false)).await;
    push.connect(&relay.endpoint().to_string()).await;
    let sent = single([b'x'; 100]);
    let what = format!("{mechanism:?}, byte {offset} {way:?}");
    // Messages in flight at the end of the connection are lost, so each is sent until it arrives.
    for _ in 0..5 {
        assert_eq!(push.send(sent.clone(), DEADLINE).await, Sent::Taken, "{what}");
    }
    assert_eq!(within(&what, arrives(&mut push, &mut pull, &sent)).await, sent, "{what}");
}

async fn arrives(push: &mut Ours, pull: &mut Ours, sent: &interop::Frames) -> interop::Frames {
    loop {
        push.send(sent.clone(), DEADLINE).await;
        if let Some(received) = pull.recv(Duration::from_millis(20)).await {
            return received;
        }
    }
}

/// Changes the byte at this offset of the first connection that is long enough.
fn flip_once(
    offset: Option<usize>,
    done: Arc<AtomicBool>,
) -> impl FnMut(&[u8]) -> Vec<u8> + Send + 'static {
    let mut passed = 0;
    move |bytes| {
        let mut bytes = bytes.to_vec();
        let at = offset.and_then(|offset| offset.checked_sub(passed));
        passed += bytes.len();
        if let Some(byte) = at.and_then(|at| bytes.get_mut(at))
            && !done.swap(true, Ordering::Relaxed)
        {
            *byte ^= 0x10;
        }
        bytes
    }
}

/// A message that fits no datagram is refused where it is sent, and a longer datagram of another program
/// is counted. Shorter ones pass before and after.
#[tokio::test]
async fn row_29_oversized_datagrams() {
    let (radio, dish) = (RadioSocket::new(), DishSocket::new());
    dish.join("a").unwrap();
    let endpoint = dish.bind("udp://127.0.0.1:*").await.unwrap();
    radio.connect(&endpoint).unwrap();
    let group = Group::new("a").unwrap();
    let error = radio.send_to(&group, vec![0; 8191]).await.unwrap_err();
    let refused = SendErrorKind::DatagramTooLong { size: 8193, limit: 8192 };
    assert_eq!(error.kind(), &refused);

    let other = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = endpoint.to_string();
    let long = [&b"\x01a"[..], &[0; 8191]].concat();
    other.send_to(&long, to.trim_start_matches("udp://")).await.unwrap();
    radio.send_to(&group, vec![0; 8190]).await.unwrap();
    let (_, frame) = within("the message that fits", dish.recv()).await.unwrap();
    assert_eq!((frame.len(), dish.stats().discarded.malformed), (8190, 1));
}
