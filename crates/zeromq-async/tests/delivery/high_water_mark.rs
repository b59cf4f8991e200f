//! A queue holds exactly as many messages as its high-water mark says.

use support::{HUGE, RawPeer, ReservedPort, huge, is_pending, listen, within};
use zeromq_async::{
    Context, DealerSocket, HighWaterMark, Message, PairSocket, PubSocket, PullSocket, PushSocket,
    ReqSocket, RouterSocket, SendErrorKind, SocketType, SubSocket, XPubSocket,
};

const MARKS: [usize; 4] = [1, 2, 7, 1000];

/// Sends numbers until the queue is full. Returns how many were sent.
macro_rules! fill {
    ($socket:expr) => {{
        let mut count = 0;
        loop {
            let message = format!("{count}");
            match $socket.try_send(message.clone()) {
                Ok(()) => count += 1,
                Err(error) => {
                    assert_eq!(*error.kind(), SendErrorKind::Full);
                    assert_eq!(error.into_message(), Some(message.into()));
                    break count;
                }
            }
        }
    }};
}

/// Receives numbers from zero until no message is left. Returns how many there were.
macro_rules! drain {
    ($socket:expr) => {{
        let mut count = 0;
        while let Ok(message) = $socket.try_recv() {
            assert_eq!(message.last().unwrap(), format!("{count}").as_str());
            count += 1;
        }
        count
    }};
}

#[tokio::test]
async fn unconnected_peer_queues_up_to_the_mark() {
    let port = ReservedPort::new();
    for mark in MARKS {
        let mut push = PushSocket::builder().send_high_water_mark(mark).build();
        let mut dealer = DealerSocket::builder().send_high_water_mark(mark).build();
        let mut pair = PairSocket::builder().send_high_water_mark(mark).build();
        push.connect(port.endpoint()).unwrap();
        dealer.connect(port.endpoint()).unwrap();
        pair.connect(port.endpoint()).unwrap();
        assert_eq!(fill!(push), mark, "PUSH");
        assert_eq!(fill!(dealer), mark, "DEALER");
        assert_eq!(fill!(pair), mark, "PAIR");
    }
}

#[tokio::test]
async fn high_water_mark_is_per_peer() {
    let ports = [ReservedPort::new(), ReservedPort::new(), ReservedPort::new()];
    let mut push = PushSocket::builder().send_high_water_mark(5).build();
    for (connected, port) in ports.iter().enumerate() {
        push.connect(port.endpoint()).unwrap();
        assert_eq!(fill!(push), 5, "with {connected} full peers");
    }
}

#[tokio::test]
async fn multipart_message_counts_as_one() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().send_high_water_mark(2).build();
    push.connect(port.endpoint()).unwrap();
    for _ in 0..2 {
        push.try_send(Message::multipart(["frame"; 50])).unwrap();
    }
    assert!(push.try_send("third").is_err());
}

#[tokio::test]
async fn default_high_water_mark_is_1000() {
    let port = ReservedPort::new();
    let mut push = PushSocket::new();
    push.connect(port.endpoint()).unwrap();
    assert_eq!(fill!(push), 1000);
}

#[tokio::test]
async fn unlimited_and_zero_marks_never_fill() {
    let port = ReservedPort::new();
    for mark in [HighWaterMark::Unlimited, HighWaterMark::from(0)] {
        let mut push = PushSocket::builder().send_high_water_mark(mark).build();
        push.connect(port.endpoint()).unwrap();
        for _ in 0..200_000 {
            push.try_send("one more").unwrap();
        }
    }
}

#[tokio::test]
async fn immediate_queues_only_for_connections() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().immediate(true).build();
    push.connect(port.endpoint()).unwrap();
    assert_eq!(fill!(push), 0);
    assert!(is_pending(push.send("no peer")));
}

#[tokio::test]
async fn ready_means_a_message_is_accepted() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().send_high_water_mark(2).build();
    push.connect(port.endpoint()).unwrap();
    for _ in 0..2 {
        assert!(!is_pending(push.ready()), "waits though there is room");
        push.try_send("fits").unwrap();
    }
    assert!(is_pending(push.ready()), "ready though there is no room");
    push.try_send("does not fit").unwrap_err();
    assert!(is_pending(push.ready()), "ready though there is no room");
}

#[tokio::test]
async fn ready_means_a_message_fits_over_inproc() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(1).build();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(1).build();
    pull.bind("inproc://pull").await.unwrap();
    push.connect("inproc://pull").unwrap();
    for _ in 0..2 {
        assert!(!is_pending(push.ready()), "waits though there is room");
        push.try_send("fits").unwrap();
    }
    assert!(is_pending(push.ready()), "ready though there is no room");
    pull.try_recv().unwrap();
    pull.try_recv().unwrap();
    pull.try_recv().unwrap_err();
    assert!(!is_pending(push.ready()), "waits though there is room again");
}

#[tokio::test]
async fn inproc_capacity_is_the_sum_of_both_marks() {
    for (sending, receiving) in [(1, 1), (2, 3), (1000, 1), (1, 1000), (1000, 1000)] {
        let context = Context::new();
        let mut push = PushSocket::builder_in(&context).send_high_water_mark(sending).build();
        let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(receiving).build();
        pull.bind("inproc://pull").await.unwrap();
        push.connect("inproc://pull").unwrap();
        assert_eq!(fill!(push), sending + receiving);
        assert_eq!(drain!(pull), sending + receiving);
        assert_eq!(fill!(push), sending + receiving, "the second time");
    }
}

#[tokio::test]
async fn inproc_is_unlimited_if_either_side_is() {
    for (sending, receiving) in [
        (HighWaterMark::Unlimited, HighWaterMark::Messages(1)),
        (HighWaterMark::Messages(1), HighWaterMark::Unlimited),
    ] {
        let context = Context::new();
        let mut push = PushSocket::builder_in(&context).send_high_water_mark(sending).build();
        let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(receiving).build();
        pull.bind("inproc://pull").await.unwrap();
        push.connect("inproc://pull").unwrap();
        for number in 0..100_000 {
            push.try_send(format!("{number}")).unwrap();
        }
        assert_eq!(drain!(pull), 100_000);
    }
}

#[tokio::test]
async fn unbound_inproc_queues_up_to_send_mark() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(10).build();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(1).build();
    push.connect("inproc://pull").unwrap();
    assert_eq!(fill!(push), 10);
    pull.bind("inproc://pull").await.unwrap();
    push.try_send("10").unwrap();
    push.try_send("too many").unwrap_err();
    assert_eq!(drain!(pull), 11);
}

#[tokio::test]
async fn freed_room_wakes_waiting_senders() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(3).build();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(3).build();
    pull.bind("inproc://pull").await.unwrap();
    push.connect("inproc://pull").unwrap();
    assert_eq!(fill!(push), 6);
    let sending = tokio::spawn(async move {
        for number in 6..100 {
            push.send(format!("{number}")).await.unwrap();
        }
    });
    for number in 0..100 {
        let received = within("a message", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
    within("the sender to end", sending).await.unwrap();
}

#[tokio::test]
async fn publisher_drops_beyond_each_mark() {
    let context = Context::new();
    for mark in MARKS {
        let name = format!("inproc://pub {mark}");
        let mut publisher = PubSocket::builder_in(&context).send_high_water_mark(mark).build();
        publisher.bind(&name).await.unwrap();
        let mut subs = Vec::new();
        for receiving in [1, 5] {
            let sub = SubSocket::builder_in(&context).receive_high_water_mark(receiving);
            let sub = sub.subscribe("").build();
            sub.connect(&name).unwrap();
            subs.push((receiving, sub));
        }
        for number in 0..mark + 10 {
            publisher.try_send(format!("{number}")).unwrap();
        }
        for (receiving, sub) in &mut subs {
            assert_eq!(drain!(sub), mark + *receiving);
        }
    }
}

#[tokio::test]
async fn no_drop_publisher_is_full_with_one_peer() {
    let context = Context::new();
    let mut xpub = XPubSocket::builder_in(&context).send_high_water_mark(2).no_drop(true).build();
    xpub.bind("inproc://xpub").await.unwrap();
    let sub = |mark| SubSocket::builder_in(&context).receive_high_water_mark(mark).subscribe("");
    let (mut small, mut large) = (sub(1).build(), sub(10).build());
    small.connect("inproc://xpub").unwrap();
    large.connect("inproc://xpub").unwrap();
    assert_eq!(fill!(xpub), 3);
    assert!(is_pending(xpub.ready()));
    assert_eq!(drain!(large), 3, "the refused message went to some");
    assert_eq!(drain!(small), 3);
    xpub.try_send("again").unwrap();
    assert_eq!(large.try_recv().unwrap(), "again");
    assert_eq!(small.try_recv().unwrap(), "again");
}

/// Neither a message that was given back nor one that was given up holds up the next.
#[tokio::test]
async fn full_subscriber_holds_up_no_other_topic() {
    let context = Context::new();
    let mut xpub = XPubSocket::builder_in(&context).send_high_water_mark(1).no_drop(true).build();
    xpub.bind("inproc://no-drop-topics").await.unwrap();
    let sub = |topic: &str| SubSocket::builder_in(&context).subscribe(topic);
    let slow = sub("slow").receive_high_water_mark(1).build();
    let mut quick = sub("quick").build();
    slow.connect("inproc://no-drop-topics").unwrap();
    quick.connect("inproc://no-drop-topics").unwrap();
    while xpub.try_send("slow fits").is_ok() {}
    within("a send", xpub.send("quick 1")).await.unwrap();
    assert!(is_pending(xpub.send("slow given up")));
    within("a send", xpub.send("quick 2")).await.unwrap();
    assert_eq!(quick.recv().await.unwrap(), "quick 1");
    assert_eq!(quick.recv().await.unwrap(), "quick 2");
}

#[tokio::test]
async fn router_drops_beyond_the_peer_mark() {
    for mark in MARKS {
        let context = Context::new();
        let mut router = RouterSocket::builder_in(&context).send_high_water_mark(mark).build();
        let dealer = DealerSocket::builder_in(&context).receive_high_water_mark(3);
        let mut dealer = dealer.routing_id("dealer").unwrap().build();
        router.bind("inproc://router").await.unwrap();
        dealer.connect("inproc://router").unwrap();
        for number in 0..mark + 10 {
            router.try_send(Message::multipart(["dealer", &format!("{number}")])).unwrap();
        }
        assert_eq!(drain!(dealer), mark + 3);
    }
}

#[tokio::test]
async fn mandatory_router_is_full_at_the_peer_mark() {
    let context = Context::new();
    let router = RouterSocket::builder_in(&context).send_high_water_mark(2);
    let mut router = router.mandatory(true).build();
    router.bind("inproc://router").await.unwrap();
    for name in ["one", "other"] {
        let dealer = DealerSocket::builder_in(&context).receive_high_water_mark(2);
        let dealer = dealer.routing_id(name).unwrap().build();
        dealer.connect("inproc://router").unwrap();
        for _ in 0..4 {
            router.try_send(Message::multipart([name, "fits"])).unwrap();
        }
        let error = router.try_send(Message::multipart([name, "full"])).unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::Full);
        assert_eq!(error.into_message(), Some(Message::multipart([name, "full"])));
        // Kept until the end, so that its queue stays full while the other queue fills.
        std::mem::forget(dealer);
    }
}

/// Neither a message that was given back nor one that was given up holds up the next.
#[tokio::test]
async fn full_peer_holds_up_no_other_peer() {
    let context = Context::new();
    let router = RouterSocket::builder_in(&context).send_high_water_mark(1);
    let mut router = router.mandatory(true).build();
    router.bind("inproc://holds-up").await.unwrap();
    let dealer = |name: &str| DealerSocket::builder_in(&context).routing_id(name).unwrap();
    let slow = dealer("slow").receive_high_water_mark(1).build();
    let mut quick = dealer("quick").build();
    slow.connect("inproc://holds-up").unwrap();
    quick.connect("inproc://holds-up").unwrap();
    while router.try_send(Message::multipart(["slow", "fits"])).is_ok() {}
    within("a send", router.send(Message::multipart(["quick", "1"]))).await.unwrap();
    assert!(is_pending(router.send(Message::multipart(["slow", "given up"]))));
    within("a send", router.send(Message::multipart(["quick", "2"]))).await.unwrap();
    assert_eq!(quick.recv().await.unwrap(), "1");
    assert_eq!(quick.recv().await.unwrap(), "2");
}

#[tokio::test]
async fn request_is_accepted_with_mark_of_one() {
    let port = ReservedPort::new();
    let mut req = ReqSocket::builder().send_high_water_mark(1).build();
    req.connect(port.endpoint()).unwrap();
    req.try_send("request").unwrap();
    assert_eq!(*req.try_send("another").unwrap_err().kind(), SendErrorKind::OutOfTurn);
}

/// Over tcp the kernel's buffers add to the queue, so the count is exact only for messages that do
/// not fit into them.
#[tokio::test]
async fn unreading_peer_queues_up_to_the_mark() {
    for mark in [1_u8, 2, 3] {
        let (listener, endpoint) = listen().await;
        let mut push = PushSocket::builder().send_high_water_mark(usize::from(mark)).build();
        push.connect(&endpoint).unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        push.wait_for_peers(1).await;
        for number in 0..mark {
            push.try_send(huge(number)).unwrap();
        }
        assert_eq!(*push.try_send("full").unwrap_err().kind(), SendErrorKind::Full);
        for number in 0..mark {
            assert_eq!(peer.recv().await, huge(number));
        }
    }
}

/// Messages that the receiver does not take stay with the sender, and none is dropped.
#[tokio::test]
async fn receive_mark_applies_backpressure() {
    let mut pull = PullSocket::builder().receive_high_water_mark(2).build();
    let endpoint = pull.bind("tcp://127.0.0.1:*").await.unwrap();
    let mut push = PushSocket::builder().send_high_water_mark(2).build();
    push.connect(&endpoint).unwrap();
    let sending = tokio::spawn(async move {
        for number in 0..12 {
            push.send(huge(number)).await.unwrap();
        }
        push.close().await
    });
    for number in 0..12 {
        let received = within("a message", pull.recv()).await.unwrap();
        assert_eq!((received.size(), received.first().unwrap()[0]), (HUGE, number));
    }
    assert_eq!(within("the sender to end", sending).await.unwrap().unsent, 0);
}

#[tokio::test]
async fn conflate_keeps_latest_sent_message_whole() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().conflate(true).send_high_water_mark(1).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..100 {
        push.try_send(Message::multipart([format!("{number}"), "body".into()])).unwrap();
    }
    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    let received = within("the latest", pull.recv()).await.unwrap();
    assert_eq!(received, Message::multipart(["99", "body"]));
    assert!(is_pending(pull.recv()));
}

#[tokio::test]
async fn conflate_keeps_latest_received_message() {
    let mut pull = PullSocket::builder().conflate(true).receive_high_water_mark(1).build();
    let endpoint = pull.bind("tcp://127.0.0.1:*").await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    for number in 0..100 {
        peer.send(Message::multipart([format!("{number}"), "body".into()])).await;
    }
    peer.sync().await;
    assert_eq!(pull.try_recv().unwrap(), Message::multipart(["99", "body"]));
    assert!(pull.try_recv().is_err());
}

/// A partially written message is completed before the next one, or the peer would take the next
/// message for the rest of it.
#[tokio::test]
async fn conflate_finishes_partly_written_message() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().conflate(true).build();
    push.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    for number in 0..10 {
        push.send(format!("{number}")).await.unwrap();
    }
    assert_eq!(peer.recv().await, huge(1));
    assert_eq!(peer.recv().await, "9");
}
