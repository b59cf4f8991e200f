//! `wss://`: WebSocket inside TLS.

use support::authority::Authority;
use support::{disconnected, event, fast_reconnect, within};
use zeromq_async::tls::TlsFailure;
use zeromq_async::{HandshakeFailure, PullSocket, PushSocket, SocketEvent};

#[tokio::test]
async fn wss_carries_sockets() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let client = servers.client().certificate(clients.issue("browser.example").tls());
    let mut pull = PullSocket::builder().tls_server(server).build();
    let mut push = PushSocket::builder().tls_client(client).build();
    let bound = pull.bind("wss://127.0.0.1:*/feed").await.unwrap();
    assert!(bound.to_string().starts_with("wss://127.0.0.1:"), "{bound}");
    assert!(bound.to_string().ends_with("/feed"), "{bound}");
    push.connect(&bound).unwrap();
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        push.send(vec![7; size]).await.unwrap();
        let (message, peer) = within("a message", pull.recv_from()).await.unwrap();
        assert_eq!(message.size(), size);
        assert_eq!(peer.info().user_id(), Some("browser.example"));
    }
    let mut events = push.events();
    pull.unbind(&bound).await.unwrap();
    disconnected(&mut events).await;
    pull.bind(&bound).await.unwrap();
    push.send("again").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "again");
}

#[tokio::test]
async fn wss_verifies_the_server() {
    let pull = PullSocket::builder().tls_server(Authority::new().server()).build();
    let push = PushSocket::builder()
        .tls_client(Authority::new().client())
        .reconnect(fast_reconnect())
        .build();
    let mut events = push.events();
    push.connect(pull.bind("wss://127.0.0.1:*").await.unwrap()).unwrap();
    let reason = event(&mut events, "a refusal", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        SocketEvent::HandshakeSucceeded { .. } => panic!("a stranger was trusted"),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::Tls(TlsFailure::UnknownIssuer)), "{reason:?}");
}

#[test]
fn wss_has_port_443_by_default() {
    let endpoint: zeromq_async::Endpoint = "wss://example.org/feed".parse().unwrap();
    assert_eq!(endpoint.to_string(), "wss://example.org:443/feed");
    let plain: zeromq_async::Endpoint = "ws://example.org:443/feed".parse().unwrap();
    assert_ne!(endpoint, plain);
}
