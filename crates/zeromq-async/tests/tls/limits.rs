//! Slow and many handshakes.

use std::time::Duration;

use support::authority::{ANY_TLS_PORT, Authority};
use support::hostile::{HostilePeer, handshake_failure};
use support::{event, within};
use zeromq_async::{
    Displaced, HandshakeFailure, PullSocket, PushSocket, SocketBuilder, SocketEvent,
};

fn server(authority: &Authority) -> SocketBuilder<zeromq_async::Pull> {
    PullSocket::builder().tls_server(authority.server())
}

#[tokio::test]
async fn handshake_timeout_covers_tls() {
    const LIMIT: Duration = Duration::from_millis(200);
    let pull = server(&Authority::new()).handshake_timeout(LIMIT).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap().with_scheme("tcp").unwrap();
    // The beginning of a ClientHello.
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut peer = HostilePeer::connect(&endpoint, bytes).await;
        let reason = handshake_failure(&mut events, &peer).await;
        assert!(matches!(reason, HandshakeFailure::TimedOut(LIMIT)), "{reason:?}");
        peer.closed().await;
    }
}

#[tokio::test]
async fn client_gives_up_silent_server() {
    const LIMIT: Duration = Duration::from_millis(200);
    let (listener, endpoint) = support::listen().await;
    let push = PushSocket::builder()
        .tls_client(Authority::new().client())
        .handshake_timeout(LIMIT)
        .build();
    let mut events = push.events();
    push.connect(endpoint.with_scheme("tls").unwrap()).unwrap();
    let reason = event(&mut events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(LIMIT)), "{reason:?}");
    drop(listener);
}

#[tokio::test]
async fn silent_connections_delay_no_one() {
    let authority = Authority::new();
    let mut pull = server(&authority).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    let plain = endpoint.with_scheme("tcp").unwrap();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(HostilePeer::connect(&plain, b"\x16\x03\x01").await);
    }
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    push.connect(&endpoint).unwrap();
    push.send("past them").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "past them");
}

#[tokio::test]
async fn tls_handshakes_count_as_pending() {
    let authority = Authority::new();
    let mut pull = server(&authority).max_pending_handshakes(1).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    let plain = endpoint.with_scheme("tcp").unwrap();
    let mut first = HostilePeer::connect(&plain, b"\x16\x03\x01").await;
    let accepted = |event| matches!(event, SocketEvent::Accepted { .. }).then_some(());
    event(&mut events, "the first", accepted).await;
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    push.connect(&endpoint).unwrap();
    let reason = handshake_failure(&mut events, &first).await;
    let displaced = Displaced::Listener { limit: 1 };
    assert!(matches!(reason, HandshakeFailure::Displaced(why) if why == displaced), "{reason:?}");
    first.closed().await;
    push.send("in its place").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "in its place");
}
