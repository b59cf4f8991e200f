//! Outcomes of messages that could not be sent: returned, dropped after several attempts, or
//! counted.

use std::collections::HashMap;
use std::time::Duration;

use support::relay::{Way, relay, unaltered};
use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, event, fast_reconnect, handshake_succeeded,
    huge, is_pending, listen, within,
};
use tokio::time::Instant;
use zeromq_async::{
    Context, DealerSocket, DetachError, DisconnectReason, DropReason, Endpoint, Events, Message,
    PubSocket, PullSocket, PushSocket, RouterSocket, SendErrorKind, SocketEvent, SocketType,
    SubSocket, UnsentMessages, XPubSocket,
};
use zeromq_test::Fault;

fn messages(unsent: UnsentMessages) -> Vec<Message> {
    unsent.map(|unsent| unsent.message).collect()
}

// ---- returned messages ----

#[tokio::test]
async fn close_returns_unsent_messages() {
    let ports = [ReservedPort::new(), ReservedPort::new()];
    let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    for port in &ports {
        push.connect(port.endpoint()).unwrap();
    }
    for number in 0..5 {
        push.send(Message::multipart([format!("{number}"), "and more".into()])).await.unwrap();
    }
    let report = within("the socket to close", push.close()).await;
    assert_eq!(report.unsent, 5);
    let unsent = report.into_unsent();
    assert_eq!(unsent.len(), 5);
    let mut numbers = Vec::new();
    for one in unsent {
        assert!(ports.iter().any(|port| Some(port.endpoint()) == one.endpoint));
        assert!(one.peer.is_some());
        assert_eq!(one.message.last().unwrap(), "and more");
        numbers.push(one.message.first().unwrap().to_vec());
    }
    numbers.sort();
    assert_eq!(numbers, [b"0", b"1", b"2", b"3", b"4"]);
}

#[tokio::test]
async fn close_returns_partly_written_message_whole() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().linger(Duration::from_millis(50)).build();
    push.connect(&endpoint).unwrap();
    let _peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.send(huge(7)).await.unwrap();
    push.send("behind").await.unwrap();
    let unsent = messages(within("the socket to close", push.close()).await.into_unsent());
    assert_eq!(unsent, [huge(7), Message::from("behind")]);
}

#[tokio::test]
async fn close_returns_messages_parked_in_the_sink() {
    let mut push = PushSocket::builder().send_high_water_mark(1).linger(Duration::ZERO).build();
    push.connect("inproc://parked-back").unwrap();
    let mut other = push.sender();
    push.ready().await.unwrap();
    other.send("first").await.unwrap();
    futures_util::SinkExt::start_send_unpin(&mut push, "second".into()).unwrap();
    drop(other);
    let mut unsent = messages(push.close().await.into_unsent());
    unsent.sort_by_key(|message| message.first().unwrap().to_vec());
    assert_eq!(unsent, ["first", "second"]);
}

#[tokio::test]
async fn context_shutdown_returns_unsent_messages() {
    let context = Context::new();
    let mut sockets = Vec::new();
    for number in 0..3 {
        let mut push = PushSocket::builder_in(&context).linger(Duration::ZERO).build();
        push.connect("inproc://shutdown").unwrap();
        push.send(format!("{number}")).await.unwrap();
        sockets.push(push);
    }
    let report = within("the context to shut down", context.shutdown()).await;
    assert_eq!((report.unsent, report.into_unsent().len()), (3, 3));
}

/// The recipe for a job queue: a job that one worker did not accept goes to the next.
#[tokio::test]
async fn messages_lost_with_peer_can_be_taken_back() {
    let mut push = PushSocket::builder().keep_unsent(10).build();
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    push.send("behind").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    within("the loss", async {
        while push.stats().lost < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let unsent = push.handle().take_unsent();
    assert_eq!(messages(unsent), [huge(1), Message::from("behind")]);
    assert_eq!(push.handle().take_unsent().len(), 0, "given twice");
    assert_eq!(push.close().await.unsent, 2);
}

#[tokio::test]
async fn keep_unsent_keeps_the_latest() {
    for (keep, expected) in [(2, vec!["3", "4"]), (0, vec![])] {
        let port = ReservedPort::new();
        let builder = PushSocket::builder().linger(Duration::ZERO).keep_unsent(keep);
        let mut push = builder.build();
        push.connect(port.endpoint()).unwrap();
        for number in 0..5 {
            push.send(format!("{number}")).await.unwrap();
        }
        push.disconnect(port.endpoint()).unwrap();
        within("the loss", async {
            while push.stats().lost < 5 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(messages(push.handle().take_unsent()), expected);
    }
}

#[tokio::test]
async fn unsent_router_messages_keep_routing_id() {
    let mut router = RouterSocket::builder().keep_unsent(10).build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "worker").await;
    router.wait_for_peers(1).await;
    router.send(Message::multipart(["worker".into(), support::huge_frame()])).await.unwrap();
    router.send(Message::multipart(["worker", "job"])).await.unwrap();
    drop(peer);
    within("the loss", async {
        while router.stats().lost < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let last = router.handle().take_unsent().last().unwrap();
    assert_eq!((&last.routing_id[..], last.message), (&b"worker"[..], "job".into()));
}

// ---- refused messages ----

/// Ends a connection after a few bytes of a message, like a peer with a smaller size limit.
async fn refuse(listener: &tokio::net::TcpListener) {
    refuse_as(SocketType::Pull, listener).await;
}

async fn refuse_as(socket_type: SocketType, listener: &tokio::net::TcpListener) {
    let mut peer = RawPeer::accept(listener, socket_type).await;
    peer.read_part().await;
    peer.reset();
}

#[tokio::test]
async fn message_that_breaks_connections_is_dropped() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).keep_unsent(1).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    push.send(huge(1)).await.unwrap();
    push.send("behind").await.unwrap();
    for _ in 0..3 {
        assert_eq!(push.stats().dropped.refused, 0);
        refuse(&listener).await;
    }
    let refused = event(&mut events, "the message to be given up", |event| match event {
        SocketEvent::MessageRefused { endpoint, attempts, bytes, .. } => {
            Some((endpoint, attempts, bytes))
        }
        _ => None,
    });
    let (at, attempts, bytes) = refused.await;
    assert_eq!((at, attempts, bytes), (endpoint, 3, support::HUGE + 9));
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, "behind");
    let stats = push.stats();
    assert_eq!((stats.dropped.refused, stats.sent, stats.lost), (1, 1, 0));
    assert_eq!(stats.peers[0].dropped.refused, 1);
    assert_eq!(messages(push.handle().take_unsent()), [huge(1)]);
}

/// The hello message of each new connection is not the refused message.
#[tokio::test]
async fn message_behind_greeting_can_be_dropped() {
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().reconnect(fast_reconnect()).hello("hello").build();
    let mut events = dealer.events();
    dealer.connect(&endpoint).unwrap();
    dealer.send(huge(1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(dealer.stats().dropped.refused, 0);
        refuse_as(SocketType::Router, &listener).await;
    }
    event(&mut events, "the message to be given up", |event| match event {
        SocketEvent::MessageRefused { attempts, .. } => Some(attempts),
        _ => None,
    })
    .await;
    assert_eq!(dealer.stats().dropped.refused, 1);
}

/// Notices pass the high-water mark, and a peer that reconnects could cause any number of them.
#[tokio::test]
async fn unread_notices_are_bounded() {
    let (listener, endpoint) = listen().await;
    let dealer = DealerSocket::builder()
        .reconnect(fast_reconnect())
        .receive_high_water_mark(2)
        .hiccup_message("gone for now")
        .build();
    let mut events = dealer.events();
    dealer.connect(&endpoint).unwrap();
    for _ in 0..1100 {
        drop(RawPeer::accept(&listener, SocketType::Router).await);
        disconnected(&mut events).await;
    }
    assert_eq!(dealer.stats().unread, 1024);
}

#[tokio::test]
async fn resend_forever_keeps_the_message() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).resend_forever().build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    push.send(huge(1)).await.unwrap();
    for _ in 0..6 {
        refuse(&listener).await;
        disconnected(&mut events).await;
    }
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, huge(1));
    assert_eq!(push.stats().dropped.refused, 0);
}

// ---- one peer ----

#[tokio::test]
async fn disconnect_peer_sends_queued_messages_first() {
    for endpoint in ["inproc://one-peer", ANY_PORT] {
        let context = Context::new();
        let mut router = RouterSocket::builder_in(&context).build();
        let mut events = router.events();
        let endpoint = router.bind(endpoint).await.unwrap();
        let dealer = || DealerSocket::builder_in(&context).no_reconnect();
        let mut one = dealer().routing_id("one").unwrap().build();
        let mut other = dealer().routing_id("other").unwrap().build();
        for dealer in [&one, &other] {
            dealer.connect(&endpoint).unwrap();
        }
        router.wait_for_peers(2).await;
        let peers = router.stats().peers;
        let peer = peers.iter().find(|peer| peer.routing_id == "one").unwrap().peer;
        router.send(Message::multipart(["one", "farewell"])).await.unwrap();
        router.handle().disconnect_peer(peer).unwrap();
        assert_eq!(within("the last message", one.recv()).await.unwrap(), "farewell");
        let (gone, reason) = event(&mut events, "the end", |event| match event {
            SocketEvent::Disconnected { peer, reason, .. } => Some((peer, reason)),
            _ => None,
        })
        .await;
        assert_eq!(gone, peer);
        assert!(matches!(reason, DisconnectReason::Closed), "{reason}");
        router.send(Message::multipart(["other", "still here"])).await.unwrap();
        assert_eq!(within("the other's", other.recv()).await.unwrap(), "still here");
        within("the peer to be forgotten", async {
            while router.handle().disconnect_peer(peer).is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(router.handle().disconnect_peer(peer), Err(DetachError::NoPeer(peer)));
    }
}

#[tokio::test]
async fn disconnect_peer_lingers_then_drops() {
    let mut router = RouterSocket::builder()
        .mandatory(true)
        .linger(Duration::from_millis(50))
        .keep_unsent(5)
        .build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut events = router.events();
    let _peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "slow").await;
    router.wait_for_peers(1).await;
    router.send(Message::multipart(["slow".into(), support::huge_frame()])).await.unwrap();
    let peer = router.stats().peers[0].peer;
    router.handle().disconnect_peer(peer).unwrap();

    // The peer is leaving: a mandatory ROUTER reports that and returns the message.
    let error = router.send(Message::multipart(["slow", "too late"])).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::Unroutable("slow".into()));
    assert_eq!(error.into_message().unwrap(), Message::multipart(["slow", "too late"]));
    assert_eq!(disconnected(&mut events).await, 1);
    within("the peer to leave", async {
        while !router.stats().peers.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((router.stats().lost, router.handle().take_unsent().len()), (1, 1));
}

#[tokio::test]
async fn disconnect_peer_stops_reconnecting() {
    let (listener, endpoint) = listen().await;
    let push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.handle().disconnect_peer(push.stats().peers[0].peer).unwrap();
    peer.closed().await;
    drop(peer);
    let stopped = event(&mut events, "the end of attempts", |event| match event {
        SocketEvent::ConnectStopped { endpoint, attempts } => Some((endpoint, attempts)),
        _ => None,
    });
    assert_eq!(stopped.await, (endpoint.clone(), 0));
    assert!(push.disconnect(&endpoint).is_err(), "the endpoint is still known");
}

// ---- dropping a socket ----

#[tokio::test]
async fn dropped_socket_lingers_then_ends() {
    for linger in [Duration::ZERO, Duration::from_millis(200)] {
        let (listener, endpoint) = listen().await;
        let mut push = PushSocket::builder().linger(linger).build();
        let mut events = push.events();
        push.connect(&endpoint).unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        push.wait_for_peers(1).await;
        push.send(huge(1)).await.unwrap();
        let before = Instant::now();
        drop(push);
        within("the socket to end", async { while events.next().await.is_some() {} }).await;
        assert!(before.elapsed() >= linger, "{:?} of {linger:?}", before.elapsed());
        assert_eq!(peer.drain().await.len(), 0, "a part of a message is none");
    }
}

// ---- events ----

#[tokio::test(start_paused = true)]
async fn drop_events_come_once_a_second() {
    let mut router = RouterSocket::new();
    let mut events = router.events();
    let unroutable = |event| match event {
        SocketEvent::Dropping { reason: DropReason::Unroutable, count } => Some(count),
        _ => None,
    };
    let mut sent = 0;
    let begun = Instant::now();
    let mut told = Vec::new();
    for burst in [1, 5, 500] {
        for _ in 0..burst {
            router.send(Message::multipart(["unknown", "hello"])).await.unwrap();
        }
        sent += burst;
        told.push((event(&mut events, "drops", unroutable).await, begun.elapsed().as_millis()));
    }
    assert_eq!(told.iter().map(|(count, _)| count).sum::<u64>(), sent);
    let counts: Vec<_> = told.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, [1, 5, 500]);
    assert!(told[1].1 >= 1000 && told[2].1 >= 2000, "{told:?}");
    assert_eq!(router.stats().dropped.unroutable, sent);
}

#[tokio::test]
async fn drop_at_high_water_mark_is_reported() {
    let mut publisher = PubSocket::builder().send_high_water_mark(10).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut slow = RawPeer::connect(&endpoint, SocketType::Sub).await;
    slow.subscribe("").await;
    within("the subscription", publisher.wait_for_subscribers("", 1)).await;
    while publisher.stats().dropped.full == 0 {
        publisher.send(vec![0; 100_000]).await.unwrap();
    }
    let count = event(&mut events, "a drop", |event| match event {
        SocketEvent::Dropping { reason: DropReason::Full, count } => Some(count),
        _ => None,
    });
    assert_eq!(count.await, 1);
}

/// The counts of `Dropping` events until the events end.
async fn dropped_until_closed(events: &mut Events) -> HashMap<DropReason, u64> {
    let mut counts = HashMap::new();
    within("the events to end", async {
        while let Some(event) = events.next().await {
            if let SocketEvent::Dropping { reason, count } = event {
                *counts.entry(reason).or_default() += count;
            }
        }
    })
    .await;
    counts
}

#[tokio::test]
async fn messages_lost_after_linger_are_reported() {
    let (listener, endpoint) = listen().await;
    let linger = Duration::from_millis(50);
    let mut push = PushSocket::builder().linger(linger).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    handshake_succeeded(&mut events).await;
    push.connect("inproc://outcome-never").unwrap();
    // More than the kernel accepts for the first peer. The second endpoint has no peer.
    for _ in 0..200 {
        push.send(vec![0; 100_000]).await.unwrap();
    }
    drop(push);
    let lost = dropped_until_closed(&mut events).await;
    assert!(lost[&DropReason::Lost] >= 100, "{lost:?}");
    let received = peer.drain().await.len() as u64;
    assert_eq!(lost[&DropReason::Lost] + received, 200, "{lost:?}");
}

#[tokio::test]
async fn fully_sent_socket_reports_no_drops() {
    let mut push = PushSocket::new();
    let mut pull = PullSocket::new();
    let mut events = push.events();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    push.send("hello").await.unwrap();
    drop(push);
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "hello");
    assert_eq!(dropped_until_closed(&mut events).await, HashMap::new());
}

#[tokio::test]
async fn drops_during_linger_are_reported() {
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().linger(Duration::from_millis(200)).build();
    let mut events = dealer.events();
    dealer.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Dealer).await;
    handshake_succeeded(&mut events).await;
    let handle = dealer.handle().clone();
    for _ in 0..200 {
        dealer.send(vec![0; 100_000]).await.unwrap();
    }
    drop(dealer); // with its receiver
    let lingering = async {
        for _ in 0..3 {
            peer.send("too late").await;
        }
        dropped_until_closed(&mut events).await
    };
    let (report, told) = tokio::join!(handle.close(), lingering);
    assert_eq!(told.get(&DropReason::Unheard), Some(&3), "{told:?}");
    assert_eq!(told.get(&DropReason::Lost), Some(&(report.unsent as u64)), "{told:?}");
}

#[tokio::test]
async fn connection_events_carry_attempt_number() {
    let port = ReservedPort::new();
    let push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(port.endpoint()).unwrap();
    let failed = event(&mut events, "two failures", |event| match event {
        SocketEvent::ConnectFailed { attempt: 2, .. } => Some(()),
        _ => None,
    });
    failed.await;
    let pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    let attempt = event(&mut events, "a connection", |event| match event {
        SocketEvent::Connected { attempt, .. } => Some(attempt),
        _ => None,
    });
    assert!(attempt.await > 2);
}

// ---- subscribers ----

/// Row 1 of the catalogue, the slow joiner.
#[tokio::test]
async fn wait_for_subscribers_loses_nothing() {
    for transport in ["inproc", "tcp"] {
        for run in 0..500 {
            let context = Context::new();
            let endpoint = match transport {
                "inproc" => format!("inproc://slow-joiner-{run}"),
                _ => ANY_PORT.into(),
            };
            let mut publisher = PubSocket::builder_in(&context).build();
            let mut sub = SubSocket::builder_in(&context).subscribe("to").build();
            sub.connect(publisher.bind(&endpoint[..]).await.unwrap()).unwrap();
            within("the subscription", publisher.wait_for_subscribers("topic", 1)).await;
            publisher.send("topic 1").await.unwrap();
            assert_eq!(within("the first message", sub.recv()).await.unwrap(), "topic 1");
            assert_eq!(publisher.stats().dropped.total(), 0);
        }
    }
}

#[tokio::test]
async fn wait_for_subscribers_counts_matches_only() {
    let publisher = XPubSocket::new();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut one = RawPeer::connect(&endpoint, SocketType::Sub).await;
    let mut other = RawPeer::connect(&endpoint, SocketType::Sub).await;
    one.subscribe("a").await;
    one.subscribe("ab").await;
    one.sync().await;
    other.subscribe("b").await;
    other.sync().await;
    let is_there = |topic, count| !is_pending(publisher.wait_for_subscribers(topic, count));
    assert!(is_there("abc", 1) && is_there("b", 1) && is_there("anything", 0));
    assert!(!is_there("abc", 2), "one peer counts once");
    assert!(!is_there("c", 1));
    let waiting = publisher.wait_for_subscribers("abc", 2);
    let (_, ()) = tokio::join!(within("the other", waiting), other.subscribe(""));
    one.cancel("ab").await;
    one.sync().await;
    assert!(is_there("abc", 2));
    one.cancel("a").await;
    one.sync().await;
    assert!(!is_there("abc", 2));
    drop(other);
    publisher.handle().close().await;
    assert!(is_there("abc", 2), "waits for a socket that is closed");
}

// ---- resilient ----

/// A peer behind a black hole: the connection stays open, and no byte passes.
#[tokio::test]
async fn resilient_socket_detects_silent_peer() {
    let router = RouterSocket::new();
    let relay = relay(&router.bind(ANY_PORT).await.unwrap(), |_| unaltered()).await;
    let dealer = DealerSocket::builder().resilient().build();
    let mut events = dealer.events();
    dealer.connect(relay.endpoint()).unwrap();
    within("the peer", dealer.wait_for_peers(1)).await;
    for way in Way::BOTH {
        relay.fault(way, Fault::BlackHole);
    }
    // No peer answers from here on, so that the clock may advance.
    tokio::time::pause();
    let silent_since = Instant::now();
    let reason = loop {
        if let SocketEvent::Disconnected { reason, .. } = events.next().await.unwrap() {
            break reason;
        }
    };
    let after = silent_since.elapsed();
    assert!(matches!(reason, DisconnectReason::HeartbeatTimedOut), "{reason}");
    let (least, most) =
        (Duration::from_secs(15), Duration::from_secs(5 + 15) + Duration::from_millis(50));
    assert!(after >= least && after <= most, "after {after:?}");
    let delay = event(&mut events, "another attempt", |event| match event {
        SocketEvent::ConnectRetried { delay, .. } => Some(delay),
        _ => None,
    });
    assert!(delay.await <= Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn resilient_socket_backs_off_with_a_cap() {
    let port = ReservedPort::new();
    let dealer = DealerSocket::builder().resilient().build();
    let mut events = dealer.events();
    let endpoint: Endpoint = port.endpoint();
    dealer.connect(&endpoint).unwrap();
    let mut delays = Vec::new();
    while delays.len() < 20 {
        if let Some(SocketEvent::ConnectRetried { delay, .. }) = events.next().await {
            delays.push(delay);
        }
    }
    assert!(delays[0] <= Duration::from_millis(100), "{delays:?}");
    let last = &delays[12..];
    let (least, most) = (Duration::from_secs(15), Duration::from_secs(30));
    assert!(last.iter().all(|delay| (least..=most).contains(delay)), "{delays:?}");
    assert!(last.iter().any(|delay| delay != &last[0]), "no jitter: {delays:?}");
}
