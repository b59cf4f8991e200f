//! Who is let in, who is not, and what both sides are told of it.

mod support;

use std::time::Duration;

use support::within;
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
use zeromq_async::{HandshakeFailure, PullSocket, PushSocket, ReconnectBackoff, SocketEvent};

async fn users(attempt: Attempt) -> Decision {
    let Credentials::Password { username, password } = &attempt.request.credentials else {
        return Decision::Deny(DenyStatus::InternalError);
    };
    match (&username[..], password.expose()) {
        (b"alice", b"secret") => Decision::allow_as("user-1"),
        (b"later", _) => Decision::Deny(DenyStatus::TemporaryError),
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn push(username: &str, password: &str) -> PushSocket {
    let quickly = ReconnectBackoff::new(Duration::from_millis(1));
    let builder = PushSocket::builder().linger(Duration::ZERO).reconnect(quickly);
    builder.plain_client(username, password).expect("short enough").build()
}

async fn failure(events: &mut zeromq_async::Events) -> HandshakeFailure {
    within("a failed handshake", async {
        loop {
            match events.next().await {
                Some(SocketEvent::HandshakeFailed { reason, .. }) => return reason,
                Some(_) => {}
                None => panic!("the socket ended"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_right_password_lets_in_and_names_the_user() {
    let mut pull = PullSocket::builder().plain_server(users).build();
    let mut events = pull.events();
    let mut push = push("alice", "secret");
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).await.unwrap();
    push.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
    within("the peer", async {
        loop {
            if let Some(SocketEvent::HandshakeSucceeded { info, .. }) = events.next().await {
                assert_eq!(info.user_id(), Some("user-1"));
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_wrong_password_is_final_and_both_sides_say_so() {
    let pull = PullSocket::builder().plain_server(users).build();
    let push = push("alice", "guess");
    let (mut pulls, mut pushes) = (pull.events(), push.events());
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).await.unwrap();
    let (refuser, refused) = (failure(&mut pulls).await, failure(&mut pushes).await);
    assert!(refuser.to_string().contains("400"), "{refuser}");
    assert!(refused.to_string().contains("400"), "{refused}");
    within("the end of the attempts", async {
        while !matches!(pushes.next().await, Some(SocketEvent::ConnectStopped { .. })) {}
    })
    .await;
}

#[tokio::test]
async fn a_temporary_refusal_is_tried_again() {
    let pull = PullSocket::builder().plain_server(users).build();
    let push = push("later", "whatever");
    let mut pulls = pull.events();
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).await.unwrap();
    for _ in 0..3 {
        failure(&mut pulls).await;
    }
}

#[tokio::test]
async fn nobody_gets_in_without_the_mechanism() {
    let mut pull = PullSocket::builder().plain_server(users).build();
    let mut pulls = pull.events();
    let mut stranger = PushSocket::builder().linger(Duration::ZERO).build();
    let mut alice = push("alice", "secret");
    let endpoint = pull.bind("tcp://127.0.0.1:0").await.unwrap();
    stranger.connect(&endpoint).await.unwrap();
    stranger.send("from a stranger").await.unwrap();
    let reason = failure(&mut pulls).await.to_string();
    assert!(reason.contains("PLAIN") && reason.contains("NULL"), "{reason}");
    alice.connect(&endpoint).await.unwrap();
    alice.send("from alice").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "from alice");
}

/// An authenticator that never answers costs its own peer the handshake timeout, and nobody else
/// anything.
#[tokio::test]
async fn an_authenticator_may_take_its_time() {
    async fn slow(attempt: Attempt) -> Decision {
        match users(attempt).await {
            allowed @ Decision::Allow { .. } => allowed,
            Decision::Deny(_) => std::future::pending().await,
        }
    }
    let builder = PullSocket::builder().handshake_timeout(Duration::from_millis(100));
    let mut pull = builder.plain_server(slow).build();
    let mut pulls = pull.events();
    let (held_up, mut alice) = (push("bob", "guess"), push("alice", "secret"));
    let endpoint = pull.bind("tcp://127.0.0.1:0").await.unwrap();
    held_up.connect(&endpoint).await.unwrap();
    alice.connect(&endpoint).await.unwrap();
    alice.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
    let reason = failure(&mut pulls).await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(_)), "{reason}");
}

#[tokio::test]
async fn a_peer_that_shows_nothing_is_asked_about_where_the_server_says_so() {
    async fn nobody(attempt: Attempt) -> Decision {
        assert_eq!(attempt.request.credentials, Credentials::None);
        Decision::Deny(DenyStatus::AuthenticationFailure)
    }
    let pull = PullSocket::builder().null_server(nobody).build();
    let mut events = pull.events();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    let mut told = push.events();
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).await.unwrap();
    push.send("in vain").await.unwrap();
    for events in [&mut events, &mut told] {
        let failure = failure(events).await.to_string();
        assert!(failure.contains("400"), "{failure}");
    }
    assert!(pull.stats().peers.is_empty());
}
