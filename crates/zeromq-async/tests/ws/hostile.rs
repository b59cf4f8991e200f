//! Peers that break the rules of HTTP, WebSocket or 45/ZWS. Others are unharmed.

use std::time::Duration;

use support::{event, within};
use tokio::time::sleep;
use zeromq_async::transport::zws::UpgradeError;
use zeromq_async::{
    DisconnectReason, Endpoint, Events, HandshakeFailure, ProtocolError, PullSocket, PushSocket,
    SocketEvent,
};

use crate::WS;
use crate::raw::{RawClient, frame, message, request};

/// A PULL with a healthy peer.
struct Bound {
    pull: PullSocket,
    push: PushSocket,
    endpoint: Endpoint,
    events: Events,
}

impl Bound {
    async fn new(pull: PullSocket) -> Self {
        let endpoint = pull.bind(WS).await.unwrap();
        let push = PushSocket::new();
        push.connect(&endpoint).unwrap();
        let mut bound = Self { events: pull.events(), pull, push, endpoint };
        push_one(&mut bound).await;
        bound
    }

    async fn disconnected(&mut self) -> DisconnectReason {
        event(&mut self.events, "the peer to be disconnected", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    async fn refused(&mut self, peer: &RawClient) -> HandshakeFailure {
        let peer = peer.address();
        event(&mut self.events, "the handshake to fail", |event| match event {
            SocketEvent::HandshakeFailed { address, reason, .. } if address == peer => Some(reason),
            _ => None,
        })
        .await
    }
}

/// The healthy peer still sends.
async fn push_one(bound: &mut Bound) {
    within("a message", bound.push.send("healthy")).await.unwrap();
    while within("a message", bound.pull.recv()).await.unwrap() != "healthy" {}
}

fn close(code: u16) -> (u8, Vec<u8>) {
    (0x88, code.to_be_bytes().to_vec())
}

#[tokio::test]
async fn each_rule_ends_with_its_close_code() {
    let mut bound = Bound::new(PullSocket::new()).await;
    let table: [(&str, Vec<u8>, u16); 16] = [
        ("text", frame(0x81, b"hi"), 1003),
        ("first fragment", frame(0x02, b"\0a"), 1003),
        ("continuation", frame(0x80, b"\0a"), 1003),
        ("reserved bit 1", frame(0xc2, b"\0a"), 1002),
        ("reserved bit 2", frame(0xa2, b"\0a"), 1002),
        ("reserved bit 3", frame(0x92, b"\0a"), 1002),
        ("reserved opcode", frame(0x83, b"\0a"), 1002),
        ("reserved control opcode", frame(0x8b, b""), 1002),
        ("no mask", b"\x82\x02\0a".to_vec(), 1002),
        ("control in parts", frame(0x09, b""), 1002),
        ("long control", b"\x89\xfe\0\x7e\0\0\0\0".to_vec(), 1002),
        ("padded length", b"\x82\xfe\0\x02\0\0\0\0\0a".to_vec(), 1002),
        ("length above 2^63", b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1002),
        ("no flags", frame(0x82, b""), 1003),
        ("reserved flags", frame(0x82, b"\x04a"), 1002),
        ("invalid close", frame(0x88, b"\x03"), 1002),
    ];
    for (what, bytes, code) in table {
        let mut peer = RawClient::connect(&bound.endpoint).await;
        peer.write(&message(b"before")).await;
        peer.write(&bytes).await;
        assert_eq!(peer.try_frame().await, Some(close(code)), "{what}");
        assert_eq!(peer.try_frame().await, None, "{what}");
        drop(peer);
        let reason = bound.disconnected().await;
        assert!(matches!(reason, DisconnectReason::Protocol(_)), "{what}: {reason}");
        let before = within("the message before", bound.pull.recv()).await.unwrap();
        assert_eq!(before, "before", "{what}");
    }
    push_one(&mut bound).await;
}

#[tokio::test]
async fn large_message_is_refused_by_its_header() {
    let pull = PullSocket::builder().max_message_size(1000).build();
    let mut bound = Bound::new(pull).await;
    for announced in [1002_u64, 1 << 20, 1 << 40, u64::MAX >> 1] {
        let mut peer = RawClient::connect(&bound.endpoint).await;
        let mut header = vec![0x82, 0xff];
        match u16::try_from(announced) {
            Ok(short) => header = [&[0x82, 0xfe][..], &short.to_be_bytes()].concat(),
            Err(_) => header.extend_from_slice(&announced.to_be_bytes()),
        }
        header.extend_from_slice(&[0, 0, 0, 0, 0]);
        peer.write(&header).await;
        assert_eq!(peer.try_frame().await, Some(close(1009)), "{announced}");
        drop(peer);
        let reason = bound.disconnected().await;
        let is_limit =
            matches!(reason, DisconnectReason::Protocol(ProtocolError::LimitExceeded(_)));
        assert!(is_limit, "{reason}");
    }
    push_one(&mut bound).await;
}

#[tokio::test]
async fn refused_request_gets_its_http_status() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind("ws://127.0.0.1:*/feed").await.unwrap();
    let good = request("/feed", "ZWS2.0");
    let table = [
        (404, request("/", "ZWS2.0")),
        (404, request("/feed/", "ZWS2.0")),
        (405, good.replace("GET", "POST")),
        (426, good.replace("Upgrade: websocket", "Accept: text/html")),
        (426, good.replace("Version: 13", "Version: 8")),
        (400, request("/feed", "chat")),
        (400, request("/feed", "ZWS2.0/CURVE")),
        (400, good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")),
        (400, "\x16\x03\x01 a TLS hello".into()),
        (431, good.replace("localhost", &"x".repeat(20_000))),
    ];
    for (status, request) in table {
        let mut peer = RawClient::dial(&endpoint, request.as_bytes()).await;
        let head = peer.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let length = head.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap();
        assert_eq!(peer.closed().await.len().to_string(), length, "{head}");
        let address = peer.address();
        drop(peer);
        let reason = event(&mut events, "the refusal", |event| match event {
            SocketEvent::HandshakeFailed { address: of, reason, .. } if of == address => {
                Some(reason)
            }
            _ => None,
        });
        let HandshakeFailure::Protocol(ProtocolError::Upgrade(UpgradeError::Refused { refusal })) =
            reason.await
        else {
            panic!("{status}");
        };
        assert_eq!(refusal.status(), status);
    }
    let mut peer = RawClient::dial(&endpoint, good.as_bytes()).await;
    assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn slow_request_times_out() {
    let pull = PullSocket::builder().handshake_timeout(Duration::from_millis(300)).build();
    let mut bound = Bound::new(pull).await;
    let mut peer = RawClient::dial(&bound.endpoint, b"").await;
    let request = request("/", "ZWS2.0");
    let dripping = async {
        for byte in request.bytes().cycle() {
            peer.write(&[byte]).await;
            sleep(Duration::from_millis(20)).await;
        }
    };
    // The request would take 5 seconds.
    let address = peer_address(&bound).await;
    let failed = event(&mut bound.events, "the handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { address: of, reason, .. } if of == address => Some(reason),
        _ => None,
    });
    let reason = tokio::select! {
        reason = failed => reason,
        () = dripping => unreachable!("it has no end"),
    };
    assert!(matches!(reason, HandshakeFailure::TimedOut(_)), "{reason}");
    push_one(&mut bound).await;
}

/// The address of the peer that was accepted last.
async fn peer_address(bound: &Bound) -> zeromq_async::PeerAddress {
    let mut events = bound.pull.events();
    event(&mut events, "a peer", |event| match event {
        SocketEvent::Accepted { address, .. } => Some(address),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn silent_peers_displace_each_other() {
    let mut bound = Bound::new(PullSocket::builder().max_pending_handshakes(2).build()).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(RawClient::dial(&bound.endpoint, b"GET / HTTP/1.1\r\n").await);
    }
    let reason = bound.refused(&silent[0]).await;
    assert!(matches!(reason, HandshakeFailure::Displaced(_)), "{reason}");
    push_one(&mut bound).await;
}

#[tokio::test]
async fn flood_of_pings_harms_only_its_sender() {
    let mut bound = Bound::new(PullSocket::new()).await;
    let mut peer = RawClient::connect(&bound.endpoint).await;
    let pings = frame(0x89, &[7; 125]).repeat(500);
    for _ in 0..100 {
        let written = tokio::time::timeout(Duration::from_millis(50), peer.write(&pings)).await;
        if written.is_err() {
            break;
        }
    }
    push_one(&mut bound).await;
    assert_eq!(peer.frame().await, (0x8a, vec![7; 125]));
}

#[tokio::test]
async fn bytes_may_arrive_one_by_one() {
    let mut bound = Bound::new(PullSocket::new()).await;
    let mut peer = RawClient::dial(&bound.endpoint, b"").await;
    let wire = [request("/", "ZWS2.0").as_bytes(), &message(b""), &message(b"slow")].concat();
    for byte in wire {
        peer.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(within("the message", bound.pull.recv()).await.unwrap(), "slow");
}
