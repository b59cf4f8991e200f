//! `recv_from` names the peer of the connection on which a message arrived.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use support::{ANY_PORT, disconnected, event, within};
use zeromq_async::security::{Attempt, Credentials, Decision};
use zeromq_async::{
    DealerSocket, PeerAddress, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket,
    SocketEvent,
};

async fn by_name(attempt: Attempt) -> Decision {
    match attempt.request.credentials {
        Credentials::Password { username, .. } => {
            Decision::allow_as(String::from_utf8_lossy(&username))
        }
        _ => panic!("PLAIN shows a name"),
    }
}

fn push_as(name: &str) -> PushSocket {
    PushSocket::builder().plain_client(name, "").expect("a short name").build()
}

#[tokio::test]
async fn received_message_names_its_user() {
    let mut pull = PullSocket::builder().plain_server(by_name).build();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut pushes: Vec<_> = ["alice", "bob", "carol"].map(push_as).into();
    for push in &mut pushes {
        push.connect(&endpoint).unwrap();
    }
    for _ in 0..100 {
        for (push, name) in pushes.iter_mut().zip(["alice", "bob", "carol"]) {
            push.send(name).await.unwrap();
        }
    }
    let mut ids = HashMap::new();
    for _ in 0..300 {
        let (message, peer) = within("a message", pull.recv_from()).await.unwrap();
        assert_eq!(message, peer.info().user_id().unwrap());
        assert!(matches!(
            peer.address(),
            Some(PeerAddress::Tcp(from)) if from.ip() == Ipv4Addr::LOCALHOST
        ));
        assert_eq!(*ids.entry(message.to_string()).or_insert(peer.id()), peer.id());
    }
    assert_eq!(ids.len(), 3);
}

/// The identity belongs to the connection, though the pipe of a connecting socket outlives it.
#[tokio::test]
async fn queued_message_keeps_its_original_sender() {
    let mut pull = PullSocket::builder()
        .plain_server(by_name)
        .reconnect(zeromq_async::ReconnectBackoff::new(Duration::from_millis(1)))
        .build();
    let mut events = pull.events();
    let mut first = push_as("first");
    let endpoint = first.bind(ANY_PORT).await.unwrap();
    pull.connect(&endpoint).unwrap();
    first.send("from the first").await.unwrap();
    first.close().await;
    within("the first to go", disconnected(&mut events)).await;

    let mut second = push_as("second");
    second.bind(&endpoint).await.unwrap();
    event(&mut events, "the second", |event| {
        matches!(event, SocketEvent::HandshakeSucceeded { .. }).then_some(())
    })
    .await;
    second.send("from the second").await.unwrap();
    within("both messages", async {
        while pull.stats().received < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;

    for name in ["first", "second"] {
        let (message, peer) = within("a message", pull.recv_from()).await.unwrap();
        assert_eq!(message, format!("from the {name}").as_str());
        assert_eq!(peer.info().user_id(), Some(name));
    }
}

#[tokio::test]
async fn request_and_reply_name_their_peers() {
    let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
    req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
    req.send("who").await.unwrap();
    let (_, asker) = within("the request", rep.recv_from()).await.unwrap();
    assert_eq!(asker.info().socket_type(), zeromq_async::SocketType::Req);
    rep.send("me").await.unwrap();
    let (_, replier) = within("the reply", req.recv_from()).await.unwrap();
    assert_eq!(replier.info().socket_type(), zeromq_async::SocketType::Rep);
}

#[tokio::test]
async fn inproc_peer_has_no_address() {
    let mut router = RouterSocket::new();
    let mut dealer = DealerSocket::builder().routing_id("worker").unwrap().build();
    router.bind("inproc://senders").await.unwrap();
    dealer.connect("inproc://senders").unwrap();
    dealer.send("hello").await.unwrap();
    let (message, peer) = within("a message", router.recv_from()).await.unwrap();
    assert_eq!(message.first().unwrap(), "worker");
    assert_eq!((peer.info().routing_id().as_ref(), peer.address()), (&b"worker"[..], None));
}
