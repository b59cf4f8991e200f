//! Endpoints of `quic://`.

use std::io;
use std::time::Duration;

use support::authority::{Authority, HOST};
use support::{event, within};
use zeromq_async::tls::TlsServer;
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Endpoint, PullSocket, PushSocket, SocketEvent, SocksProxy,
};

use crate::carrying::ANY_QUIC_PORT;

fn server(authority: &Authority) -> PullSocket {
    PullSocket::builder().tls_server(authority.server()).build()
}

fn port(endpoint: &Endpoint) -> String {
    endpoint.to_string().rsplit_once(':').unwrap().1.to_owned()
}

/// Binds with a certificate for `name`, connects, and passes a message.
async fn passes(bind: &str, name: &str, connect: impl Fn(&Endpoint) -> String) {
    let authority = Authority::new();
    let tls = TlsServer::new(authority.issue(name).tls());
    let mut pull = PullSocket::builder().tls_server(tls).build();
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    let bound = pull.bind(bind).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!bound.is_wildcard(), "{bound}");
    push.connect(connect(&bound)).unwrap_or_else(|error| panic!("{error}"));
    push.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
}

#[tokio::test]
async fn names_and_both_families_connect() {
    passes("quic://*:*", "localhost", |bound| format!("quic://localhost:{}", port(bound))).await;
    passes("quic://[::1]:*", "::1", ToString::to_string).await;
    let source = |bound: &Endpoint| format!("quic://127.0.0.1:0;{HOST}:{}", port(bound));
    passes(ANY_QUIC_PORT, HOST, source).await;
}

#[tokio::test]
async fn invalid_addresses_are_refused_at_once() {
    let authority = Authority::new();
    let pull = server(&authority);
    for text in ["quic://127.0.0.1", "quic://127.0.0.1:x", "quic://:5"] {
        let error = pull.bind(text).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = pull.connect("quic://*:5555").unwrap_err();
    assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)), "{error}");
    let error = PullSocket::new().bind(ANY_QUIC_PORT).await.unwrap_err();
    assert!(error.to_string().contains("build it with tls_server"), "{error}");
    let proxy: SocksProxy = "127.0.0.1:1080".parse().unwrap();
    let push = PushSocket::builder().socks_proxy(proxy).build();
    let error = push.connect("quic://127.0.0.1:5555").unwrap_err();
    assert!(error.to_string().contains("socks_proxy is for tcp"), "{error}");
}

#[tokio::test]
async fn bound_port_is_in_use_until_unbound() {
    let authority = Authority::new();
    let pull = server(&authority);
    let bound = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let other = server(&authority);
    let error = other.bind(&bound).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error}");
    pull.unbind(&bound).await.unwrap();
    other.bind(&bound).await.unwrap();
    other.unbind(&bound).await.unwrap();
    pull.bind(&bound).await.unwrap();
}

#[tokio::test]
async fn unbind_keeps_or_ends_connections() {
    let authority = Authority::new();
    let mut pull = server(&authority);
    let bound = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    push.connect(&bound).unwrap();
    push.send("first").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "first");
    let mut events = push.events();
    pull.unbind(&bound).await.unwrap();
    event(&mut events, "the end", |event| {
        matches!(event, SocketEvent::Disconnected { .. }).then_some(())
    })
    .await;
    // The same address again, once the last packets are sent.
    pull.bind(&bound).await.unwrap();
    push.send("second").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "second");
}

#[tokio::test]
async fn silent_address_times_out_and_is_named() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let push = PushSocket::builder()
        .tls_client(Authority::new().client())
        .connect_timeout(Duration::from_millis(100))
        .build();
    let mut events = push.events();
    let endpoint = format!("quic://{}", silent.local_addr().unwrap());
    push.connect(endpoint.as_str()).unwrap();
    let error = event(&mut events, "a failed attempt", |event| match event {
        SocketEvent::ConnectFailed { error, .. } => Some(error),
        _ => None,
    })
    .await;
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains(&endpoint), "{error}");
}
