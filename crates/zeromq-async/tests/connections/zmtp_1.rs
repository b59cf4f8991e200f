//! Peers of ZMTP 1.0, as ZeroMQ 2: a routing id each way, and frames without commands.
//!
//! `zmtp-codec/tests/vectors/z22-*` has what libzmq 2.2 and 4.3.5 send to each other.

use std::time::Duration;

use support::hostile::{HostilePeer, handshake_failure};
use support::{ANY_PORT, event, listen, within};
use tokio::io::AsyncReadExt;
use tokio::time::sleep;
use zeromq_async::security::{Attempt, Decision};
use zeromq_async::{
    DealerSocket, DisconnectReason, Message, PairSocket, PeerInfo, PubSocket, PullSocket,
    PushSocket, RepSocket, ReqSocket, RouterSocket, SocketBuilder, SocketEvent, SocketKind,
    SubSocket, XPubSocket, XSubSocket,
};

const SIGNATURE: &[u8] = b"\xff\0\0\0\0\0\0\0\x01\x7f";

/// The routing id of a peer without one.
const NAMELESS: &[u8] = b"\x01\0";

fn old<P: SocketKind>(builder: SocketBuilder<P>) -> zeromq_async::Socket<P> {
    builder.allow_zmtp_1(true).build()
}

/// Reads exactly these bytes.
async fn expect(peer: &mut HostilePeer, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    within("bytes for the old peer", peer.stream.read_exact(&mut read)).await.expect("they come");
    assert!(read == bytes, "{:?}", read.escape_ascii().to_string());
}

async fn introduced(events: &mut zeromq_async::Events) -> PeerInfo {
    event(events, "the old peer", |event| match event {
        SocketEvent::HandshakeSucceeded { info, .. } => Some(info),
        _ => None,
    })
    .await
}

/// The frames of a message in ZMTP 1.0.
fn encoded(frames: &[&[u8]]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        match u8::try_from(frame.len() + 1) {
            Ok(length @ 0..=254) => wire.push(length),
            _ => {
                wire.push(0xff);
                wire.extend((frame.len() as u64 + 1).to_be_bytes());
            }
        }
        wire.push(u8::from(index + 1 < frames.len()));
        wire.extend_from_slice(frame);
    }
    wire
}

#[tokio::test]
async fn zmtp_1_dealer_is_served_by_a_router() {
    let mut router = old(RouterSocket::builder().routing_id("here").unwrap());
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, b"\x04\0old").await;
    expect(&mut peer, b"\xff\0\0\0\0\0\0\0\x05\x7fhere").await;
    let info = introduced(&mut events).await;
    assert_eq!((info.version(), info.routing_id().as_ref()), ((1, 0), &b"old"[..]));
    peer.write(b"\x01\x01\x09\0question").await;
    let asked = within("the question", router.recv()).await.unwrap();
    assert_eq!(asked, Message::multipart(["old", "", "question"]));
    router.send(Message::multipart(["old", "", "answer"])).await.unwrap();
    expect(&mut peer, b"\x01\x01\x07\0answer").await;
}

#[tokio::test]
async fn zmtp_1_rep_is_asked_and_reconnected() {
    let (listener, endpoint) = listen().await;
    let mut req = old(ReqSocket::builder());
    req.connect(endpoint).unwrap();
    for _ in 0..2 {
        let accepted = within("the socket to connect", listener.accept()).await.unwrap();
        let mut peer = HostilePeer { stream: accepted.0 };
        peer.write(NAMELESS).await;
        expect(&mut peer, SIGNATURE).await;
        let asking = async {
            req.send("question").await.unwrap();
            within("the answer", req.recv()).await.unwrap()
        };
        let answering = async {
            expect(&mut peer, b"\x01\x01\x09\0question").await;
            peer.write(b"\x01\x01\x07\0answer").await;
        };
        assert_eq!(tokio::join!(asking, answering).0, "answer");
    }
}

#[tokio::test]
async fn zmtp_1_req_is_answered() {
    let mut rep = old(RepSocket::builder());
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, b"\x01\0\x01\x01\x06\0hello").await;
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "hello");
    rep.send("hello").await.unwrap();
    expect(&mut peer, &[SIGNATURE, b"\x01\x01\x06\0hello"].concat()).await;
}

#[tokio::test]
async fn zmtp_1_subscriber_gets_everything() {
    let mut xpub = old(XPubSocket::builder());
    let endpoint = xpub.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    assert_eq!(within("its subscription", xpub.recv()).await.unwrap(), b"\x01");
    xpub.send(Message::multipart(["A1", "", "2"])).await.unwrap();
    expect(&mut peer, &[SIGNATURE, b"\x03\x01A1\x01\x01\x02\x002"].concat()).await;

    let mut publisher = old(PubSocket::builder());
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    within("a subscriber", publisher.wait_for_subscribers("any", 1)).await;
    publisher.send("any").await.unwrap();
    expect(&mut peer, &[SIGNATURE, b"\x04\0any"].concat()).await;
}

#[tokio::test]
async fn zmtp_1_publisher_gets_message_subscriptions() {
    let mut sub = old(SubSocket::builder().subscribe("a"));
    let endpoint = sub.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    expect(&mut peer, &[SIGNATURE, b"\x03\0\x01a"].concat()).await;
    sub.subscribe("b");
    sub.unsubscribe("a");
    expect(&mut peer, b"\x03\0\x01b\x03\0\0a").await;
    // An old PUB does not filter.
    peer.write(b"\x03\0ab\x03\0ba").await;
    assert_eq!(within("a message", sub.recv()).await.unwrap(), "ba");

    let mut xsub = old(XSubSocket::builder());
    let endpoint = xsub.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    within("the publisher", xsub.wait_for_peers(1)).await;
    xsub.send(b"\x01c").await.unwrap();
    expect(&mut peer, &[SIGNATURE, b"\x03\0\x01c"].concat()).await;
    peer.write(b"\x03\0cd").await;
    assert_eq!(within("a message", xsub.recv()).await.unwrap(), "cd");
}

#[tokio::test]
async fn zmtp_1_pipelines_carry_large_and_many_frames() {
    let large = vec![b'x'; 1 << 20];
    let many: Vec<&[u8]> = (0..1000).map(|n| &large[..n % 300]).collect();
    let mut pull = old(PullSocket::builder());
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    for frames in [&[&large[..]][..], &many] {
        let wire = encoded(frames);
        let writing = async { peer.write(&wire).await };
        let reading = async { within("a message", pull.recv()).await.unwrap() };
        let (_, message) = tokio::join!(writing, reading);
        assert!(message == Message::multipart(frames.to_vec()));
    }

    let (listener, endpoint) = listen().await;
    let mut push = old(PushSocket::builder());
    push.connect(endpoint).unwrap();
    let mut peer = HostilePeer { stream: within("it", listener.accept()).await.unwrap().0 };
    peer.write(NAMELESS).await;
    expect(&mut peer, SIGNATURE).await;
    for frames in [&[&large[..]][..], &many] {
        let sending = async { push.send(Message::multipart(frames.to_vec())).await.unwrap() };
        let wire = encoded(frames);
        let reading = async { expect(&mut peer, &wire).await };
        tokio::join!(sending, reading);
    }
    assert_eq!(push.stats().sent, 2);
}

#[tokio::test]
async fn zmtp_1_messages_keep_their_order() {
    let mut dealer = old(DealerSocket::builder());
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    expect(&mut peer, SIGNATURE).await;
    let numbers: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
    let wire: Vec<u8> = numbers.iter().flat_map(|n| encoded(&[n.as_bytes()])).collect();
    let sending = async {
        for number in &numbers {
            dealer.send(number.as_str()).await.unwrap();
            assert_eq!(within("the echo", dealer.recv()).await.unwrap(), number.as_str());
        }
    };
    let echoing = async {
        let mut left = wire.len();
        let mut buffer = [0; 4096];
        while left > 0 {
            let read = within("bytes", peer.stream.read(&mut buffer)).await.unwrap();
            peer.write(&buffer[..read]).await;
            left -= read;
        }
    };
    tokio::join!(sending, echoing);
}

#[tokio::test(start_paused = true)]
async fn zmtp_1_peer_gets_no_heartbeats() {
    let builder = PairSocket::builder().heartbeat_interval(Duration::from_secs(1));
    let mut pair = old(builder);
    let mut events = pair.events();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, NAMELESS).await;
    introduced(&mut events).await;
    sleep(Duration::from_secs(40)).await;
    within("the old peer to be there", pair.send("here")).await.unwrap();
    expect(&mut peer, &[SIGNATURE, b"\x05\0here"].concat()).await;
}

#[tokio::test]
async fn zmtp_1_peer_is_refused_by_default() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, b"\x01\0\x02\0a").await;
    let reason = handshake_failure(&mut events, &peer).await.to_string();
    assert!(reason.contains("`allow_zmtp_1`"), "{reason}");
    assert_eq!(peer.closed().await, b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    assert_eq!(pull.stats().received, 0);
}

#[tokio::test]
async fn zmtp_1_does_not_bypass_security() {
    async fn everybody(_: Attempt) -> Decision {
        Decision::allow()
    }
    let asks = PullSocket::builder().null_server(everybody);
    let plain = PullSocket::builder().plain_server(everybody);
    for pull in [asks, plain].map(old) {
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let peer = HostilePeer::connect(&endpoint, b"\x01\0\x02\0a").await;
        handshake_failure(&mut events, &peer).await;
        assert_eq!(pull.stats().received, 0);
    }
}

#[tokio::test]
async fn hostile_zmtp_1_bytes_end_one_connection() {
    let mut pull = old(PullSocket::builder().max_message_size(1000));
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut good = HostilePeer::connect(&endpoint, NAMELESS).await;
    introduced(&mut events).await;
    for hostile in [
        &b"\x01\0\0"[..],
        b"\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\0",
        b"\x01\0\xff\0\0\0\0\x7f\xff\xff\xff\0",
        b"\x01\0\xff\0\0\0\0\0\0\0\x01\x7f\x03",
        b"\x01\0\x02\x80a",
    ] {
        let mut peer = HostilePeer::connect(&endpoint, hostile).await;
        let reason = event(&mut events, "the end of the connection", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        });
        let reason = reason.await;
        assert!(matches!(reason, DisconnectReason::Protocol(_)), "{reason}");
        assert_eq!(peer.closed().await, SIGNATURE);
    }
    for hostile in [&b"\0"[..], b"\x01\x01", b"GET / HTTP/1.1\r\n", b"\xff\0\0\0\0\0\0\0\0\0"] {
        let mut peer = HostilePeer::connect(&endpoint, hostile).await;
        handshake_failure(&mut events, &peer).await;
        assert_eq!(peer.closed().await, SIGNATURE);
    }
    good.write(b"\x05\0good").await;
    assert_eq!(within("the other peer", pull.recv()).await.unwrap(), "good");
}

#[tokio::test]
async fn truncated_zmtp_1_message_is_not_received() {
    let mut pull = old(PullSocket::builder());
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, b"\x01\0\x02\0a\x02\x01b\x05\0hel").await;
    assert_eq!(within("the whole one", pull.recv()).await.unwrap(), "a");
    expect(&mut peer, SIGNATURE).await;
    drop(peer);
    support::disconnected(&mut events).await;
    assert_eq!(pull.stats().received, 1);
}

#[tokio::test]
async fn sockets_that_allow_zmtp_1_speak_zmtp_3() {
    for [here, there] in [[true, true], [true, false], [false, true]] {
        let mut pull = PullSocket::builder().allow_zmtp_1(here).build();
        let mut push = PushSocket::builder().allow_zmtp_1(there).build();
        let mut events = pull.events();
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        push.send("hello").await.unwrap();
        assert_eq!(within("a message", pull.recv()).await.unwrap(), "hello");
        assert_eq!(introduced(&mut events).await.version(), (3, 1));
    }
}
