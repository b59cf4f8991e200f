//! TLS inside QUIC that fails: what each side is told.

use std::io;
use std::sync::Arc;

use rcgen::date_time_ymd;
use support::authority::{Authority, HOST};
use support::event;
use zeromq_async::tls::{TlsClient, TlsFailure, TlsServer};
use zeromq_async::{Events, HandshakeFailure, PullSocket, PushSocket, SocketEvent};

use crate::carrying::ANY_QUIC_PORT;

async fn connect_failure(events: &mut Events) -> Arc<io::Error> {
    event(events, "a failed attempt", |event| match event {
        SocketEvent::ConnectFailed { error, .. } => Some(error),
        SocketEvent::HandshakeSucceeded { .. } => panic!("it succeeded"),
        _ => None,
    })
    .await
}

/// The text of why a client does not accept a server, and why the server says that it failed.
async fn rejection(server: TlsServer, client: TlsClient) -> (String, HandshakeFailure) {
    let pull = PullSocket::builder().tls_server(server).build();
    let push = PushSocket::builder().tls_client(client).build();
    let (mut near, mut far) = (pull.events(), push.events());
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    let error = connect_failure(&mut far).await;
    let reason = event(&mut near, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    });
    (error.to_string(), reason.await)
}

#[tokio::test]
async fn unknown_issuer_is_told_to_both() {
    let (text, reason) = rejection(Authority::new().server(), Authority::new().client()).await;
    assert!(text.starts_with("cannot connect to quic://127.0.0.1:"), "{text}");
    assert!(text.contains("no authority that this side trusts"), "{text}");
    let HandshakeFailure::Tls(TlsFailure::Refused { alert }) = &reason else {
        panic!("{reason:?}")
    };
    assert_eq!(alert, "UnknownCA");
}

#[tokio::test]
async fn expired_and_wrongly_named_servers_are_told() {
    let authority = Authority::new();
    let expired = authority.issue_with(HOST, |parameters| {
        parameters.not_before = date_time_ymd(2001, 1, 1);
        parameters.not_after = date_time_ymd(2002, 1, 1);
    });
    let (text, _) = rejection(TlsServer::new(expired.tls()), authority.client()).await;
    assert!(text.contains("the peer's certificate expired"), "{text}");
    let other = authority.issue("db.example");
    let (text, _) = rejection(TlsServer::new(other.tls()), authority.client()).await;
    assert!(text.contains("127.0.0.1") && text.contains("db.example"), "{text}");
}

#[tokio::test]
async fn missing_client_certificate_is_told_to_both() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let pull = PullSocket::builder().tls_server(server).build();
    let push = PushSocket::builder().tls_client(servers.client()).build();
    let mut events = [pull.events(), push.events()];
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    let mut reasons = Vec::new();
    for events in &mut events {
        let reason = event(events, "a failed handshake", |event| match event {
            SocketEvent::HandshakeFailed { reason, .. } => Some(reason.to_string()),
            // The refusal may come with the end of the handshake.
            SocketEvent::ConnectFailed { error, .. } => Some(error.to_string()),
            SocketEvent::HandshakeSucceeded { .. } => panic!("it was let in"),
            _ => None,
        });
        reasons.push(reason.await);
    }
    assert!(reasons[0].contains("the client shows no certificate"), "{reasons:?}");
    assert!(reasons[1].contains("set TlsClient::certificate"), "{reasons:?}");
}
