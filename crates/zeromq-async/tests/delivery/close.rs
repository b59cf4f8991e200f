//! Closing a socket: it writes queued messages within the linger time and reports the rest.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt};
use support::{
    ANY_PORT, DEADLINE, HUGE, RawPeer, ReservedPort, disconnected, fast_reconnect, huge,
    is_pending, listen, within,
};
use tokio::time::{Instant, timeout};
use zeromq_async::{
    Context, DealerSocket, PairSocket, PullSocket, PushSocket, RecvError, ReqSocket, RouterSocket,
    SendErrorKind, SocketBuilder, SocketType,
};

const SHORT: Duration = Duration::from_millis(100);

/// The kinds of linger time: none, finite and endless.
fn lingers() -> [(Option<Duration>, SocketBuilder<zeromq_async::Push>); 3] {
    [
        (Some(Duration::ZERO), PushSocket::builder().linger(Duration::ZERO)),
        (Some(SHORT), PushSocket::builder().linger(SHORT)),
        (None, PushSocket::builder().linger_forever()),
    ]
}

// ---- linger time × peer ----

#[tokio::test]
async fn close_report_counts_what_peer_did_not_get() {
    for (linger, builder) in lingers() {
        let (listener, endpoint) = listen().await;
        let mut push = builder.build();
        push.connect(&endpoint).unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        push.wait_for_peers(1).await;
        for number in 0..500 {
            push.send(format!("{number}")).await.unwrap();
        }
        let report = within("the socket to close", push.close()).await;
        let received = peer.drain().await;
        for (number, message) in received.iter().enumerate() {
            assert_eq!(*message, format!("{number}"));
        }
        assert_eq!(received.len() + report.unsent, 500, "linger {linger:?}");
        if linger != Some(Duration::ZERO) {
            assert_eq!(report.unsent, 0, "linger {linger:?}");
        }
    }
}

#[tokio::test]
async fn idle_socket_closes_without_linger() {
    for (linger, builder) in lingers() {
        let port = ReservedPort::new();
        let push = builder.build();
        push.connect(port.endpoint()).unwrap();
        push.bind(ANY_PORT).await.unwrap();
        let report = within("the socket to close", push.close()).await;
        assert_eq!(report.unsent, 0, "linger {linger:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn close_lingers_for_absent_inproc_peer() {
    let context = Context::new();
    for linger in [Duration::ZERO, SHORT, Duration::from_secs(3600)] {
        let mut push = PushSocket::builder_in(&context).linger(linger).build();
        push.connect("inproc://unbound").unwrap();
        for _ in 0..5 {
            push.send("lost").await.unwrap();
        }
        let before = Instant::now();
        let report = push.close().await;
        let took = before.elapsed();
        assert_eq!(report.unsent, 5);
        assert!(took >= linger && took <= linger + SHORT, "took {took:?} of {linger:?}");
    }
}

#[tokio::test]
async fn close_lingers_for_absent_tcp_peer() {
    for linger in [Duration::ZERO, SHORT] {
        let port = ReservedPort::new();
        let mut push = PushSocket::builder().linger(linger).reconnect(fast_reconnect()).build();
        push.connect(port.endpoint()).unwrap();
        for _ in 0..5 {
            push.send("lost").await.unwrap();
        }
        let before = Instant::now();
        let report = within("the linger time to pass", push.close()).await;
        assert_eq!(report.unsent, 5);
        assert!(before.elapsed() >= linger, "after {:?} of {linger:?}", before.elapsed());
    }
}

#[tokio::test]
async fn endless_linger_waits_for_late_tcp_peer() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().linger_forever().reconnect(fast_reconnect()).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..5 {
        push.send(format!("{number}")).await.unwrap();
    }
    let closing = tokio::spawn(push.close());
    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    for number in 0..5 {
        let received = within("what waited", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
    assert_eq!(within("the socket to close", closing).await.unwrap().unsent, 0);
}

#[tokio::test]
async fn endless_linger_waits_for_late_inproc_peer() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).linger_forever().build();
    push.connect("inproc://late").unwrap();
    push.send("patient").await.unwrap();
    let mut closing = Box::pin(push.close());
    assert!(closing.as_mut().now_or_never().is_none(), "closed before its message was taken");
    let mut pull = PullSocket::builder_in(&context).build();
    pull.bind("inproc://late").await.unwrap();
    assert_eq!(within("the socket to close", closing).await.unsent, 0);
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "patient");
}

#[tokio::test]
async fn close_lingers_for_unreading_peer() {
    for linger in [Duration::ZERO, SHORT] {
        let (listener, endpoint) = listen().await;
        let mut push = PushSocket::builder().linger(linger).build();
        push.connect(&endpoint).unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        push.wait_for_peers(1).await;
        for number in 0..3 {
            push.send(huge(number)).await.unwrap();
        }
        let before = Instant::now();
        let report = within("the linger time to pass", push.close()).await;
        assert!(before.elapsed() >= linger, "after {:?} of {linger:?}", before.elapsed());
        assert_eq!(report.unsent, 3);
        assert!(peer.drain().await.is_empty(), "a part of a message is none");
    }
}

#[tokio::test]
async fn endless_linger_waits_for_slow_reader() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().linger_forever().build();
    push.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    for number in 0..3 {
        push.send(huge(number)).await.unwrap();
    }
    let mut closing = Box::pin(push.close());
    assert!(closing.as_mut().now_or_never().is_none(), "closed before all was written");
    let reading = async {
        for number in 0..3 {
            assert_eq!(peer.recv().await, huge(number));
        }
        peer.closed().await;
        drop(peer);
    };
    let (report, ()) = tokio::join!(within("the socket to close", closing), reading);
    assert_eq!(report.unsent, 0);
}

#[tokio::test]
async fn lingering_socket_reconnects() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().linger_forever().reconnect(fast_reconnect()).build();
    push.connect(&endpoint).unwrap();
    let peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    push.send("behind").await.unwrap();
    let closing = tokio::spawn(push.close());
    tokio::task::yield_now().await;
    peer.reset();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, huge(1));
    assert_eq!(peer.recv().await, "behind");
    peer.closed().await;
    drop(peer);
    assert_eq!(within("the socket to close", closing).await.unwrap().unsent, 0);
}

/// The socket notices the broken connection before its connection task does.
#[tokio::test]
async fn message_on_broken_connection_is_resent() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().linger_forever().reconnect(fast_reconnect()).build();
    push.connect(&endpoint).unwrap();
    let peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    peer.reset();
    // No other task on this thread has run since, so the first write finds the reset connection.
    push.try_send("one").unwrap();
    push.try_send("two").unwrap();
    assert!(is_pending(push.flush()), "flushed into a connection that is broken");
    let closing = tokio::spawn(push.close());
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, "one");
    assert_eq!(peer.recv().await, "two");
    peer.closed().await;
    drop(peer);
    assert_eq!(within("the socket to close", closing).await.unwrap().unsent, 0);
}

// ---- the report ----

#[tokio::test]
async fn close_report_counts_messages_lost_with_peer() {
    let mut push = PushSocket::new();
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    push.send("behind").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    assert_eq!(within("the socket to close", push.close()).await.unsent, 2);
}

#[tokio::test]
async fn close_report_sums_all_peers() {
    let ports = [ReservedPort::new(), ReservedPort::new(), ReservedPort::new()];
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    for port in &ports {
        push.connect(port.endpoint()).unwrap();
    }
    for _ in 0..10 {
        push.send("lost").await.unwrap();
    }
    assert_eq!(push.close().await.unsent, 10);
}

#[tokio::test]
async fn close_report_counts_disconnected_endpoint() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    push.connect(port.endpoint()).unwrap();
    push.send("lost").await.unwrap();
    push.disconnect(port.endpoint()).unwrap();
    assert_eq!(within("the socket to close", push.close()).await.unsent, 1);
}

#[tokio::test]
async fn message_fed_to_sink_is_sent_or_reported() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().send_high_water_mark(2).linger(Duration::ZERO).build();
    push.connect(port.endpoint()).unwrap();
    push.feed("one".into()).await.unwrap();
    push.feed("two".into()).await.unwrap();
    assert!(is_pending(push.feed("three".into())), "takes more than it has room for");
    assert_eq!(push.close().await.unsent, 2);
}

// ---- dropping ----

#[tokio::test]
async fn dropped_socket_delivers_in_background() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..100 {
        push.send(format!("{number}")).await.unwrap();
    }
    drop(push);
    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    for number in 0..100 {
        let received = within("what the dropped socket had sent", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
}

#[tokio::test]
async fn dropped_inproc_socket_has_delivered() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).build();
    let mut pull = PullSocket::builder_in(&context).build();
    pull.bind("inproc://drop").await.unwrap();
    push.connect("inproc://drop").unwrap();
    for number in 0..100 {
        push.send(format!("{number}")).await.unwrap();
    }
    drop(push);
    for number in 0..100 {
        let received = within("what the dropped socket had sent", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
}

#[tokio::test]
async fn dropped_socket_releases_its_address() {
    let port = ReservedPort::new();
    let pull = PullSocket::new();
    let mut events = pull.events();
    pull.bind(port.endpoint()).await.unwrap();
    drop(pull);
    let end = async { while events.next().await.is_some() {} };
    within("the socket to end", end).await;
    PullSocket::new().bind(port.endpoint()).await.unwrap();
}

#[tokio::test]
async fn dropped_close_continues_in_background() {
    for polls in 0..3 {
        let port = ReservedPort::new();
        let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
        push.connect(port.endpoint()).unwrap();
        push.send("patient").await.unwrap();
        let mut closing = Box::pin(push.close());
        for _ in 0..polls {
            assert!(closing.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(closing);
        let mut pull = PullSocket::new();
        pull.bind(port.endpoint()).await.unwrap();
        assert_eq!(within("the message", pull.recv()).await.unwrap(), "patient");
    }
}

// ---- halves and handles ----

#[tokio::test]
async fn socket_lives_until_both_halves_drop() {
    let mut router = RouterSocket::new();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let dealer = DealerSocket::builder().routing_id("dealer").unwrap().build();
    dealer.connect(&endpoint).unwrap();
    let (mut sender, receiver) = dealer.split();
    drop(receiver);
    sender.send("alive").await.unwrap();
    within("a message", router.recv()).await.unwrap();
    drop(sender);
    disconnected(&mut events).await;
}

#[tokio::test]
async fn handle_of_either_half_closes_the_socket() {
    let pair = PairSocket::new();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Pair).await;
    pair.wait_for_peers(1).await;
    let (mut sender, mut receiver) = pair.split();
    sender.send("last").await.unwrap();
    let report = within("the socket to close", receiver.handle().close()).await;
    assert_eq!(report.unsent, 0);
    assert_eq!(peer.drain().await, ["last"]);
    assert_eq!(*sender.try_send("late").unwrap_err().kind(), SendErrorKind::Closed);
    assert_eq!(within("the end", receiver.recv()).await, Err(RecvError::Closed));
}

#[tokio::test]
async fn closing_wakes_every_waiter() {
    let mut push = PushSocket::builder().send_high_water_mark(1).linger(SHORT).build();
    let port = ReservedPort::new();
    push.connect(port.endpoint()).unwrap();
    push.send("fits").await.unwrap();
    let handle = push.handle().clone();
    let sending = tokio::spawn(async move { push.send("waits").await });

    let mut pull = PullSocket::new();
    let pull_handle = pull.handle().clone();
    let receiving = tokio::spawn(async move { pull.recv().await });

    let mut router =
        RouterSocket::builder().mandatory(true).send_high_water_mark(1).linger(SHORT).build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let _stalled = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    router.wait_for_peers(1).await;
    let router_handle = router.handle().clone();
    let routed = |message| zeromq_async::Message::multipart(["peer".into(), message]);
    router.send(routed(support::huge_frame())).await.unwrap();
    let routing = tokio::spawn(async move { router.send(routed("waits".into())).await });

    let mut req = ReqSocket::builder().linger(SHORT).build();
    req.connect(port.endpoint()).unwrap();
    req.send("request").await.unwrap();
    let req_handle = req.handle().clone();
    let asking = tokio::spawn(async move { req.recv().await });

    tokio::task::yield_now().await;
    assert_eq!(within("PUSH to close", handle.close()).await.unsent, 1);
    within("PULL to close", pull_handle.close()).await;
    assert_eq!(within("ROUTER to close", router_handle.close()).await.unsent, 1);
    within("REQ to close", req_handle.close()).await;

    let error = within("the sender to be told", sending).await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Closed);
    assert_eq!(error.into_message(), Some("waits".into()));
    let error = within("the router to be told", routing).await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Closed);
    let received = within("the receiver to be told", receiving).await.unwrap();
    assert_eq!(received, Err(RecvError::Closed));
    let received = within("the asker to be told", asking).await.unwrap();
    assert!(matches!(received, Err(RecvError::Closed | RecvError::ReplyLost)), "{received:?}");
}

#[tokio::test]
async fn second_close_returns_same_report() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    push.connect(port.endpoint()).unwrap();
    push.send("lost").await.unwrap();
    let handle = push.handle().clone();
    assert_eq!(within("the socket to close", handle.close()).await.unsent, 1);
    assert_eq!(within("the socket to close", push.close()).await.unsent, 1);
}

#[tokio::test]
async fn inproc_sides_can_close_together() {
    for _ in 0..50 {
        let context = Context::new();
        let (one, other) =
            (PairSocket::builder_in(&context).build(), PairSocket::builder_in(&context).build());
        one.bind("inproc://both").await.unwrap();
        other.connect("inproc://both").unwrap();
        let both = async { tokio::join!(tokio::spawn(one.close()), tokio::spawn(other.close())) };
        let (one, other) = within("both to close", both).await;
        assert_eq!((one.unwrap().unsent, other.unwrap().unsent), (0, 0));
    }
}

// ---- contexts ----

#[tokio::test]
async fn context_shutdown_delivers_and_sums_reports() {
    let context = Context::new();
    let port = ReservedPort::new();
    let (listener, endpoint) = listen().await;
    let mut connected = PushSocket::builder_in(&context).build();
    connected.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    for number in 0..10 {
        connected.send(format!("{number}")).await.unwrap();
    }
    let mut lonely = PushSocket::builder_in(&context).linger(SHORT).build();
    lonely.connect(port.endpoint()).unwrap();
    lonely.send("lost").await.unwrap();
    let mut pull = PullSocket::builder_in(&context).build();
    let receiving = tokio::spawn(async move { pull.recv().await });
    let outsider = PushSocket::new();

    let report = within("the context to shut down", context.shutdown()).await;
    assert_eq!(report.unsent, 1);
    assert_eq!(peer.drain().await.len(), 10);
    let received = within("the receiver to be told", receiving).await.unwrap();
    assert_eq!(received, Err(RecvError::Closed));
    for socket in [&mut connected, &mut lonely] {
        assert_eq!(*socket.try_send("late").unwrap_err().kind(), SendErrorKind::Closed);
    }
    outsider.bind(ANY_PORT).await.expect("a socket of another context goes on");
    PullSocket::builder_in(&context).build().bind(ANY_PORT).await.expect("it can be used again");
}

#[tokio::test(start_paused = true)]
async fn context_shutdown_lingers_in_parallel() {
    let context = Context::new();
    let mut sockets = Vec::new();
    for number in 0..5 {
        let mut push = PushSocket::builder_in(&context).linger(SHORT).build();
        push.connect(format!("inproc://unbound {number}")).unwrap();
        push.send("lost").await.unwrap();
        sockets.push(push);
    }
    let before = Instant::now();
    assert_eq!(context.shutdown().await.unsent, 5);
    let took = before.elapsed();
    assert!(took >= SHORT && took < 2 * SHORT, "took {took:?}");
}

#[tokio::test]
async fn context_shutdown_ends_connected_sockets() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).build();
    let mut pull = PullSocket::builder_in(&context).build();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    push.send(huge(1)).await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap().size(), HUGE);
    push.send("small").await.unwrap();
    let done = timeout(DEADLINE, context.shutdown()).await.expect("the context to shut down");
    assert_eq!(done.unsent, 0);
}
