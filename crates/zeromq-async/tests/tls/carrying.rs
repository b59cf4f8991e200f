//! Sockets over TLS: sizes, order, restarts, and CURVE inside.

use bytes::Bytes;
use support::authority::{ANY_TLS_PORT, Authority};
use support::{disconnected, event, fast_reconnect, within};
use zeromq_async::security::{Attempt, Decision, generate_curve_keys};
use zeromq_async::{
    Context, DealerSocket, DisconnectReason, Frame, Message, PairSocket, PubSocket, PullSocket,
    PushSocket, RepSocket, ReqSocket, RouterSocket, SocketEvent, SubSocket,
};

fn context() -> Context {
    let authority = Authority::new();
    Context::builder()
        .tls_server(authority.server())
        .tls_client(authority.client())
        .reconnect(fast_reconnect())
        .build()
}

/// A byte that differs from message to message.
fn mark(n: usize) -> u8 {
    u8::try_from(n % 256).unwrap()
}

#[tokio::test]
async fn every_size_arrives_in_order() {
    const SIZES: [usize; 9] = [0, 1, 255, 8191, 8192, 16_384, 65_000, 1 << 20, 3 << 20];
    let context = context();
    let mut pull = PullSocket::builder_in(&context).build();
    let mut push = PushSocket::builder_in(&context).build();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let message = |n: usize| vec![mark(n); SIZES[n % SIZES.len()]];
    let sending = tokio::spawn(async move {
        for n in 0..SIZES.len() * 10 {
            push.send(message(n)).await.unwrap();
        }
        push.close().await.unsent
    });
    for n in 0..SIZES.len() * 10 {
        let received = within("a message", pull.recv()).await.unwrap();
        assert!(received == *message(n), "message {n} has {} bytes", received.size());
    }
    assert_eq!(sending.await.unwrap(), 0);
}

#[tokio::test]
async fn message_of_many_frames_arrives() {
    let context = context();
    let mut near = PairSocket::builder_in(&context).build();
    let mut far = PairSocket::builder_in(&context).build();
    far.connect(near.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let message: Message = (0..5_000u32).map(|n| Frame::from(n.to_be_bytes().to_vec())).collect();
    far.send(message.clone()).await.unwrap();
    assert!(within("the message", near.recv()).await.unwrap() == message);
    near.send(message.clone()).await.unwrap();
    assert!(within("the message", far.recv()).await.unwrap() == message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_messages_flood_both_ways() {
    const COUNT: usize = 20_000;
    let context = context();
    let near = PairSocket::builder_in(&context).build();
    let far = PairSocket::builder_in(&context).build();
    far.connect(near.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let far = tokio::spawn(exchange(far, COUNT));
    exchange(near, COUNT).await;
    far.await.unwrap();
}

/// Sends and receives numbered messages at the same time.
async fn exchange(socket: PairSocket, count: usize) {
    let (mut sender, mut receiver) = socket.split();
    let sending = async {
        for n in 0..count {
            sender.send(n.to_string()).await.unwrap();
        }
    };
    let receiving = async {
        for n in 0..count {
            assert_eq!(receiver.recv().await.unwrap(), n.to_string());
        }
    };
    within("all messages", async { tokio::join!(sending, receiving) }).await;
}

#[tokio::test]
async fn request_and_subscription_work() {
    let context = context();
    let mut rep = RepSocket::builder_in(&context).build();
    let mut req = ReqSocket::builder_in(&context).build();
    req.connect(rep.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    for n in 0..100 {
        req.send(format!("question {n}")).await.unwrap();
        assert_eq!(within("it", rep.recv()).await.unwrap(), format!("question {n}"));
        rep.send("answer").await.unwrap();
        assert_eq!(within("it", req.recv()).await.unwrap(), "answer");
    }
    let mut publisher = PubSocket::builder_in(&context).build();
    let mut sub = SubSocket::builder_in(&context).subscribe("news").build();
    sub.connect(publisher.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    within("the subscription", publisher.wait_for_subscribers("news", 1)).await;
    publisher.send("weather: rain").await.unwrap();
    publisher.send("news: none").await.unwrap();
    assert_eq!(within("it", sub.recv()).await.unwrap(), "news: none");
}

#[tokio::test]
async fn queue_survives_restart_of_server() {
    let context = context();
    let mut push = PushSocket::builder_in(&context).build();
    let mut pull = PullSocket::builder_in(&context).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    push.connect(&endpoint).unwrap();
    let mut events = push.events();
    for round in 0..3 {
        push.send(format!("round {round}")).await.unwrap();
        assert_eq!(within("it", pull.recv()).await.unwrap(), format!("round {round}"));
        pull.close().await;
        assert_eq!(disconnected(&mut events).await, 0);
        push.send(format!("between {round}")).await.unwrap();
        pull = PullSocket::builder_in(&context).build();
        pull.bind(&endpoint).await.unwrap();
        assert_eq!(within("it", pull.recv()).await.unwrap(), format!("between {round}"));
    }
}

#[tokio::test]
async fn server_sees_client_restart() {
    let context = context();
    let mut router = RouterSocket::builder_in(&context).build();
    let endpoint = router.bind(ANY_TLS_PORT).await.unwrap();
    for _ in 0..3 {
        let dealer = DealerSocket::builder_in(&context).routing_id("dealer").unwrap();
        let mut dealer = dealer.build();
        let mut events = router.events();
        dealer.connect(&endpoint).unwrap();
        dealer.send("hello").await.unwrap();
        let hello = within("the message", router.recv()).await.unwrap();
        assert_eq!(*hello.first().unwrap(), "dealer");
        dealer.close().await;
        let reason = event(&mut events, "the end", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        });
        // TLS ended in order (close_notify), so nothing was cut off.
        assert!(matches!(reason.await, DisconnectReason::PeerClosed));
    }
}

#[tokio::test]
async fn close_delivers_what_was_sent() {
    let context = context();
    let mut pull = PullSocket::builder_in(&context).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    for _ in 0..20 {
        let mut push = PushSocket::builder_in(&context).build();
        push.connect(&endpoint).unwrap();
        for _ in 0..50 {
            push.send(Bytes::from(vec![7; 10_000])).await.unwrap();
        }
        assert_eq!(push.close().await.unsent, 0);
    }
    for _ in 0..1_000 {
        assert_eq!(within("a message", pull.recv()).await.unwrap().size(), 10_000);
    }
}

#[tokio::test]
async fn curve_runs_inside_tls() {
    let context = context();
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let by_certificate = |attempt: Attempt| async move {
        assert!(attempt.user.is_none(), "no client certificate was asked for");
        Decision::allow_as("by key")
    };
    let mut pull = PullSocket::builder_in(&context).curve_server(server, by_certificate).build();
    let mut push = PushSocket::builder_in(&context).curve_client(client, server_key).build();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    for n in 0..100usize {
        push.send(vec![mark(n); n * 1000]).await.unwrap();
        let (message, peer) = within("it", pull.recv_from()).await.unwrap();
        assert_eq!(message.size(), n * 1000);
        assert_eq!(peer.info().user_id(), Some("by key"));
        assert_eq!(peer.info().mechanism().to_string(), "CURVE");
    }
}
