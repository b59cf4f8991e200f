//! Regression tests, one per fixed fault, each by its visible effect.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt;
use support::{
    ANY_PORT, RawPeer, ReservedPort, address, disconnected, event, handshake_succeeded, huge,
    is_pending, listen, within,
};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use zeromq_async::{
    Context, DealerSocket, DetachError, Message, PairSocket, PubSocket, PullSocket, PushSocket,
    RepSocket, ReqSocket, RouterSocket, SendErrorKind, SocketEvent, SocketType, SubSocket,
    SubscriptionNotices, XPubSocket, XSubSocket,
};
use zmtp::Command;

/// A time that is much shorter than the test's deadline.
const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn close_does_not_wait_for_silent_peer() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let _silent = TcpStream::connect(address(&endpoint)).await.unwrap();
    event(&mut events, "a connection", |event| {
        matches!(event, SocketEvent::Accepted { .. }).then_some(())
    })
    .await;
    within("the socket to close", pull.close()).await;
}

/// Two inproc sockets of types that do not fit, connected in either order: the connecting one used to
/// keep the endpoint and its queue.
#[tokio::test]
async fn rejected_inproc_endpoint_is_not_connected() {
    let context = Context::new();
    for (name, bound_first) in [("inproc://first", true), ("inproc://last", false)] {
        let publisher = PubSocket::builder_in(&context).build();
        let push = PushSocket::builder_in(&context).build();
        if bound_first {
            publisher.bind(name).await.unwrap();
            push.connect(name).unwrap();
        } else {
            push.connect(name).unwrap();
            publisher.bind(name).await.unwrap();
        }
        let error = push.disconnect(name).unwrap_err();
        assert!(matches!(error, DetachError::NotAttached { .. }), "{error}");
        assert_eq!(push.stats().peers.len(), 0);
    }
}

#[tokio::test]
async fn close_does_not_wait_for_wrong_inproc_type() {
    let context = Context::new();
    let publisher = PubSocket::builder_in(&context).build();
    publisher.bind("inproc://mismatch").await.unwrap();
    let mut push = PushSocket::builder_in(&context).build();
    push.connect("inproc://mismatch").unwrap();
    let _ = push.try_send("no peer");
    within("the socket to close", push.close()).await;
}

#[tokio::test]
async fn close_does_not_wait_for_taken_inproc_pair() {
    let context = Context::new();
    let pair = || PairSocket::builder_in(&context).build();
    let (bound, first, mut second) = (pair(), pair(), pair());
    bound.bind("inproc://taken").await.unwrap();
    first.connect("inproc://taken").unwrap();
    second.connect("inproc://taken").unwrap();
    let _ = second.try_send("no peer");
    within("the socket to close", second.close()).await;
}

#[tokio::test]
async fn inproc_peer_sees_close_after_short_linger() {
    let context = Context::new();
    let mut bound = DealerSocket::builder_in(&context).build();
    let mut events = bound.events();
    bound.bind("inproc://told").await.unwrap();
    let port = ReservedPort::new();
    let mut dealer = DealerSocket::builder_in(&context).linger(Duration::ZERO).build();
    dealer.connect("inproc://told").unwrap();
    dealer.connect(port.endpoint()).unwrap();
    for _ in 0..2 {
        dealer.send("to each").await.unwrap();
    }
    assert_eq!(within("the socket to close", dealer.handle().close()).await.unsent, 1);
    disconnected(&mut events).await;
    assert!(is_pending(bound.ready()));
}

#[test]
fn inproc_peer_sees_drop_outside_runtime() {
    let context = Context::new();
    let runtime = Runtime::new().unwrap();
    let mut bound = DealerSocket::builder_in(&context).build();
    let dealer = DealerSocket::builder_in(&context).build();
    let mut events = bound.events();
    runtime.block_on(bound.bind("inproc://outside")).unwrap();
    runtime.block_on(async { dealer.connect("inproc://outside") }).unwrap();
    drop(dealer);
    runtime.block_on(disconnected(&mut events));
    assert!(is_pending(bound.ready()));
}

#[test]
fn inproc_peer_sees_runtime_end() {
    let context = Context::new();
    let (ending, staying) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let mut bound = DealerSocket::builder_in(&context).build();
    let mut events = bound.events();
    staying.block_on(bound.bind("inproc://ending")).unwrap();
    let dealer = DealerSocket::builder_in(&context).build();
    ending.block_on(async { dealer.connect("inproc://ending") }).unwrap();
    ending.spawn(async move {
        std::future::pending::<()>().await;
        drop(dealer);
    });
    drop(ending);
    staying.block_on(disconnected(&mut events));
    assert!(is_pending(bound.ready()));
}

#[tokio::test]
async fn disconnected_endpoint_takes_no_messages() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::new();
    push.connect(endpoint.clone()).unwrap();
    let mut slow = RawPeer::accept(&listener, SocketType::Pull).await;
    push.send(huge(0)).await.unwrap();
    push.disconnect(endpoint).unwrap();
    assert!(is_pending(push.ready()), "no peer is left");
    assert!(push.try_send("late").is_err());

    let mut pull = PullSocket::new();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    push.send("for the other").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "for the other");
    assert_eq!(slow.recv().await, huge(0));
    slow.closed().await;
}

#[tokio::test]
async fn disconnected_endpoint_lingers_then_drops() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().linger(SHORT).build();
    let mut events = push.events();
    push.connect(endpoint.clone()).unwrap();
    let _slow = RawPeer::accept(&listener, SocketType::Pull).await;
    push.send(huge(0)).await.unwrap();
    push.disconnect(endpoint).unwrap();
    disconnected(&mut events).await;
    event(&mut events, "the end of it", |event| {
        matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
    })
    .await;
    assert_eq!(push.stats().lost, 1);
}

#[tokio::test]
async fn inproc_bind_wakes_waiting_sender() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(1).build();
    push.connect("inproc://room").unwrap();
    push.send("one").await.unwrap();
    let mut sender = push.sender();
    let waiting = tokio::spawn(async move { sender.send("two").await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    let pull = PullSocket::builder_in(&context).build();
    pull.bind("inproc://room").await.unwrap();
    within("room for the second message", waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn received_messages_survive_a_send_failure() {
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().no_reconnect().build();
    let mut events = dealer.events();
    dealer.connect(endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Dealer).await;
    handshake_succeeded(&mut events).await;
    for last in ["one", "two", "three"] {
        peer.send(last).await;
    }
    drop(peer);
    // The first write meets a closed socket, which resets the connection. The next write fails.
    dealer.try_send("into").unwrap();
    dealer.try_send("the").unwrap();
    dealer.try_send(huge(0)).unwrap();
    for last in ["one", "two", "three"] {
        assert_eq!(within("what has arrived", dealer.recv()).await.unwrap(), last);
    }
}

#[tokio::test]
async fn unread_pongs_are_bounded() {
    const PINGS: usize = 2_000_000;
    const FEW: usize = 1_000_000;
    let pull = PullSocket::builder().send_buffer(16 << 10).build();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    let pings = b"\x04\x07\x04PING\0\0".repeat(PINGS / 1000);
    for _ in 0..1000 {
        peer.write_bytes(&pings).await;
    }
    peer.send("after all pings").await;
    let mut pull = pull;
    within("the message", pull.recv()).await.unwrap();
    drop(pull);
    let mut pongs = 0;
    while peer.try_command().await.is_some() {
        pongs += 1;
    }
    assert!(pongs < FEW, "{pongs} answers were kept");
}

/// PONGs used to stop after the first 1,024 if the queue to the peer was never empty.
#[tokio::test]
async fn pongs_continue_while_queue_is_busy() {
    const MAX_QUEUED: u16 = 1024;
    let mut dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
    dealer.send(support::huge(1)).await.unwrap();
    for number in 0..MAX_QUEUED {
        peer.write_bytes(&ping(number)).await;
    }
    peer.send("asked").await;
    assert_eq!(within("the message", dealer.recv()).await.unwrap(), "asked");
    dealer.send(support::huge(2)).await.unwrap();
    for number in 0..MAX_QUEUED {
        assert_eq!(peer.command().await, pong(number));
    }
    // The second message is being written, so there is always something to write.
    peer.write_bytes(&ping(MAX_QUEUED)).await;
    peer.send("asked again").await;
    assert_eq!(within("the message", dealer.recv()).await.unwrap(), "asked again");
    assert_eq!(peer.command().await, pong(MAX_QUEUED));
}

fn ping(number: u16) -> Vec<u8> {
    [&b"\x04\x09\x04PING\0\0"[..], &number.to_be_bytes()].concat()
}

fn pong(number: u16) -> Command {
    Command::Pong { context: Bytes::copy_from_slice(&number.to_be_bytes()) }
}

#[tokio::test]
async fn maximal_heartbeat_timeout_never_expires() {
    let pull = PullSocket::builder()
        .heartbeat_interval(Duration::from_millis(1))
        .heartbeat_timeout(Duration::MAX)
        .build();
    let mut pull = pull;
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    for _ in 0..3 {
        peer.command().await;
    }
    peer.send("alive").await;
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "alive");
}

#[tokio::test]
async fn handover_disconnects_old_inproc_peer() {
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).handover(true).build();
    router.bind("inproc://handover").await.unwrap();
    let dealer =
        || DealerSocket::builder_in(&context).routing_id("same").map(|builder| builder.build());
    let (mut old, mut new) = (dealer().unwrap(), dealer().unwrap());
    let mut events = old.events();
    old.connect("inproc://handover").unwrap();
    new.connect("inproc://handover").unwrap();
    disconnected(&mut events).await;
    assert!(is_pending(old.ready()));
    router.send(Message::multipart(["same", "hello"])).await.unwrap();
    assert_eq!(within("the message", new.recv()).await.unwrap(), "hello");
}

#[tokio::test]
async fn sender_conflate_applies_over_inproc() {
    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).build();
    pull.bind("inproc://conflate").await.unwrap();
    let mut push = PushSocket::builder_in(&context).conflate(true).build();
    push.connect("inproc://conflate").unwrap();
    for number in ["1", "2", "3"] {
        push.try_send(number).unwrap();
    }
    assert_eq!(pull.try_recv().unwrap(), "3");
    assert!(pull.try_recv().is_err());
}

#[tokio::test]
async fn single_use_senders_share_round_robin() {
    let mut pulls = Vec::new();
    let push = PushSocket::new();
    for _ in 0..3 {
        let pull = PullSocket::new();
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        pulls.push(pull);
    }
    for _ in 0..6 {
        push.sender().send("job").await.unwrap();
    }
    for pull in &mut pulls {
        for _ in 0..2 {
            within("a job for everyone", pull.recv()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn gone_peer_cannot_be_subscribed() {
    let mut xpub = XPubSocket::builder().notices(SubscriptionNotices::Manual).build();
    let mut events = xpub.events();
    let endpoint = xpub.bind(ANY_PORT).await.unwrap();
    let mut sub = RawPeer::connect(&endpoint, SocketType::Sub).await;
    sub.subscribe("a").await;
    within("the subscription", xpub.recv()).await.unwrap();
    drop(sub);
    disconnected(&mut events).await;
    assert!(!xpub.subscribe_last_peer("a"));
    xpub.send("a").await.unwrap();
    assert_eq!(xpub.stats().dropped.unsubscribed, 1);
}

#[tokio::test]
async fn events_of_closed_socket_end_at_once() {
    let pull = PullSocket::new();
    let handle = pull.handle().clone();
    pull.close().await;
    let mut events = handle.events();
    assert!(within("the end of the events", events.next()).await.is_none());
}

#[tokio::test]
async fn failed_send_returns_its_own_message() {
    let mut push = PushSocket::new();
    // There is no peer, so the message stays in the socket.
    push.start_send_unpin("parked".into()).unwrap();
    push.handle().close().await;
    let error = push.try_send("given").unwrap_err();
    assert_eq!(error.into_message(), Some("given".into()));
    assert_eq!(push.handle().close().await.unsent, 1, "the other");
}

#[tokio::test]
async fn flush_ends_when_nothing_is_left_to_write() {
    let (listener, endpoint) = listen().await;
    let mut xsub = XSubSocket::new();
    xsub.connect(endpoint).unwrap();
    let peer = RawPeer::accept(&listener, SocketType::XPub).await;
    within("the handshake", xsub.wait_for_peers(1)).await;
    for number in 0..500_u32 {
        let mut topic = vec![0; 60_000];
        topic[..4].copy_from_slice(&number.to_be_bytes());
        xsub.subscribe(topic);
    }
    let mut events = xsub.events();
    let flush = tokio::spawn(async move { xsub.flush().await });
    tokio::task::yield_now().await;
    assert!(!flush.is_finished(), "more than the kernel takes");
    drop(listener);
    peer.reset();
    disconnected(&mut events).await;
    within("the flush to end", flush).await.unwrap().unwrap();
}

#[tokio::test]
async fn reply_survives_exhausted_coop_budget() {
    let (listener, endpoint) = listen().await;
    let mut req = ReqSocket::builder().no_reconnect().build();
    let mut events = req.events();
    req.connect(endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Rep).await;
    req.send("question").await.unwrap();
    peer.recv().await;
    for _ in 0..256 {
        assert!(req.try_recv().is_err());
    }
    peer.send(Message::multipart(["", "answer"])).await;
    drop(peer);
    disconnected(&mut events).await;
    tokio::task::yield_now().await;
    while tokio::task::coop::has_budget_remaining() {
        tokio::task::consume_budget().await;
    }
    assert_eq!(within("the answer", req.recv()).await.unwrap(), "answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_drop_senders_in_parallel_lose_nothing() {
    const MESSAGES: usize = 20_000;
    let context = Context::new();
    let publisher = PubSocket::builder_in(&context).no_drop(true).send_high_water_mark(1).build();
    publisher.bind("inproc://no-drop").await.unwrap();
    let mut sub = SubSocket::builder_in(&context).receive_high_water_mark(1).subscribe("").build();
    sub.connect("inproc://no-drop").unwrap();
    for _ in 0..4 {
        let mut sender = publisher.sender();
        tokio::spawn(async move {
            for _ in 0..MESSAGES / 4 {
                sender.send("x").await.unwrap();
            }
        });
    }
    for _ in 0..MESSAGES {
        within("every message", sub.recv()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_inproc_sockets_leave_no_waiter() {
    let context = Context::new();
    let mut tasks = Vec::new();
    for side in 0..4 {
        let context = context.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..2_000 {
                let mut dealer = DealerSocket::builder_in(&context).linger(Duration::ZERO).build();
                if side % 2 == 0 {
                    dealer.connect("inproc://meet").unwrap();
                    if round % 3 == 0 {
                        // Disconnecting fails if the other socket has closed already.
                        let _ = dealer.disconnect("inproc://meet");
                    }
                } else if dealer.bind("inproc://meet").await.is_err() {
                    continue;
                }
                let mut other = dealer.sender();
                let sending = tokio::spawn(async move { while other.send("x").await.is_ok() {} });
                let _ = dealer.try_recv();
                dealer.handle().close().await;
                sending.await.unwrap();
            }
        }));
    }
    for task in tasks {
        within("all rounds", task).await.unwrap();
    }
    // No queued message remains for this name.
    let late = DealerSocket::builder_in(&context).build();
    late.bind("inproc://meet").await.unwrap();
    assert_eq!(late.stats().peers.len(), 0);
}

#[tokio::test]
async fn dropped_receiver_blocks_no_inproc_peer() {
    let context = Context::new();
    let (one, mut other) =
        (DealerSocket::builder_in(&context).build(), DealerSocket::builder_in(&context).build());
    one.bind("inproc://deaf").await.unwrap();
    other.connect("inproc://deaf").unwrap();
    let (mut sender, receiver) = one.split();
    while other.try_send("unheard").is_ok() {}
    drop(receiver);
    for _ in 0..10_000 {
        within("room", other.send("unheard")).await.unwrap();
    }
    sender.send("heard").await.unwrap();
    assert_eq!(within("the message", other.recv()).await.unwrap(), "heard");
}

#[tokio::test]
async fn dropped_full_receiver_keeps_connection() {
    let dealer = DealerSocket::builder().receive_high_water_mark(1).build();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
    let (_sender, mut receiver) = dealer.split();
    for _ in 0..3 {
        peer.send("unheard").await;
    }
    within("the first", receiver.recv()).await.unwrap();
    drop(receiver);
    peer.sync().await;
}

#[tokio::test]
async fn publisher_discards_inproc_upstream() {
    let context = Context::new();
    let publisher = PubSocket::builder_in(&context).build();
    publisher.bind("inproc://up").await.unwrap();
    let mut xsub = XSubSocket::builder_in(&context).build();
    xsub.connect("inproc://up").unwrap();
    for _ in 0..10_000 {
        xsub.send("up").await.unwrap();
    }
    assert_eq!(xsub.stats().dropped.full, 0);
}

/// A SUB could never connect again after a permanent rejection, because its endpoint still counted
/// as connected.
#[tokio::test]
async fn ended_endpoint_can_be_reconnected() {
    let publisher = XPubSocket::new();
    let endpoint = publisher.bind("tcp://127.0.0.1:0").await.unwrap();
    let mut sub = SubSocket::builder().no_reconnect().subscribe("").build();
    let mut events = sub.events();
    sub.connect(&endpoint).unwrap();
    within("the connection", sub.wait_for_peers(1)).await;
    publisher.close().await;
    within("the end of the attempts", async {
        while !matches!(events.next().await, Some(SocketEvent::ConnectStopped { .. })) {}
    })
    .await;

    let mut publisher = XPubSocket::new();
    publisher.bind(&endpoint).await.unwrap();
    sub.connect(&endpoint).unwrap();
    within("the subscription", publisher.recv()).await.unwrap();
    publisher.send("again").await.unwrap();
    assert_eq!(within("the message", sub.recv()).await.unwrap(), "again");
}

/// A socket that is closed as a sink accepts no message.
#[tokio::test]
async fn closed_sink_rejects_messages() {
    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).build();
    let mut push = PushSocket::builder_in(&context).build();
    pull.bind("inproc://closed-sink").await.unwrap();
    push.connect("inproc://closed-sink").unwrap();
    futures_util::SinkExt::send(&mut push, "last".into()).await.unwrap();
    futures_util::SinkExt::close(&mut push).await.unwrap();
    let error = push.send("too late").await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Closed);
    assert_eq!(within("the last message", pull.recv()).await.unwrap(), "last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changing_tcp_endpoints_lose_no_message() {
    come_and_go([ANY_PORT; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changing_inproc_endpoints_lose_no_message() {
    come_and_go(["inproc://come", "inproc://go"]).await;
}

/// Several tasks send while another task connects and disconnects repeatedly.
async fn come_and_go(endpoints: [&str; 2]) {
    const SENDERS: u32 = 4;
    const MESSAGES: u32 = 5_000;
    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(1).build();
    let one = pull.bind(endpoints[0]).await.expect("a free endpoint");
    let other = pull.bind(endpoints[1]).await.expect("a free endpoint");
    let push = PushSocket::builder_in(&context).send_high_water_mark(1).build();
    push.connect(one).expect("an open socket");
    for sender in 0..SENDERS {
        let mut push = push.sender();
        tokio::spawn(async move {
            for number in 0..MESSAGES {
                push.send(format!("{}", sender * MESSAGES + number)).await.expect("an open socket");
            }
        });
    }
    let handle = push.handle().clone();
    let coming_and_going = tokio::spawn(async move {
        loop {
            handle.connect(other.clone()).expect("an open socket");
            tokio::task::yield_now().await;
            handle.disconnect(other.clone()).expect("connected");
        }
    });
    let mut seen = HashSet::new();
    for _ in 0..SENDERS * MESSAGES {
        let message = within("every message", pull.recv()).await.expect("an open socket");
        assert!(seen.insert(message.to_string()), "{message} came twice");
    }
    coming_and_going.abort();
    assert_eq!(within("the socket to close", push.close()).await.unsent, 0);
}

#[cfg(feature = "curve")]
#[tokio::test]
async fn conflate_applies_to_encrypted_messages() {
    use zeromq_async::security::{Decision, generate_curve_keys};

    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let mut pull = PullSocket::builder()
        .receive_high_water_mark(1)
        .curve_server(server, async |_| Decision::allow_as("anyone"))
        .build();
    let mut push = PushSocket::builder().conflate(true).curve_client(client, server_key).build();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    within("the connection", push.wait_for_peers(1)).await;
    let message = Message::from(vec![0; 60_000]);
    for _ in 0..1_000 {
        push.send(message.clone()).await.unwrap();
        tokio::task::yield_now().await;
    }
    push.send("the latest").await.unwrap();
    let stats = push.stats();
    assert!(stats.queued <= 3, "at most the message in writing and the latest: {stats:?}");
    while within("the latest", pull.recv()).await.unwrap() != "the latest" {}
}

/// Unread notices used to stop later subscriptions: the subscriptions of the read that filled the
/// queue took effect, and the next ones did not.
#[tokio::test]
async fn unread_notices_do_not_stop_subscriptions() {
    let mut publisher = XPubSocket::builder().receive_high_water_mark(10).build();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut sub = RawPeer::connect(&endpoint, SocketType::Sub).await;
    // More than one read, so that one command is split.
    let mut bytes = Vec::new();
    for number in 0..5000 {
        let topic = format!("topic {number:04}").into();
        zmtp::wire::Command::Subscribe { topic }.encode(&mut bytes);
    }
    sub.write_bytes(&bytes).await;
    sub.sync().await;
    publisher.send("topic 4999").await.unwrap();
    assert_eq!(sub.recv().await, "topic 4999");
}

/// A message larger than one write used to be sent partially. The rest followed with the next
/// message.
#[tokio::test]
async fn large_message_is_sent_without_a_successor() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::new();
    push.connect(endpoint).unwrap();
    let mut pull = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    for megabytes in 1..8 {
        let message = vec![megabytes; usize::from(megabytes) << 20];
        push.send(message.clone()).await.unwrap();
        assert_eq!(pull.recv().await, &message[..]);
    }
}

/// A dialed peer replaces an inproc peer. The old peer leaves the list of dialed pipes while the new one
/// starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialed_peer_replaces_inproc_peer() {
    let context = Context::new();
    let router = RouterSocket::builder_in(&context).handover(true).build();
    router.bind("inproc://handover-by-dialing").await.unwrap();
    let dealer =
        || DealerSocket::builder_in(&context).routing_id("same").map(|builder| builder.build());
    let (old, mut new) = (dealer().unwrap(), dealer().unwrap());
    let mut events = old.events();
    old.connect("inproc://handover-by-dialing").unwrap();
    router.connect(new.bind(ANY_PORT).await.unwrap()).unwrap();
    disconnected(&mut events).await;
    let (mut sender, _receiver) = router.split();
    let message = Message::multipart(["same", "hello"]);
    within("the send", sender.send(message)).await.unwrap();
    assert_eq!(within("the message", new.recv()).await.unwrap(), "hello");
}

/// A rejected request takes no number: the reply to the last request is still awaited.
#[tokio::test]
async fn refused_request_keeps_the_last_awaited() {
    let context = Context::new();
    let builder = ReqSocket::builder_in(&context).relaxed(true).correlate(true);
    let mut req = builder.send_high_water_mark(1).build();
    req.connect("inproc://refused-request").unwrap();
    req.try_send("one").unwrap();
    assert!(req.try_send("two").is_err());
    let mut rep = RepSocket::builder_in(&context).build();
    rep.bind("inproc://refused-request").await.unwrap();
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "one");
    rep.send("the reply").await.unwrap();
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "the reply");
}

/// A reply counts after its peer has disconnected and connected again.
#[tokio::test]
async fn reply_outlives_inproc_reconnect() {
    let context = Context::new();
    let mut req = ReqSocket::builder_in(&context).build();
    req.bind("inproc://reply-outlives").await.unwrap();
    let mut rep = RepSocket::builder_in(&context).build();
    rep.connect("inproc://reply-outlives").unwrap();
    req.send("request").await.unwrap();
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "request");
    rep.send("the reply").await.unwrap();
    rep.disconnect("inproc://reply-outlives").unwrap();
    rep.connect("inproc://reply-outlives").unwrap();
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "the reply");
}

/// A request that no peer takes leaves the reply to the last one in the queue.
#[tokio::test]
async fn refused_request_keeps_the_last_reply() {
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).receive_high_water_mark(1).build();
    router.bind("inproc://refused-keeps-reply").await.unwrap();
    let builder = ReqSocket::builder_in(&context).relaxed(true).send_high_water_mark(1);
    let mut req = builder.routing_id("req").unwrap().build();
    req.connect("inproc://refused-keeps-reply").unwrap();
    req.try_send("one").unwrap();
    req.try_send("two").unwrap();
    router.send(Message::multipart(["req", "", "reply to two"])).await.unwrap();
    assert!(req.try_send("three").is_err());
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "reply to two");
}
