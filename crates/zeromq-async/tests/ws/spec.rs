//! 45/ZWS, clause by clause: the visible behaviour of sockets over WebSocket. Clauses are cited by
//! section and by their position in it. `wss://` (Security) is tested in `tests/tls`.

use support::within;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use zeromq_async::security::Decision;
use zeromq_async::{
    AnySocket, Endpoint, Message, PubSocket, PullSocket, PushSocket, RouterSocket, SubSocket,
    XPubSocket,
};

use crate::WS;
use crate::raw::{RawClient, frame, message, request};

/// The types of 45/ZWS, and the types that each accepts.
const COMPATIBLE: [(&str, &[&str]); 15] = [
    ("PAIR", &["PAIR"]),
    ("PUB", &["SUB"]),
    ("SUB", &["PUB"]),
    ("REQ", &["REP", "ROUTER"]),
    ("REP", &["REQ", "DEALER"]),
    ("DEALER", &["REP", "DEALER", "ROUTER"]),
    ("ROUTER", &["REQ", "DEALER", "ROUTER"]),
    ("PULL", &["PUSH"]),
    ("PUSH", &["PULL"]),
    ("SERVER", &["CLIENT"]),
    ("CLIENT", &["SERVER"]),
    ("RADIO", &["DISH"]),
    ("DISH", &["RADIO"]),
    ("SCATTER", &["GATHER"]),
    ("GATHER", &["SCATTER"]),
];

/// A command, as the payload of a WebSocket message.
fn command(name: &str, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    [&[2, length][..], name.as_bytes(), data].concat()
}

/// A READY command of a socket type.
fn ready(socket_type: &str) -> Vec<u8> {
    let length = u8::try_from(socket_type.len()).unwrap();
    let property = [b"\x0bSocket-Type\0\0\0", &[length][..], socket_type.as_bytes()].concat();
    command("READY", &property)
}

/// A client whose request has been accepted with the sub-protocol `chosen`.
async fn upgraded(endpoint: &Endpoint, offered: &str, chosen: &str) -> RawClient {
    let mut peer = RawClient::dial(endpoint, request("/", offered).as_bytes()).await;
    let head = peer.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(&format!("Sec-WebSocket-Protocol: {chosen}\r\n")), "{head}");
    peer
}

/// A client of `ZWS2.0/NULL` with a socket type, which has sent its READY.
async fn null_peer(endpoint: &Endpoint, socket_type: &str) -> RawClient {
    let mut peer = upgraded(endpoint, "ZWS2.0/NULL", "ZWS2.0/NULL").await;
    peer.write(&frame(0x82, &ready(socket_type))).await;
    peer
}

/// The request that a socket sends to an endpoint with this path.
async fn request_of(path: &str) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let push = PushSocket::new();
    push.connect(format!("ws://{host}{path}")).unwrap();
    let (mut stream, _) = within("the socket to connect", listener.accept()).await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        within("the request", stream.read_buf(&mut request)).await.unwrap();
    }
    (String::from_utf8(request).unwrap(), host)
}

/// 45/ZWS: implementation, 1.
#[tokio::test]
async fn implementation_1_messages_are_binary() {
    let mut push = PushSocket::new();
    let mut peer = RawClient::connect(&push.bind(WS).await.unwrap()).await;
    push.send("ours").await.unwrap();
    assert_eq!(peer.frame().await, (0x82, b"\0ours".to_vec()));
    peer.write(&frame(0x81, b"\0text")).await;
    assert_eq!(peer.frame().await, (0x88, vec![3, 235]), "1003, unsupported data");
    assert_eq!(peer.try_frame().await, None);
}

/// 45/ZWS: handshake, 1.
#[tokio::test]
async fn handshake_1_request_offers_protocols() {
    let (request, _) = request_of("/").await;
    assert!(request.contains("\r\nSec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n"), "{request}");
}

/// 45/ZWS: handshake, 2.
#[tokio::test]
async fn handshake_2_request_has_host_and_path() {
    for (path, line) in [("", "/"), ("/zeromq", "/zeromq"), ("/a/b?c=d", "/a/b?c=d")] {
        let (request, host) = request_of(path).await;
        assert!(request.starts_with(&format!("GET {line} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains(&format!("\r\nHost: {host}\r\n")), "{request}");
    }
}

/// 45/ZWS: handshake, 3.
#[tokio::test]
async fn handshake_3_server_chooses_from_the_offer() {
    let pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    for (offered, chosen) in [
        ("ZWS2.0", "ZWS2.0"),
        ("ZWS2.0/NULL", "ZWS2.0/NULL"),
        ("ZWS2.0,ZWS2.0/NULL", "ZWS2.0"),
        ("chat, ZWS2.0/PLAIN, ZWS2.0/NULL", "ZWS2.0/NULL"),
    ] {
        upgraded(&endpoint, offered, chosen).await;
    }
}

/// 45/ZWS: handshake, 4.
#[tokio::test]
async fn handshake_4_other_protocols_are_refused() {
    let pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    for offered in ["chat", "ZWS1.0", "ZWS2.0/PLAIN", "ZWS2.0/BEARER"] {
        let mut peer = RawClient::dial(&endpoint, request("/", offered).as_bytes()).await;
        let head = peer.head().await;
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{offered}: {head}");
        peer.closed().await;
    }
}

/// 45/ZWS: no mechanism, 1 and 2.
#[tokio::test]
async fn no_mechanism_1_and_2_begins_with_routing_ids() {
    let mut router = RouterSocket::builder().routing_id("srv").unwrap().build();
    let endpoint = router.bind(WS).await.unwrap();
    let mut peer = upgraded(&endpoint, "ZWS2.0", "ZWS2.0").await;
    assert_eq!(peer.frame().await, (0x82, b"\0srv".to_vec()));
    peer.write(&message(b"me")).await;
    peer.write(&message(b"hello")).await;
    let received = within("a message", router.recv()).await.unwrap();
    assert_eq!(received, Message::multipart(["me", "hello"]));
    router.send(received).await.unwrap();
    assert_eq!(peer.frame().await, (0x82, b"\0hello".to_vec()));
}

/// 45/ZWS: mechanisms, 1: NULL.
#[tokio::test]
async fn mechanisms_1_null_exchanges_ready_commands() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = null_peer(&endpoint, "PUSH").await;
    assert_eq!(peer.frame().await, (0x82, ready("PULL")));
    peer.write(&message(b"hello")).await;
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "hello");
}

/// 45/ZWS: mechanisms, 2: PLAIN.
#[tokio::test]
async fn mechanisms_2_plain_exchanges_its_commands() {
    let mut pull = PullSocket::builder().plain_server(async |_| Decision::allow()).build();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = upgraded(&endpoint, "ZWS2.0/PLAIN", "ZWS2.0/PLAIN").await;
    peer.write(&frame(0x82, &command("HELLO", b"\x05alice\x06secret"))).await;
    assert_eq!(peer.frame().await, (0x82, command("WELCOME", b"")));
    let initiate = command("INITIATE", &ready("PUSH")[7..]);
    peer.write(&frame(0x82, &initiate)).await;
    assert_eq!(peer.frame().await, (0x82, ready("PULL")));
    peer.write(&message(b"hello")).await;
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "hello");
}

/// 45/ZWS: mechanisms, grammar: traffic is commands and messages.
#[tokio::test]
async fn mechanisms_traffic_mixes_commands_and_messages() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = null_peer(&endpoint, "PUSH").await;
    peer.write(&message(b"one")).await;
    peer.write(&frame(0x82, &command("UNKNOWN", b"data"))).await;
    peer.write(&message(b"two")).await;
    for body in ["one", "two"] {
        assert_eq!(within("a message", pull.recv()).await.unwrap(), body);
    }
}

/// 45/ZWS: framing, 1 and 2.
#[tokio::test]
async fn framing_1_and_2_flags_begin_each_frame() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(WS).await.unwrap();
    let mut peer = null_peer(&endpoint, "DEALER").await;
    peer.frame().await;
    peer.write(&frame(0x82, b"\x01first")).await;
    peer.write(&frame(0x82, b"\x01")).await;
    peer.write(&frame(0x82, b"\0last")).await;
    let received = within("a message", router.recv()).await.unwrap();
    assert_eq!(received.frames()[1..], ["first", "", "last"]);
    router.send(received).await.unwrap();
    for payload in [&b"\x01first"[..], b"\x01", b"\0last"] {
        assert_eq!(peer.frame().await, (0x82, payload.to_vec()));
    }
}

/// 45/ZWS: socket compatibility, 2.
#[tokio::test]
async fn socket_compatibility_2_only_valid_types() {
    for (ours, accepted) in COMPATIBLE {
        let socket = AnySocket::new(ours.parse().unwrap()).unwrap();
        let endpoint = socket.bind(WS).await.unwrap();
        for (theirs, _) in COMPATIBLE {
            let mut peer = null_peer(&endpoint, theirs).await;
            peer.write(&frame(0x89, b"")).await;
            assert_eq!(
                is_accepted(&mut peer).await,
                accepted.contains(&theirs),
                "{ours}, {theirs}"
            );
        }
    }
}

/// Whether the socket answers a PING, and does not close the connection.
async fn is_accepted(peer: &mut RawClient) -> bool {
    while let Some((first, _)) = peer.try_frame().await {
        match first {
            0x8a => return true,
            0x88 => return false,
            _ => {}
        }
    }
    false
}

/// 45/ZWS: publish-subscribe, 1.
#[tokio::test]
async fn publish_subscribe_1_xpub_is_pub_on_the_wire() {
    let (publisher, xpub) = (PubSocket::new(), XPubSocket::new());
    let mut peers = Vec::new();
    for endpoint in [publisher.bind(WS).await.unwrap(), xpub.bind(WS).await.unwrap()] {
        for theirs in ["SUB", "XSUB"] {
            let mut peer = null_peer(&endpoint, theirs).await;
            peer.write(&message(b"\x01topic")).await;
            peers.push(peer);
        }
    }
    within("subscriptions", publisher.wait_for_subscribers("topic", 2)).await;
    within("subscriptions", xpub.wait_for_subscribers("topic", 2)).await;
}

/// 45/ZWS: publish-subscribe, 2.
#[tokio::test]
async fn publish_subscribe_2_subscriptions_are_messages() {
    let subscriber = SubSocket::builder().subscribe("first").build();
    let endpoint = subscriber.bind(WS).await.unwrap();
    let mut peer = null_peer(&endpoint, "PUB").await;
    assert_eq!(peer.frame().await, (0x82, ready("SUB")));
    assert_eq!(peer.frame().await, (0x82, b"\0\x01first".to_vec()));
    subscriber.subscribe("second");
    assert_eq!(peer.frame().await, (0x82, b"\0\x01second".to_vec()));
    subscriber.unsubscribe("first");
    assert_eq!(peer.frame().await, (0x82, b"\0\0first".to_vec()));
}
