//! Heartbeats are PING and PONG of WebSocket.

use std::time::Duration;

use futures_util::FutureExt;
use support::{event, within};
use zeromq_async::{
    DealerSocket, DisconnectReason, PullSocket, PushSocket, RouterSocket, SocketEvent,
};

use crate::WS;
use crate::raw::{RawClient, frame, message};

const INTERVAL: Duration = Duration::from_millis(50);

#[tokio::test]
async fn ping_is_empty_and_any_pong_answers_it() {
    let pull = PullSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(Duration::from_secs(20))
        .build();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = RawClient::connect(&endpoint).await;
    for _ in 0..10 {
        assert_eq!(peer.frame().await, (0x89, vec![]));
        // libzmq does not send the payload back.
        peer.write(&frame(0x8a, b"")).await;
    }
}

#[tokio::test]
async fn silent_peer_is_given_up() {
    let pull = PullSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(Duration::from_millis(200))
        .build();
    let mut events = pull.events();
    let endpoint = pull.bind(WS).await.unwrap();
    let _silent = RawClient::connect(&endpoint).await;
    let reason = event(&mut events, "the peer to be given up", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    assert!(matches!(reason.await, DisconnectReason::HeartbeatTimedOut));
}

#[tokio::test]
async fn ping_is_answered_in_a_message() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap();
    let mut peer = RawClient::connect(&endpoint).await;
    peer.write(&frame(0x82, b"\x01first")).await;
    peer.write(&frame(0x89, &[b'x'; 125])).await;
    assert_eq!(peer.frame().await, (0x8a, vec![b'x'; 125]), "the whole payload");
    peer.write(&message(b"last")).await;
    let message = within("a message", pull.recv()).await.unwrap();
    assert_eq!(message, zeromq_async::Message::multipart(["first", "last"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_under_load_stays_up() {
    let mut push = PushSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(Duration::from_secs(20))
        .build();
    let mut pull = PullSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(Duration::from_secs(20))
        .build();
    let (mut push_events, mut pull_events) = (push.events(), pull.events());
    push.connect(pull.bind(WS).await.unwrap()).unwrap();
    let load = async {
        let begin = tokio::time::Instant::now();
        let mut sent = 0_u64;
        while begin.elapsed() < Duration::from_secs(2) {
            for _ in 0..1000 {
                push.send(vec![3; 1000]).await.unwrap();
                sent += 1;
            }
        }
        push.send("end").await.unwrap();
        sent
    };
    let receiving = async {
        let mut received = 0_u64;
        while pull.recv().await.unwrap() != "end" {
            received += 1;
        }
        received
    };
    let (sent, received) = within("the load", async { tokio::join!(load, receiving) }).await;
    assert_eq!(sent, received);
    for events in [&mut push_events, &mut pull_events] {
        while let Some(event) = events.next().now_or_never() {
            assert!(!matches!(event, Some(SocketEvent::Disconnected { .. })), "{event:?}");
        }
    }
}

#[tokio::test]
async fn heartbeats_cross_an_idle_connection() {
    let dealer = || DealerSocket::builder().heartbeat_interval(INTERVAL);
    let mut dealer = dealer().heartbeat_timeout(Duration::from_secs(20)).build();
    let mut router = RouterSocket::new();
    dealer.connect(router.bind(WS).await.unwrap()).unwrap();
    dealer.send("a").await.unwrap();
    let request = within("the request", router.recv()).await.unwrap();
    tokio::time::sleep(10 * INTERVAL).await;
    router.send(request).await.unwrap();
    assert_eq!(within("the reply", dealer.recv()).await.unwrap(), "a");
}
