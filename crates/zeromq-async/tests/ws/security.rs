//! PLAIN, CURVE and authentication over WebSocket.

use support::{event, within};
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
use zeromq_async::{
    Events, HandshakeFailure, PairSocket, PeerIncompatible, ProtocolError, PullSocket, PushSocket,
    SocketEvent,
};

use crate::WS;
use crate::raw::{RawClient, message, request};

async fn failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

async fn alice(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { password, .. } if password.expose() == b"secret" => {
            Decision::allow_as("alice")
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

#[tokio::test]
async fn password_decides() {
    let mut pull = PullSocket::builder().plain_server(alice).build();
    let endpoint = pull.bind(WS).await.unwrap();
    let push = |password: &str| {
        let push = PushSocket::builder().plain_client("alice", password).unwrap().build();
        push.connect(&endpoint).unwrap();
        push
    };
    let wrong = push("wrong");
    let reason = failure(&mut wrong.events()).await;
    assert!(reason.to_string().contains("credentials"), "{reason}");
    let mut right = push("secret");
    right.send("hello").await.unwrap();
    let (message, peer) = within("a message", pull.recv_from()).await.unwrap();
    assert_eq!(message, "hello");
    assert_eq!(peer.info().user_id(), Some("alice"));
}

#[cfg(feature = "curve")]
#[tokio::test]
async fn curve_encrypts_over_ws() {
    use zeromq_async::security::generate_curve_keys;
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let mut pull =
        PullSocket::builder().curve_server(server, async |_| Decision::allow_as("anyone")).build();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut push = PushSocket::builder().curve_client(client, server_key).build();
    push.connect(&endpoint).unwrap();
    for size in [0, 1, 100, 70_000, 1 << 20] {
        push.send(vec![7; size]).await.unwrap();
        assert_eq!(within("a message", pull.recv()).await.unwrap().frames()[0].len(), size);
    }
    let plain = PushSocket::new();
    let mut events = plain.events();
    plain.connect(&endpoint).unwrap();
    let reason = failure(&mut events).await;
    assert!(reason.to_string().contains("HTTP 400"), "{reason}");
}

#[cfg(feature = "noise")]
#[tokio::test]
async fn noise_over_ws_is_refused() {
    use zeromq_async::security::generate_noise_keys;
    let (server, client) = (generate_noise_keys(), generate_noise_keys());
    let push = PushSocket::builder().noise_client(client, *server.public_key()).build();
    let pull = PullSocket::new();
    let mut events = push.events();
    push.connect(pull.bind(WS).await.unwrap()).unwrap();
    let reason = failure(&mut events).await;
    assert!(reason.to_string().contains("does not work over WebSocket"), "{reason}");
    event(&mut events, "the end of the attempts", |event| {
        matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bare_profile_is_refused_with_authentication() {
    let pair = PairSocket::builder().null_server(async |_| Decision::allow()).build();
    let mut events = pair.events();
    let endpoint = pair.bind(WS).await.unwrap();
    let mut peer = RawClient::dial(&endpoint, request("/", "ZWS2.0").as_bytes()).await;
    peer.head().await;
    peer.write(&message(b"")).await;
    let reason = failure(&mut events).await;
    let is_insecure = matches!(
        reason,
        HandshakeFailure::Protocol(ProtocolError::Incompatible(PeerIncompatible::Insecure))
    );
    assert!(is_insecure, "{reason}");
    assert_eq!(peer.frame().await, (0x82, vec![0]));
    assert_eq!(peer.frame().await, (0x88, vec![3, 240]), "1008, policy");
}
