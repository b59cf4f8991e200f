//! Peers that break the profile of QUIC.

use std::time::Duration;

use futures_util::FutureExt;
use support::authority::Authority;
use support::hostile::frame;
use support::{event, fast_reconnect, handshake_succeeded, within};
use tokio::net::UdpSocket;
use zeromq_async::tls::TlsFailure;
use zeromq_async::{
    DisconnectReason, Displaced, Endpoint, Events, HandshakeFailure, PullSocket, PushSocket,
    SocketEvent,
};

use crate::carrying::ANY_QUIC_PORT;
use crate::raw_quic::{ALPN, PREFACE, RawClient, address, connect, server_config};

const SETUP: u64 = 1;
const CONTROL: u64 = 2;

struct Bound {
    pull: PullSocket,
    events: Events,
    endpoint: Endpoint,
    authority: Authority,
}

async fn bound() -> Bound {
    let authority = Authority::new();
    let pull = PullSocket::builder().tls_server(authority.server()).build();
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
    Bound { events: pull.events(), pull, endpoint, authority }
}

async fn handshake_failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        SocketEvent::HandshakeSucceeded { .. } => panic!("it succeeded"),
        _ => None,
    })
    .await
}

async fn end(events: &mut Events) -> DisconnectReason {
    event(events, "the end", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

/// A new client still gets through.
async fn still_serves(bound: &mut Bound) {
    let client = bound.authority.client();
    let mut push = PushSocket::builder().tls_client(client).build();
    push.connect(&bound.endpoint).unwrap();
    push.send("from another peer").await.unwrap();
    assert_eq!(within("it", bound.pull.recv()).await.unwrap(), "from another peer");
}

#[tokio::test]
async fn wrong_protocol_is_refused_by_both() {
    let mut bound = bound().await;
    let error = connect(&bound.endpoint, &bound.authority, b"h3").await.unwrap_err();
    assert!(error.to_string().contains("120") || error.to_string().contains("protocol"), "{error}");
    let reason = handshake_failure(&mut bound.events).await;
    assert!(matches!(reason, HandshakeFailure::Tls(TlsFailure::Incompatible { .. })), "{reason:?}");
    still_serves(&mut bound).await;

    // A server of another protocol.
    let authority = Authority::new();
    let config = server_config(&authority.issue("127.0.0.1"), b"h3");
    let server = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
    let serving = server.clone();
    tokio::spawn(async move {
        while let Some(incoming) = serving.accept().await {
            let _ = incoming.await;
        }
    });
    let push = PushSocket::builder().tls_client(authority.client()).build();
    let mut events = push.events();
    push.connect(format!("quic://{}", server.local_addr().unwrap())).unwrap();
    let error = event(&mut events, "a refusal", |event| match event {
        SocketEvent::ConnectFailed { error, .. } => Some(error),
        _ => None,
    })
    .await;
    let advice = "it speaks another protocol inside TLS";
    assert!(error.to_string().contains(advice), "{error}");
}

#[tokio::test]
async fn junk_in_place_of_preface_fails_setup() {
    let mut bound = bound().await;
    let client = RawClient::open(&bound.endpoint, &bound.authority, b"OMQL\x02\0\0\0").await;
    assert_eq!(client.closed().await, SETUP);
    let reason = handshake_failure(&mut bound.events).await;
    assert!(reason.to_string().contains("begins with \"OMQL\\x02"), "{reason}");
    still_serves(&mut bound).await;
}

#[tokio::test]
async fn setup_without_streams_times_out() {
    const LIMIT: Duration = Duration::from_millis(300);
    let authority = Authority::new();
    let pull =
        PullSocket::builder().tls_server(authority.server()).handshake_timeout(LIMIT).build();
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let mut events = pull.events();
    let (_local, connection) = connect(&endpoint, &authority, ALPN).await.unwrap();
    let reason = handshake_failure(&mut events).await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(LIMIT)), "{reason:?}");
    within("the connection to end", connection.closed()).await;
}

#[tokio::test]
async fn pings_are_answered() {
    let mut bound = bound().await;
    let mut client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    for nonce in [0u64, 7, u64::MAX] {
        let ping = [&[1][..], &nonce.to_be_bytes()].concat();
        // In pieces.
        for piece in ping.chunks(4) {
            client.liveness.0.write_all(piece).await.unwrap();
        }
        let mut pong = [0; 9];
        within("a PONG", client.liveness.1.read_exact(&mut pong)).await.unwrap();
        assert_eq!(pong[..], [&[2][..], &nonce.to_be_bytes()].concat());
    }
    // A PONG without a PING means nothing.
    client.liveness.0.write_all(&[2; 9]).await.unwrap();
    client.data.0.write_all(&frame(0, b"data")).await.unwrap();
    assert_eq!(within("it", bound.pull.recv()).await.unwrap(), "data");
}

#[tokio::test]
async fn pings_are_answered_while_data_waits() {
    let authority = Authority::new();
    let mut pull =
        PullSocket::builder().tls_server(authority.server()).receive_high_water_mark(1).build();
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let mut client = RawClient::push(&endpoint, &authority).await;
    let (mut data, message) = (client.data.0, frame(0, &[7; 200]));
    let stuck = async {
        loop {
            data.write_all(&message).await.unwrap();
        }
    };
    // More than both sides hold. The writer waits for the reader.
    let mut stuck = Box::pin(tokio::time::timeout(Duration::from_secs(2), stuck));
    assert!((&mut stuck).await.is_err());
    client.liveness.0.write_all(&[1, 0, 0, 0, 0, 0, 0, 0, 9]).await.unwrap();
    let mut pong = [0; 9];
    within("a PONG", client.liveness.1.read_exact(&mut pong)).await.unwrap();
    assert_eq!(pong, [2, 0, 0, 0, 0, 0, 0, 0, 9]);
    assert_eq!(within("it", pull.recv()).await.unwrap(), vec![7; 200].as_slice());
}

#[tokio::test]
async fn flood_of_pings_holds_no_memory() {
    let mut bound = bound().await;
    let mut client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    // The answers are not read, so the socket soon reads no more PINGs.
    let flood = vec![1; 9 * 4096];
    let flooding = async {
        loop {
            client.liveness.0.write_all(&flood).await.unwrap();
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(2), flooding).await.is_err());
    client.data.0.write_all(&frame(0, b"data")).await.unwrap();
    assert_eq!(within("it", bound.pull.recv()).await.unwrap(), "data");
    still_serves(&mut bound).await;
}

#[tokio::test]
async fn malformed_liveness_ends_the_connection() {
    let mut bound = bound().await;
    for fault in ["a record", "the end", "a reset"] {
        let mut client = RawClient::push(&bound.endpoint, &bound.authority).await;
        handshake_succeeded(&mut bound.events).await;
        match fault {
            "a record" => client.liveness.0.write_all(&[3; 9]).await.unwrap(),
            "the end" => client.liveness.0.finish().unwrap(),
            _ => client.liveness.0.reset(0u32.into()).unwrap(),
        }
        assert_eq!(client.closed().await, CONTROL, "{fault}");
        let reason = end(&mut bound.events).await;
        assert!(matches!(reason, DisconnectReason::Io(_)), "{reason:?}");
        assert!(reason.to_string().contains("broke the QUIC profile"), "{reason}");
    }
    still_serves(&mut bound).await;
}

#[tokio::test]
async fn third_stream_is_not_granted() {
    let mut bound = bound().await;
    let mut client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    let (third, one_way) = (client.connection.open_bi(), client.connection.open_uni());
    let (mut third, mut one_way) = (Box::pin(third), Box::pin(one_way));
    client.data.0.write_all(&frame(0, b"data")).await.unwrap();
    assert_eq!(within("it", bound.pull.recv()).await.unwrap(), "data");
    assert!((&mut third).now_or_never().is_none());
    assert!((&mut one_way).now_or_never().is_none());
}

#[tokio::test]
async fn aborts_of_the_peer_are_named() {
    let mut bound = bound().await;
    let mut client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    client.data.0.reset(9u32.into()).unwrap();
    let reason = end(&mut bound.events).await;
    assert!(matches!(reason, DisconnectReason::Io(_)), "{reason:?}");

    let client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    client.connection.close(5u32.into(), b"");
    let reason = end(&mut bound.events).await;
    assert!(reason.to_string().contains("it was aborted"), "{reason}");

    let client = RawClient::push(&bound.endpoint, &bound.authority).await;
    handshake_succeeded(&mut bound.events).await;
    client.connection.close(0u32.into(), b"");
    let reason = end(&mut bound.events).await;
    assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason:?}");
    still_serves(&mut bound).await;
}

#[tokio::test]
async fn quic_handshakes_count_as_pending() {
    let authority = Authority::new();
    let pull =
        PullSocket::builder().tls_server(authority.server()).max_pending_handshakes(1).build();
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let mut events = pull.events();
    let (_local, first) = connect(&endpoint, &authority, ALPN).await.unwrap();
    let second = RawClient::open(&endpoint, &authority, PREFACE).await;
    let reason = handshake_failure(&mut events).await;
    let displaced = Displaced::Listener { limit: 1 };
    assert!(matches!(reason, HandshakeFailure::Displaced(why) if why == displaced), "{reason:?}");
    within("the connection to end", first.closed()).await;
    drop(second);
}

#[tokio::test]
async fn garbage_datagrams_change_nothing() {
    let mut bound = bound().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for size in [0, 1, 20, 1200, 9000] {
        for first in [0, 0x40, 0xc0, 0xff] {
            let garbage = vec![first; size];
            let _ = socket.send_to(&garbage, address(&bound.endpoint)).await;
        }
    }
    still_serves(&mut bound).await;
}

#[tokio::test]
async fn server_with_wrong_preface_is_named() {
    let authority = Authority::new();
    let config = server_config(&authority.issue("127.0.0.1"), ALPN);
    let server = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
    let endpoint = format!("quic://{}", server.local_addr().unwrap());
    tokio::spawn(async move {
        let connection = server.accept().await.unwrap().await.unwrap();
        let _data = connection.accept_bi().await.unwrap();
        let mut liveness = connection.accept_bi().await.unwrap();
        liveness.0.write_all(b"HTTP/1.1").await.unwrap();
        connection.closed().await;
    });
    let push =
        PushSocket::builder().tls_client(authority.client()).reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(endpoint.as_str()).unwrap();
    let reason = handshake_failure(&mut events).await;
    assert!(reason.to_string().contains("begins with \"HTTP/1.1\""), "{reason}");
}
