//! The counts of a socket cover every message in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt};
use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, fast_reconnect, handshake_succeeded, is_pending,
    listen, within,
};
use zeromq_async::{
    Context, DealerSocket, Message, PubSocket, PullSocket, PushSocket, RecvError, RepSocket,
    ReqSocket, RouterSocket, SocketHandle, SocketStats, SocketType, SubSocket, XPubSocket,
    XSubSocket,
};

/// Compares the counts with those of the test: messages that `send` accepted and messages that
/// `recv` returned.
#[track_caller]
fn balance(stats: &SocketStats, accepted: u64, taken: u64) {
    let gone = stats.sent + stats.queued + stats.lost + stats.dropped.total();
    assert_eq!(accepted + stats.own, gone, "sending: {stats:#?}");
    assert_eq!(stats.taken, taken, "received by the application: {stats:#?}");
    assert_eq!(
        stats.received,
        taken + stats.unread + stats.discarded.total(),
        "receiving: {stats:#?}"
    );
}

/// Waits until this number of messages has arrived.
async fn received(handle: &SocketHandle, count: u64) {
    within("messages to arrive", async {
        while handle.stats().received < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn pair(endpoint: &str) -> (Context, String) {
    (Context::new(), endpoint.to_owned())
}

// ---- receiving ----

#[tokio::test]
async fn unread_messages_become_abandoned() {
    for endpoint in ["inproc://unread", ANY_PORT] {
        let (context, endpoint) = pair(endpoint);
        let mut pull = PullSocket::builder_in(&context).build();
        let mut push = PushSocket::builder_in(&context).build();
        let handle = pull.handle().clone();
        push.connect(pull.bind(&endpoint[..]).await.unwrap()).unwrap();
        for number in 0..100 {
            push.send(format!("{number}")).await.unwrap();
        }
        received(&handle, 100).await;
        for taken in 1..=40 {
            pull.recv().await.unwrap();
            balance(&handle.stats(), 0, taken);
        }
        assert_eq!(handle.stats().unread, 60, "{endpoint}");
        assert_eq!(handle.stats().discarded.total(), 0, "{endpoint}");

        drop(pull);
        let stats = handle.stats();
        assert_eq!((stats.unread, stats.discarded.abandoned), (0, 60), "{endpoint}");
        push.send("no peer").await.unwrap();
        push.flush().await.unwrap();
        received(&handle, 101).await;
        let stats = handle.stats();
        assert_eq!((stats.unread, stats.discarded.unheard), (0, 1), "{endpoint}");
        assert_eq!(stats.peers[0].discarded, stats.discarded, "{endpoint}");
        balance(&stats, 0, 40);
        balance(&push.stats(), 101, 0);
        assert_eq!(push.stats().sent, 101);
    }
}

#[tokio::test]
async fn messages_of_gone_peer_stay_unread() {
    let mut pull = PullSocket::new();
    let handle = pull.handle().clone();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut events = pull.events();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    for _ in 0..10 {
        peer.send("left behind").await;
    }
    drop(peer);
    disconnected(&mut events).await;
    received(&handle, 10).await;
    balance(&handle.stats(), 0, 0);
    assert_eq!(handle.stats().unread, 10);
    pull.recv().await.unwrap();
    balance(&handle.stats(), 0, 1);
    assert_eq!(handle.stats().unread, 9);
    drop(pull);
    balance(&handle.stats(), 0, 1);
    assert_eq!(handle.stats().discarded.abandoned, 9);
}

#[tokio::test]
async fn message_to_send_only_socket_is_unheard() {
    let publisher = PubSocket::new();
    let push = PushSocket::new();
    for (handle, socket_type) in
        [(publisher.handle(), SocketType::Sub), (push.handle(), SocketType::Pull)]
    {
        let endpoint = handle.bind(ANY_PORT).await.unwrap();
        let mut peer = RawPeer::connect(&endpoint, socket_type).await;
        peer.send("not for you").await;
        peer.sync().await;
        let stats = handle.stats();
        assert_eq!((stats.received, stats.discarded.unheard), (1, 1), "{socket_type:?}");
        balance(&stats, 0, 0);
    }
}

#[tokio::test]
async fn filtered_messages_are_counted() {
    let (mut xpub, mut sub) = (XPubSocket::new(), SubSocket::builder().subscribe("a").build());
    sub.connect(xpub.bind(ANY_PORT).await.unwrap()).unwrap();
    xpub.recv().await.unwrap();
    for _ in 0..3 {
        xpub.send("a message").await.unwrap();
    }
    received(sub.handle(), 3).await;
    assert_eq!(sub.recv().await.unwrap(), "a message");
    sub.unsubscribe("a");
    assert_eq!(sub.try_recv(), Err(RecvError::Empty));
    let stats = sub.stats();
    assert_eq!((stats.unread, stats.discarded.filtered), (0, 2));
    balance(&stats, 0, 1);
    balance(&xpub.stats(), 3, 1);
}

#[tokio::test]
async fn conflated_messages_are_counted() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().conflate(true).reconnect(fast_reconnect()).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..10 {
        push.send(format!("{number}")).await.unwrap();
    }
    assert_eq!(push.stats().dropped.replaced, 9);
    assert_eq!(push.stats().peers[0].dropped.replaced, 9);
    balance(&push.stats(), 10, 0);

    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).conflate(true).build();
    let mut push = PushSocket::builder_in(&context).build();
    push.connect(pull.bind("inproc://conflate").await.unwrap()).unwrap();
    for number in 0..10 {
        push.send(format!("{number}")).await.unwrap();
    }
    assert_eq!(pull.recv().await.unwrap(), "9");
    assert_eq!(pull.stats().discarded.replaced, 9);
    balance(&pull.stats(), 0, 1);
    balance(&push.stats(), 10, 0);
}

#[tokio::test]
async fn rep_counts_malformed_requests() {
    let mut rep = RepSocket::new();
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
    peer.send("no delimiter").await;
    peer.send(Message::multipart(["nothing behind", ""])).await;
    peer.send(Message::multipart(["", "a question"])).await;
    assert_eq!(within("the question", rep.recv()).await.unwrap(), "a question");
    assert_eq!(rep.stats().discarded.malformed, 2);
    balance(&rep.stats(), 0, 1);
}

// ---- REQ ----

#[tokio::test]
async fn req_counts_unasked_replies() {
    let (listener, endpoint) = listen().await;
    let mut req = ReqSocket::new();
    req.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Rep).await;
    req.send("one").await.unwrap();
    peer.recv().await;
    peer.send("no delimiter").await;
    peer.send(Message::multipart(["", "reply"])).await;
    peer.send(Message::multipart(["", "and another"])).await;
    peer.sync().await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "reply");
    assert_eq!(req.stats().discarded.unasked, 2);
    balance(&req.stats(), 1, 1);
}

/// 28/REQREP, REQ incoming: a message from a peer other than the one asked is discarded. So is an
/// earlier message from that peer.
#[tokio::test]
async fn req_discards_messages_before_its_request() {
    let (listener, endpoint) = listen().await;
    let mut req = ReqSocket::new();
    req.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Rep).await;
    for round in 1..=3 {
        req.send(format!("question {round}")).await.unwrap();
        peer.recv().await;
        peer.send(Message::multipart(["", "reply"])).await;
        assert_eq!(within("the reply", req.recv()).await.unwrap(), "reply");
        peer.send(Message::multipart(["", "too late, or too early"])).await;
        peer.sync().await;
    }
    assert_eq!(req.stats().unread, 1);
    req.send("the last question").await.unwrap();
    peer.recv().await;
    peer.send(Message::multipart(["", "the last reply"])).await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "the last reply");
    assert_eq!(req.stats().discarded.unasked, 3);
    balance(&req.stats(), 4, 4);
}

#[tokio::test]
async fn frameless_messages_become_one_empty_frame() {
    for endpoint in ["inproc://no-frames", ANY_PORT] {
        let context = Context::new();
        let mut rep = RepSocket::builder_in(&context).build();
        let mut req = ReqSocket::builder_in(&context).build();
        req.connect(rep.bind(endpoint).await.unwrap()).unwrap();
        let nothing = || Message::from(Vec::<zeromq_async::Frame>::new());
        req.send(nothing()).await.unwrap();
        assert_eq!(within("the request", rep.recv()).await.unwrap(), "");
        rep.send(nothing()).await.unwrap();
        assert_eq!(within("the reply", req.recv()).await.unwrap(), "");
    }
}

// ---- sending ----

#[tokio::test]
async fn own_messages_are_counted_separately() {
    let (mut router, mut dealer) =
        (RouterSocket::new(), DealerSocket::builder().probe_router(true).build());
    dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    dealer.send("hello").await.unwrap();
    for _ in 0..2 {
        within("a message", router.recv()).await.unwrap();
    }
    assert_eq!(dealer.stats().own, 1);
    balance(&dealer.stats(), 1, 0);
    balance(&router.stats(), 0, 2);

    let mut xpub = XPubSocket::builder().welcome("welcome").build();
    let mut sub = SubSocket::builder().subscribe("").build();
    sub.connect(xpub.bind(ANY_PORT).await.unwrap()).unwrap();
    assert_eq!(within("the welcome", sub.recv()).await.unwrap(), "welcome");
    assert_eq!(xpub.recv().await.unwrap(), "\u{1}");
    assert_eq!(xpub.stats().own, 1);
    balance(&xpub.stats(), 0, 1);
}

#[tokio::test]
async fn messages_without_a_receiver_are_counted() {
    let mut xsub = XSubSocket::new();
    xsub.send("upstream").await.unwrap();
    xsub.send("\u{1}a subscription").await.unwrap();
    assert_eq!(xsub.stats().dropped.unroutable, 1);
    balance(&xsub.stats(), 1, 0);

    let mut router = RouterSocket::new();
    router.send(Message::multipart(["unknown", "hello"])).await.unwrap();
    assert_eq!(router.stats().dropped.unroutable, 1);
    balance(&router.stats(), 1, 0);

    let mut publisher = PubSocket::new();
    publisher.send("unknown").await.unwrap();
    assert_eq!(publisher.stats().dropped.unsubscribed, 1);
    balance(&publisher.stats(), 1, 0);
}

#[tokio::test]
async fn message_parked_in_sink_is_queued_then_lost() {
    let mut push = PushSocket::builder().send_high_water_mark(1).linger(Duration::ZERO).build();
    push.connect("inproc://parked").unwrap();
    let mut other = push.sender();
    let handle = push.handle().clone();
    // The socket is ready, and then another sender takes the room.
    push.ready().await.unwrap();
    other.send("first").await.unwrap();
    push.start_send_unpin("second".into()).unwrap();
    assert_eq!(handle.stats().queued, 2);
    balance(&handle.stats(), 2, 0);
    assert!(is_pending(push.flush()));
    drop(push);
    assert_eq!((handle.stats().queued, handle.stats().lost), (1, 1));
    balance(&handle.stats(), 2, 0);
    drop(other);
    assert_eq!(handle.close().await.unsent, 2);
}

#[tokio::test]
async fn drops_are_counted_per_slow_peer() {
    let mut publisher = PubSocket::builder().send_high_water_mark(10).build();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut slow = RawPeer::connect(&endpoint, SocketType::Sub).await;
    slow.subscribe("").await;
    slow.sync().await;
    let mut sent = 0;
    while publisher.stats().dropped.full == 0 {
        publisher.send(vec![0; 100_000]).await.unwrap();
        sent += 1;
    }
    let stats = publisher.stats();
    assert_eq!(stats.peers[0].dropped.full, 1);
    balance(&stats, sent, 0);
    assert_eq!(stats.queued, 10);
}

// ---- peers ----

#[tokio::test]
async fn peer_stats_describe_the_peer() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    let peer = push.stats().peers.remove(0);
    assert_eq!((peer.connected, peer.reconnects, peer.address), (false, 0, None));
    assert_eq!(peer.endpoint, endpoint);
    for reconnects in 0..3 {
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        handshake_succeeded(&mut events).await;
        push.send("hello").await.unwrap();
        assert_eq!(peer.recv().await, "hello");
        let described = push.stats().peers.remove(0);
        assert_eq!((described.connected, described.reconnects), (true, reconnects));
        assert!(described.address.is_some());
        assert_eq!(described.bytes_sent, 7 * (reconnects + 1));
        drop(peer);
        disconnected(&mut events).await;
        assert!(!push.stats().peers[0].connected);
    }
}

/// Nor while it leaves: another thread reads the counts all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_include_gone_peers() {
    let port = ReservedPort::new();
    let mut dealer = DealerSocket::new();
    let handle = dealer.handle().clone();
    let done = Arc::new(AtomicBool::new(false));
    let is_done = done.clone();
    let looking = std::thread::spawn(move || {
        let mut last = SocketStats::default();
        while !is_done.load(Ordering::Relaxed) {
            let now = handle.stats();
            let totals = |stats: &SocketStats| {
                [stats.sent, stats.received, stats.bytes_sent, stats.bytes_received]
                    .into_iter()
                    .chain([stats.reconnects, stats.lost])
                    .collect::<Vec<_>>()
            };
            let pairs = totals(&last).into_iter().zip(totals(&now));
            assert!(pairs.clone().all(|(last, now)| last <= now), "{last:?}\n{now:?}");
            last = now;
        }
    });
    let endpoint = dealer.bind(port.endpoint()).await.unwrap();
    let mut events = dealer.events();
    for _ in 0..20 {
        let mut peer = DealerSocket::new();
        peer.connect(&endpoint).unwrap();
        peer.send("four").await.unwrap();
        assert_eq!(within("a message", dealer.recv()).await.unwrap(), "four");
        dealer.send("seven77").await.unwrap();
        assert_eq!(within("a message", peer.recv()).await.unwrap(), "seven77");
        peer.close().await;
        disconnected(&mut events).await;
    }
    within("the last to leave", async {
        while !dealer.stats().peers.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let stats = dealer.stats();
    assert_eq!((stats.bytes_received, stats.bytes_sent), (20 * 6, 20 * 9));
    done.store(true, Ordering::Relaxed);
    looking.join().unwrap();
}

#[tokio::test]
async fn reconnect_count_outlives_the_peer() {
    let (listener, endpoint) = listen().await;
    let push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    for _ in 0..3 {
        let peer = RawPeer::accept(&listener, SocketType::Pull).await;
        handshake_succeeded(&mut events).await;
        drop(peer);
        disconnected(&mut events).await;
    }
    assert_eq!(push.stats().reconnects, 2);
    push.disconnect(&endpoint).unwrap();
    within("the peer to leave", async {
        while !push.stats().peers.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(push.stats().reconnects, 2);
}

#[tokio::test]
async fn peer_stats_show_its_routing_id() {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let _named = RawPeer::connect_as(&endpoint, SocketType::Dealer, "worker").await;
    router.wait_for_peers(1).await;
    assert_eq!(router.stats().peers[0].routing_id, "worker");
    let _anonymous = RawPeer::connect(&endpoint, SocketType::Dealer).await;
    router.wait_for_peers(2).await;
    assert_eq!(router.stats().peers[1].routing_id.len(), 5);
    assert!(router.wait_for_peers(2).now_or_never().is_some());
}
