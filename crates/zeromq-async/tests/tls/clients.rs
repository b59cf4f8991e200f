//! Client certificates, and the user ids that they give.

use std::sync::{Arc, Mutex};

use support::authority::{ANY_TLS_PORT, Authority};
use support::{event, within};
use zeromq_async::security::{Attempt, Decision, DenyStatus};
use zeromq_async::tls::{TlsClient, TlsFailure, TlsServer};
use zeromq_async::{
    HandshakeFailure, Peer, PullSocket, PushSocket, ReconnectStop, SocketEvent, TransportUser,
};

/// Sends a message to a server, and returns its sender.
async fn sender(server: TlsServer, client: TlsClient) -> Peer {
    let mut pull = PullSocket::builder().tls_server(server).build();
    sender_to(&mut pull, client).await
}

async fn sender_to(pull: &mut PullSocket, client: TlsClient) -> Peer {
    let mut push = PushSocket::builder().tls_client(client).build();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    push.send("hello").await.unwrap();
    within("the message", pull.recv_from()).await.unwrap().1
}

/// Why each side failed: the server, then the client.
async fn refusals(server: TlsServer, client: TlsClient) -> [HandshakeFailure; 2] {
    let pull = PullSocket::builder().tls_server(server).build();
    let push = PushSocket::builder()
        .tls_client(client)
        .reconnect_stop(ReconnectStop::never().when_handshake_fails())
        .build();
    let mut events = [pull.events(), push.events()];
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let mut reasons = Vec::new();
    for events in &mut events {
        reasons.push(
            event(events, "a failed handshake", |event| match event {
                SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
                SocketEvent::HandshakeSucceeded { .. } => panic!("it was let in"),
                _ => None,
            })
            .await,
        );
    }
    reasons.try_into().expect("two")
}

fn refused_with(reason: &HandshakeFailure) -> &str {
    match reason {
        HandshakeFailure::Tls(TlsFailure::Refused { alert }) => alert,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn required_certificate_names_the_user() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let client = servers.client().certificate(clients.issue("robot-7.example").tls());
    let peer = sender(server, client).await;
    assert_eq!(peer.info().user_id(), Some("robot-7.example"));
    let metadata = peer.info().user_metadata();
    assert!(metadata.get("Certificate-Name").unwrap().starts_with(b"robot-7.example"));
    assert!(metadata.get("certificate").unwrap().len() > 100);
}

#[tokio::test]
async fn optional_certificate_may_be_absent() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().request_client_certificates(clients.roots());
    let known = servers.client().certificate(clients.issue("known.example").tls());
    assert_eq!(sender(server.clone(), known).await.info().user_id(), Some("known.example"));
    assert_eq!(sender(server, servers.client()).await.info().user_id(), None);
}

#[tokio::test]
async fn optional_certificate_must_be_valid() {
    let (servers, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let server = servers.server().request_client_certificates(clients.roots());
    let forged = servers.client().certificate(others.issue("known.example").tls());
    let [at_server, at_client] = refusals(server, forged).await;
    assert!(matches!(at_server, HandshakeFailure::Tls(TlsFailure::UnknownIssuer)), "{at_server}");
    assert_eq!(refused_with(&at_client), "UnknownCA");
}

#[tokio::test]
async fn client_without_required_certificate_fails() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let [at_server, at_client] = refusals(server, servers.client()).await;
    assert!(matches!(at_server, HandshakeFailure::Tls(TlsFailure::NoCertificate)), "{at_server}");
    assert_eq!(refused_with(&at_client), "CertificateRequired");
    assert!(at_client.to_string().contains("set TlsClient::certificate"), "{at_client}");
}

#[tokio::test]
async fn server_sees_why_client_refused_it() {
    let (servers, others) = (Authority::new(), Authority::new());
    let [at_server, at_client] = refusals(servers.server(), others.client()).await;
    assert_eq!(refused_with(&at_server), "UnknownCA");
    assert!(at_server.to_string().contains("add that authority there"), "{at_server}");
    assert!(matches!(at_client, HandshakeFailure::Tls(TlsFailure::UnknownIssuer)), "{at_client}");
}

#[tokio::test]
async fn authenticator_gets_certificate_and_decides() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let only_admins = move |attempt: Attempt| {
        let id = attempt.user.as_ref().map(TransportUser::id).unwrap_or_default().to_owned();
        log.lock().unwrap().push(id.clone());
        async move {
            match id.strip_suffix(".admins.example") {
                Some("anna") => Decision::allow_as("Anna"),
                Some(_) => Decision::allow(),
                None => attempt.deny(DenyStatus::AuthenticationFailure, "no admin"),
            }
        }
    };
    let mut pull = PullSocket::builder().tls_server(server).null_server(only_admins).build();
    let as_user = |name: &str| servers.client().certificate(clients.issue(name).tls());
    let anna = sender_to(&mut pull, as_user("anna.admins.example")).await;
    assert_eq!(anna.info().user_id(), Some("Anna"), "the decision comes first");
    let bert = sender_to(&mut pull, as_user("bert.admins.example")).await;
    assert_eq!(bert.info().user_id(), Some("bert.admins.example"), "the decision names nobody");

    let push = PushSocket::builder().tls_client(as_user("carl.example")).build();
    let mut events = pull.events();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let reason = event(&mut events, "a refusal", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(reason.to_string().ends_with("no admin"), "{reason}");
    let seen = seen.lock().unwrap();
    assert_eq!(seen[..3], ["anna.admins.example", "bert.admins.example", "carl.example"]);
}
