//! `vsock://`, as far as one machine allows it.

#![cfg(all(feature = "vsock", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::io::Write;
use std::time::Duration;

use support::{event, within};
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, EndpointErrorKind, PeerAddress, PullSocket, PushSocket,
    SocketEvent,
};

/// Reports a skipped test, bypassing the capture of test output.
fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "test {name} ... SKIPPED: {why}");
}

/// The bound endpoint, or `None` if this system has no vsock.
async fn bound(pull: &PullSocket) -> Option<String> {
    match pull.bind("vsock://*:*").await {
        Ok(bound) => Some(bound.to_string()),
        Err(error) => {
            skipped(&error.to_string());
            None
        }
    }
}

#[tokio::test]
async fn bind_names_a_free_port() {
    let pull = PullSocket::new();
    let Some(bound) = bound(&pull).await else { return };
    let port = bound.strip_prefix("vsock://*:").expect("any context id");
    assert!(port.parse::<u32>().is_ok(), "{bound}");
    let error = PullSocket::new().bind(bound.as_str()).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error}");
    pull.unbind(bound.as_str()).await.unwrap();
    pull.bind(bound.as_str()).await.unwrap();
}

#[tokio::test]
async fn invalid_addresses_are_refused_at_once() {
    let pull = PullSocket::new();
    for text in ["vsock://3", "vsock://host:5", "vsock://3:port"] {
        let error = pull.bind(text).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_)), "{error}");
        let error = pull.connect(text).unwrap_err();
        assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    for text in ["vsock://*:5", "vsock://3:*", "vsock://3:-1"] {
        let error = pull.connect(text).unwrap_err();
        let wildcard = ConnectErrorKind::InvalidEndpoint(EndpointErrorKind::WildcardNotAllowed);
        assert_eq!(error.kind(), &wildcard);
    }
}

/// It runs where the module `vsock_loopback` is loaded.
#[tokio::test]
async fn messages_pass_over_loopback() {
    let mut pull = PullSocket::new();
    let Some(bound) = bound(&pull).await else { return };
    let mut push = PushSocket::builder().connect_timeout(Duration::from_secs(3)).build();
    let mut events = push.events();
    push.connect(bound.replace('*', "1").as_str()).unwrap();
    let failure = event(&mut events, "an outcome", |event| match event {
        SocketEvent::HandshakeSucceeded { .. } => Some(None),
        SocketEvent::ConnectFailed { error, .. } => Some(Some(error)),
        _ => None,
    });
    if let Some(error) = failure.await {
        return skipped(&format!("no vsock_loopback: {error}"));
    }
    for size in [0, 1, 255, 10_000, 1 << 20] {
        push.send(vec![7; size]).await.unwrap();
        let (message, peer) = within("a message", pull.recv_from()).await.unwrap();
        assert_eq!(message.size(), size);
        assert!(matches!(peer.address(), Some(PeerAddress::Vsock { context_id: 1, .. })));
    }
}
