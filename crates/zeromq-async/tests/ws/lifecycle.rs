//! Ends of connections, and restarts of either side.

use support::{event, fast_reconnect, within};
use zeromq_async::{DisconnectReason, PubSocket, PullSocket, PushSocket, SocketEvent, SubSocket};

use crate::WS;
use crate::raw::{RawClient, frame, message};

#[tokio::test]
async fn closed_socket_sends_close_after_its_messages() {
    let mut push = PushSocket::new();
    let endpoint = push.bind(WS).await.unwrap();
    let mut peer = RawClient::connect(&endpoint).await;
    for number in 0..100_u8 {
        push.send(vec![number]).await.unwrap();
    }
    let closing = tokio::spawn(push.close());
    for number in 0..100 {
        assert_eq!(peer.frame().await, (0x82, vec![0, number]));
    }
    assert_eq!(peer.frame().await, (0x88, vec![3, 232]));
    peer.write(&frame(0x88, &[3, 232])).await;
    assert_eq!(peer.try_frame().await, None);
    let report = within("the socket to close", closing).await.unwrap();
    assert_eq!(report.unsent, 0);
}

#[tokio::test]
async fn close_of_the_peer_is_answered() {
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = RawClient::connect(&endpoint).await;
    peer.write(&message(b"last")).await;
    peer.write(&frame(0x88, b"\x03\xe9going away")).await;
    assert_eq!(peer.frame().await, (0x88, vec![3, 233]));
    assert_eq!(peer.try_frame().await, None);
    let reason = event(&mut events, "the end of the connection", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    assert!(matches!(reason.await, DisconnectReason::PeerClosed));
    assert_eq!(within("the last message", pull.recv()).await.unwrap(), "last");
}

#[tokio::test]
async fn connecting_side_may_restart() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    for number in 0..5_u8 {
        let mut push = PushSocket::new();
        push.connect(&endpoint).unwrap();
        push.send(vec![number]).await.unwrap();
        push.close().await;
        assert_eq!(within("a message", pull.recv()).await.unwrap(), &[number]);
    }
}

#[tokio::test]
async fn bound_side_may_restart() {
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut pull = PullSocket::new();
    let endpoint = pull.bind("ws://127.0.0.1:*/feed").await.unwrap();
    push.connect(&endpoint).unwrap();
    for number in 0..5_u8 {
        push.send(vec![number]).await.unwrap();
        assert_eq!(within("a message", pull.recv()).await.unwrap(), &[number]);
        pull.close().await;
        pull = PullSocket::new();
        pull.bind(&endpoint).await.unwrap();
    }
}

#[tokio::test]
async fn subscriptions_survive_a_restart() {
    let mut subscriber = SubSocket::builder().subscribe("a").reconnect(fast_reconnect()).build();
    let mut publisher = PubSocket::new();
    let endpoint = publisher.bind(WS).await.unwrap();
    subscriber.connect(&endpoint).unwrap();
    for _ in 0..3 {
        within("the subscription", publisher.wait_for_subscribers("a", 1)).await;
        publisher.send("b is not for you").await.unwrap();
        publisher.send("a message").await.unwrap();
        assert_eq!(within("a message", subscriber.recv()).await.unwrap(), "a message");
        publisher.close().await;
        publisher = PubSocket::new();
        publisher.bind(&endpoint).await.unwrap();
    }
}
