//! Authenticators: accepted and rejected peers, and what both sides learn.

use std::sync::Arc;
use std::time::Duration;

use support::{NotifyOnDrop, within};
use tokio::sync::Notify;
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
async fn right_password_is_accepted_with_user_id() {
    let mut pull = PullSocket::builder().plain_server(users).build();
    let mut events = pull.events();
    let mut push = push("alice", "secret");
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
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
async fn wrong_password_is_final_on_both_sides() {
    let pull = PullSocket::builder().plain_server(users).build();
    let push = push("alice", "guess");
    let (mut pulls, mut pushes) = (pull.events(), push.events());
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let (refuser, refused) = (failure(&mut pulls).await, failure(&mut pushes).await);
    assert!(refuser.to_string().contains("400"), "{refuser}");
    assert!(refused.to_string().contains("400"), "{refused}");
    within("the end of the attempts", async {
        while !matches!(pushes.next().await, Some(SocketEvent::ConnectStopped { .. })) {}
    })
    .await;
}

#[tokio::test]
async fn temporary_refusal_is_retried() {
    let pull = PullSocket::builder().plain_server(users).build();
    let push = push("later", "whatever");
    let mut pulls = pull.events();
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    for _ in 0..3 {
        failure(&mut pulls).await;
    }
}

#[tokio::test]
async fn peer_without_mechanism_is_refused() {
    let mut pull = PullSocket::builder().plain_server(users).build();
    let mut pulls = pull.events();
    let mut stranger = PushSocket::builder().linger(Duration::ZERO).build();
    let mut alice = push("alice", "secret");
    let endpoint = pull.bind("tcp://127.0.0.1:0").await.unwrap();
    stranger.connect(&endpoint).unwrap();
    stranger.send("from a stranger").await.unwrap();
    let reason = failure(&mut pulls).await.to_string();
    assert!(reason.contains("PLAIN") && reason.contains("NULL"), "{reason}");
    alice.connect(&endpoint).unwrap();
    alice.send("from alice").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "from alice");
}

/// An authenticator that never answers costs its own peer the handshake timeout and delays no other
/// peer.
#[tokio::test]
async fn slow_authenticator_blocks_no_other_peer() {
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
    held_up.connect(&endpoint).unwrap();
    alice.connect(&endpoint).unwrap();
    alice.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
    let reason = failure(&mut pulls).await;
    assert!(matches!(reason, HandshakeFailure::Undecided { .. }), "{reason}");
}

/// Authentication is cancelled if the peer does not wait for the answer.
#[tokio::test]
async fn gone_peer_cancels_authentication() {
    let (asked, given_up) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let never = {
        let (asked, given_up) = (asked.clone(), given_up.clone());
        move |_: Attempt| {
            let (asked, waits) = (asked.clone(), NotifyOnDrop(given_up.clone()));
            async move {
                asked.notify_one();
                std::future::pending::<()>().await;
                drop(waits);
                Decision::allow()
            }
        }
    };
    let pull = PullSocket::builder().plain_server(never).build();
    let mut pulls = pull.events();
    let push = push("alice", "secret");
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    within("the question", asked.notified()).await;
    push.close().await;
    within("the end of the question", given_up.notified()).await;
    let reason = failure(&mut pulls).await;
    assert!(matches!(reason, HandshakeFailure::PeerClosed), "{reason}");
}

/// The socket that rejects a peer reports the authenticator's reason.
#[tokio::test]
async fn denial_carries_its_reason() {
    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("{0} is not on the list")]
    struct NotListed(String);

    async fn listed(attempt: Attempt) -> Decision {
        let Credentials::Password { username, .. } = &attempt.request.credentials else {
            return Decision::Deny(DenyStatus::InternalError);
        };
        let name = String::from_utf8_lossy(username).into_owned();
        attempt.deny(DenyStatus::AuthenticationFailure, NotListed(name))
    }
    let pull = PullSocket::builder().plain_server(listed).build();
    let (mut pulls, push) = (pull.events(), push("bob", "secret"));
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let refused = failure(&mut pulls).await;
    let text = "peer was not let in: 400 authentication failure: bob is not on the list";
    assert_eq!(refused.to_string(), text);
    let HandshakeFailure::Denied { reason: Some(reason), .. } = refused else { panic!() };
    assert_eq!(reason.downcast_ref(), Some(&NotListed("bob".into())));
}

#[tokio::test]
async fn null_server_authenticates_null_peers() {
    async fn nobody(attempt: Attempt) -> Decision {
        assert_eq!(attempt.request.credentials, Credentials::None);
        Decision::Deny(DenyStatus::AuthenticationFailure)
    }
    let pull = PullSocket::builder().null_server(nobody).build();
    let mut events = pull.events();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    let mut told = push.events();
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    push.send("not delivered").await.unwrap();
    for events in [&mut events, &mut told] {
        let failure = failure(events).await.to_string();
        assert!(failure.contains("400"), "{failure}");
    }
    assert!(pull.stats().peers.is_empty());
}
