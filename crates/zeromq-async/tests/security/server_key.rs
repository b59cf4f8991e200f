//! A client with a wrong server key: its events and its reconnect interval.

use std::time::Duration;

use support::{ANY_PORT, event, listen, within};
use tokio::io::AsyncWriteExt;
use zeromq_async::security::{Attempt, Decision, generate_curve_keys};
use zeromq_async::{
    Endpoint, Events, HandshakeFailure, PullSocket, PushSocket, ReconnectBackoff, SocketEvent,
};

async fn allow_all(_: Attempt) -> Decision {
    Decision::allow()
}

const INITIAL: Duration = Duration::from_millis(4);

/// A client with a key that no server has.
async fn client(endpoint: &Endpoint) -> (PushSocket, Events) {
    let wrong = *generate_curve_keys().public_key();
    let builder = PushSocket::builder().reconnect(ReconnectBackoff::new(INITIAL));
    let push = builder.curve_client(generate_curve_keys(), wrong).linger(Duration::ZERO).build();
    let events = push.events();
    push.connect(endpoint).expect("an open socket");
    (push, events)
}

async fn failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

async fn delay(events: &mut Events) -> Duration {
    event(events, "the next attempt", |event| match event {
        SocketEvent::ConnectRetried { delay, .. } => Some(delay),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn wrong_server_key_is_suspected() {
    let pull = PullSocket::builder().curve_server(generate_curve_keys(), allow_all).build();
    let (_push, mut events) = client(&pull.bind(ANY_PORT).await.unwrap()).await;
    for doubts in 0..6 {
        let reason = failure(&mut events).await;
        assert!(matches!(reason, HandshakeFailure::ServerKey), "{reason}");
        assert!(reason.to_string().contains("the server key that is set here"), "{reason}");
        let longest = INITIAL * 2_u32.pow(doubts);
        let delay = delay(&mut events).await;
        assert!((longest / 2..=longest).contains(&delay), "{doubts}: {delay:?}");
    }
}

/// A server that closes before its greeting, and one that never begins to encrypt, have another
/// cause.
#[tokio::test]
async fn other_ends_leave_the_key_in_peace() {
    let (listener, endpoint) = listen().await;
    let (_push, mut events) = client(&endpoint).await;
    let (mut stream, _) = within("the client", listener.accept()).await.unwrap();
    stream.write_all(b"\xff\0\0\0\0\0\0\0\x01\x7f").await.unwrap();
    drop(stream);
    let reason = failure(&mut events).await;
    assert!(matches!(reason, HandshakeFailure::PeerClosed | HandshakeFailure::Io(_)), "{reason}");
    let delay = delay(&mut events).await;
    assert!((INITIAL..INITIAL * 2).contains(&delay), "{delay:?}");
}
