//! Sockets over QUIC: sizes, order, restarts, and CURVE inside.

use bytes::Bytes;
use support::authority::Authority;
use support::{disconnected, event, fast_reconnect, within};
use zeromq_async::security::{Attempt, Decision, generate_curve_keys};
use zeromq_async::{
    Context, DisconnectReason, Frame, Message, PairSocket, PubSocket, PullSocket, PushSocket,
    RepSocket, ReqSocket, SocketEvent, SubSocket,
};

pub(crate) const ANY_QUIC_PORT: &str = "quic://127.0.0.1:*";

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
    const SIZES: [usize; 9] = [0, 1, 255, 1200, 8192, 16_384, 65_000, 1 << 20, 3 << 20];
    let context = context();
    let mut pull = PullSocket::builder_in(&context).build();
    let mut push = PushSocket::builder_in(&context).build();
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    let message = |n: usize| vec![mark(n); SIZES[n % SIZES.len()]];
    let sending = tokio::spawn(async move {
        for n in 0..SIZES.len() * 5 {
            push.send(message(n)).await.unwrap();
        }
        push.close().await.unsent
    });
    for n in 0..SIZES.len() * 5 {
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
    far.connect(near.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    let message: Message = (0..5_000u32).map(|n| Frame::from(n.to_be_bytes().to_vec())).collect();
    far.send(message.clone()).await.unwrap();
    assert!(within("the message", near.recv()).await.unwrap() == message);
    near.send(message.clone()).await.unwrap();
    assert!(within("the message", far.recv()).await.unwrap() == message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_messages_flood_both_ways() {
    const COUNT: usize = 10_000;
    let context = context();
    let near = PairSocket::builder_in(&context).build();
    let far = PairSocket::builder_in(&context).build();
    far.connect(near.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
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
    req.connect(rep.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    for n in 0..100 {
        req.send(format!("question {n}")).await.unwrap();
        assert_eq!(within("it", rep.recv()).await.unwrap(), format!("question {n}"));
        rep.send("answer").await.unwrap();
        assert_eq!(within("it", req.recv()).await.unwrap(), "answer");
    }
    let mut publisher = PubSocket::builder_in(&context).build();
    let mut sub = SubSocket::builder_in(&context).subscribe("news").build();
    sub.connect(publisher.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
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
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
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
async fn close_is_orderly_for_the_peer() {
    let context = context();
    let mut pull = PullSocket::builder_in(&context).build();
    let endpoint = pull.bind(ANY_QUIC_PORT).await.unwrap();
    let mut events = pull.events();
    for _ in 0..10 {
        let mut push = PushSocket::builder_in(&context).build();
        push.connect(&endpoint).unwrap();
        for _ in 0..50 {
            push.send(Bytes::from(vec![7; 10_000])).await.unwrap();
        }
        assert_eq!(push.close().await.unsent, 0);
        for _ in 0..50 {
            assert_eq!(within("a message", pull.recv()).await.unwrap().size(), 10_000);
        }
        let reason = event(&mut events, "the end", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        });
        let reason = reason.await;
        assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason}");
    }
}

#[tokio::test]
async fn slow_reader_gets_all_after_close() {
    let context = context();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(1).build();
    let mut push = PushSocket::builder_in(&context).build();
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    let closing = tokio::spawn(async move {
        for n in 0..40usize {
            push.send(vec![mark(n); 100_000]).await.unwrap();
        }
        push.close().await.unsent
    });
    for n in 0..40 {
        // The rest waits in QUIC.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let message = within("a message", pull.recv()).await.unwrap();
        assert!(message == *vec![mark(n); 100_000], "message {n}");
    }
    assert_eq!(closing.await.unwrap(), 0);
}

#[tokio::test]
async fn client_certificate_names_the_user() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = servers.server().require_client_certificates(clients.roots());
    let mut pull = PullSocket::builder().tls_server(server).build();
    let client = servers.client().certificate(clients.issue("robot.example").tls());
    let mut push = PushSocket::builder().tls_client(client).build();
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    push.send("hello").await.unwrap();
    let (_, peer) = within("the message", pull.recv_from()).await.unwrap();
    assert_eq!(peer.info().user_id(), Some("robot.example"));
}

#[tokio::test]
async fn curve_runs_inside_quic() {
    let context = context();
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let anyone = |_: Attempt| async { Decision::allow_as("by key") };
    let mut pull = PullSocket::builder_in(&context).curve_server(server, anyone).build();
    let mut push = PushSocket::builder_in(&context).curve_client(client, server_key).build();
    push.connect(pull.bind(ANY_QUIC_PORT).await.unwrap()).unwrap();
    for n in 0..50usize {
        push.send(vec![mark(n); n * 1000]).await.unwrap();
        let (message, peer) = within("it", pull.recv_from()).await.unwrap();
        assert_eq!(message.size(), n * 1000);
        assert_eq!(peer.info().user_id(), Some("by key"));
    }
}
