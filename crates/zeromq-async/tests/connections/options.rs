//! Options of publishers, subscribers and routers that need no libzmq to test.

use support::{ANY_PORT, within};
use zeromq_async::{
    DealerSocket, DisconnectReason, Message, PullSocket, PushSocket, RouterSocket, Socket,
    SocketBuilder, SocketEvent, SocketKind, SubSocket, SubscriptionNotices, SubscriptionsExceeded,
    XPubSocket, XSubSocket,
};

/// A SUB of the XPUB after its subscription has arrived.
async fn subscribed(xpub: &mut XPubSocket, builder: SubBuilder, topic: &str) -> SubSocket {
    let sub = builder.subscribe(topic).build();
    sub.connect(xpub.last_endpoint().expect("bound")).expect("connecting");
    let notice = within("a subscription", xpub.recv()).await.expect("a notice");
    assert_eq!(notice, format!("\u{1}{topic}"));
    sub
}

type SubBuilder = zeromq_async::SocketBuilder<zeromq_async::Sub>;

/// Works for every socket type, though none of them is `Clone`.
fn twins<P: SocketKind>(builder: &SocketBuilder<P>) -> [Socket<P>; 2] {
    assert!(format!("{builder:?}").starts_with("SocketBuilder"));
    [builder.clone().build(), builder.clone().build()]
}

#[tokio::test]
async fn a_cloned_builder_has_the_same_options() {
    let builder = DealerSocket::builder().routing_id("twin").unwrap().send_high_water_mark(2);
    for (number, mut dealer) in twins(&builder).into_iter().enumerate() {
        let mut router = RouterSocket::new();
        let endpoint = router.bind(format!("inproc://twin-{number}")).await.unwrap();
        dealer.connect(endpoint).unwrap();
        dealer.send("hello").await.unwrap();
        let message = within("a message", router.recv()).await.unwrap();
        assert_eq!(message, Message::multipart(["twin", "hello"]));
    }
    for mut push in twins(&PushSocket::builder().send_high_water_mark(2)) {
        push.connect("inproc://twins-of-a-push").unwrap();
        push.try_send("one").unwrap();
        push.try_send("two").unwrap();
        assert!(push.try_send("three").is_err());
    }
}

async fn expect_messages(sub: &mut SubSocket, expected: &[&str]) {
    for &message in expected {
        assert_eq!(within(message, sub.recv()).await.expect(message), message);
    }
}

#[tokio::test]
async fn inverted_matching_works_on_tcp_and_inproc() {
    for place in [ANY_PORT, "inproc://inverted"] {
        let mut xpub = XPubSocket::builder().invert_matching(true).build();
        xpub.bind(place).await.unwrap();
        let inverts = || SubSocket::builder().invert_matching(true);
        let mut no_a = subscribed(&mut xpub, inverts(), "a").await;
        let mut nothing = subscribed(&mut xpub, inverts(), "").await;
        let mut no_b = subscribed(&mut xpub, inverts(), "b").await;
        for message in ["a1", "b1", "c1"] {
            xpub.send(message).await.unwrap();
        }
        expect_messages(&mut no_a, &["b1", "c1"]).await;
        expect_messages(&mut no_b, &["a1", "c1"]).await;
        assert!(nothing.try_recv().is_err(), "every message begins with nothing");
        assert_eq!(xpub.stats().dropped.unsubscribed, 0);
    }
}

/// The publisher keeps the value for the late subscriber, whose queue is full at first.
#[tokio::test]
async fn waiting_last_value_goes_to_one_peer() {
    let notices = SubscriptionNotices::ManualLastValue;
    let mut xpub =
        XPubSocket::builder().notices(notices).no_drop(true).send_high_water_mark(1).build();
    xpub.bind("inproc://last-value").await.unwrap();
    let narrow = || SubSocket::builder().receive_high_water_mark(1);
    let mut early = subscribed(&mut xpub, narrow(), "a").await;
    assert!(xpub.subscribe_last_peer("a"));
    xpub.send("a for the early one").await.unwrap();
    expect_messages(&mut early, &["a for the early one"]).await;
    let mut late = subscribed(&mut xpub, narrow(), "a").await;
    for number in 0..2 {
        // Each message is for this subscriber only, so its queue fills up.
        assert!(xpub.subscribe_last_peer("a"));
        xpub.send(format!("a {number}")).await.unwrap();
    }
    assert!(xpub.subscribe_last_peer("a"));
    let waiting = xpub.try_send("a that waits").unwrap_err();
    expect_messages(&mut late, &["a 0", "a 1"]).await;
    assert!(late.try_recv().is_err());
    within("room", xpub.ready()).await.unwrap();
    xpub.try_send(waiting.into_message().unwrap()).unwrap();
    expect_messages(&mut late, &["a that waits"]).await;
    xpub.send("a for both").await.unwrap();
    expect_messages(&mut late, &["a for both"]).await;
    expect_messages(&mut early, &["a for both"]).await;
}

/// A manual publisher stores a limited number of subscription requests.
#[tokio::test]
async fn manual_publisher_limits_only_requests() {
    let mut xpub = XPubSocket::builder()
        .notices(SubscriptionNotices::Manual)
        .max_subscriptions_per_peer(3)
        .build();
    let mut events = xpub.events();
    xpub.bind(ANY_PORT).await.unwrap();
    let sub = subscribed(&mut xpub, SubSocket::builder(), "first").await;
    for number in 0..10 {
        assert!(xpub.subscribe_last_peer(format!("given {number}")));
    }
    assert_eq!(xpub.topics_count(), 10);
    for topic in ["second", "third", "fourth"] {
        sub.subscribe(topic);
        assert_eq!(within(topic, xpub.recv()).await.unwrap(), format!("\u{1}{topic}"));
    }
    let reason = support::event(&mut events, "the peer to be cut off", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    let limit = SubscriptionsExceeded::Count { limit: 3 };
    assert!(
        matches!(reason.await, DisconnectReason::Subscriptions(reason) if reason == limit),
        "it asked for four"
    );
}

/// 29/PUBSUB through a proxy that forwards every cancellation.
#[tokio::test]
async fn inproc_publisher_gets_every_cancellation() {
    let mut xpub = XPubSocket::builder().notices(SubscriptionNotices::All).build();
    xpub.bind("inproc://every-cancellation").await.unwrap();
    let mut xsub = XSubSocket::builder().tell_every_cancellation(true).build();
    xsub.connect("inproc://every-cancellation").unwrap();
    let changes = ["\u{1}a", "\u{1}a", "\u{0}a", "\u{0}a", "\u{0}never"];
    for change in changes {
        xsub.send(change).await.unwrap();
        assert_eq!(within(change, xpub.recv()).await.unwrap(), change);
    }
    assert_eq!((xsub.topics_count(), xpub.topics_count()), (0, 0));
}

#[tokio::test]
async fn multipart_message_is_not_a_subscription() {
    let (mut xpub, mut xsub) = (XPubSocket::new(), XSubSocket::new());
    xsub.connect(xpub.bind(ANY_PORT).await.unwrap()).unwrap();
    xsub.wait_for_peers(1).await;
    let message = Message::multipart(["\u{1}not a topic", "\u{1}nor this"]);
    xsub.send(message.clone()).await.unwrap();
    assert_eq!(within("the message", xpub.recv()).await.unwrap(), message);
    assert_eq!(xpub.topics_count(), 0);
}

/// Hello messages come first over inproc too, for any order of bind, connect and send.
#[tokio::test]
async fn inproc_greeting_precedes_queued_messages() {
    for (at, bound_first) in [("inproc://greetings", true), ("inproc://greetings-late", false)] {
        let builder = DealerSocket::builder().routing_id("dealer").unwrap();
        let mut dealer = builder.hello("HELLO").probe_router(true).build();
        let builder = RouterSocket::builder().hello("WELCOME");
        let mut router = builder.notify_connected(true).build();
        if bound_first {
            router.bind(at).await.unwrap();
            dealer.connect(at).unwrap();
            dealer.send("waited").await.unwrap();
        } else {
            dealer.connect(at).unwrap();
            dealer.send("waited").await.unwrap();
            router.bind(at).await.unwrap();
        }
        for expected in ["", "HELLO", "", "waited"] {
            let received = within(expected, router.recv()).await.unwrap();
            assert_eq!(received, Message::multipart(["dealer", expected]));
        }
        assert_eq!(within("the welcome", dealer.recv()).await.unwrap(), "WELCOME");
    }
}

/// 28/REQREP: the ROUTER is notified of peers that leave, and not of peers that it disconnects.
#[tokio::test]
async fn handover_sends_no_disconnect_notice() {
    for place in [ANY_PORT, "inproc://sent-away"] {
        let mut router = RouterSocket::builder()
            .handover(true)
            .notify_disconnected(true)
            .disconnect_message("BYE")
            .build();
        let endpoint = router.bind(place).await.unwrap();
        let mut events = router.events();
        let named = || DealerSocket::builder().routing_id("same").unwrap().build();
        let mut displaced = named();
        displaced.connect(&endpoint).unwrap();
        displaced.send("the first").await.unwrap();
        let received = within("a message", router.recv()).await.unwrap();
        assert_eq!(received, Message::multipart(["same", "the first"]));
        let mut newcomer = named();
        newcomer.connect(&endpoint).unwrap();
        support::disconnected(&mut events).await;
        drop(displaced);
        newcomer.send("the second").await.unwrap();
        newcomer.close().await;
        for expected in ["the second", "", "BYE"] {
            let received = within(expected, router.recv()).await.unwrap();
            assert_eq!(received, Message::multipart(["same", expected]), "{place}");
        }
    }
}

#[tokio::test]
async fn disconnect_frees_the_given_routing_id() {
    const AT: &str = "inproc://named";
    let mut worker = DealerSocket::builder().routing_id("announced").unwrap().build();
    worker.bind(AT).await.unwrap();
    let mut router = RouterSocket::builder().mandatory(true).build();
    for _ in 0..2 {
        router.connect_named(AT, "worker").unwrap();
        router.send(Message::multipart(["worker", "job"])).await.unwrap();
        assert_eq!(within("the job", worker.recv()).await.unwrap(), "job");
        worker.send("done").await.unwrap();
        let done = within("the answer", router.recv()).await.unwrap();
        assert_eq!(done, Message::multipart(["worker", "done"]));
        router.disconnect(AT).unwrap();
        router.send(Message::multipart(["worker", "job"])).await.unwrap_err();
    }
}

#[tokio::test]
async fn inproc_peers_exchange_metadata() {
    let mut pull = PullSocket::new();
    pull.bind("inproc://properties").await.unwrap();
    let builder = PushSocket::builder().metadata("X-Region", "north").unwrap();
    let mut push = builder.metadata("x-region", "south").unwrap().build();
    push.connect("inproc://properties").unwrap();
    push.send("hello").await.unwrap();
    let (_, peer) = within("a message", pull.recv_from()).await.unwrap();
    assert_eq!(peer.info().metadata().get("X-REGION").unwrap(), "south", "the last that was set");
    assert_eq!(peer.info().metadata().get("Socket-Type").unwrap(), "PUSH");
}
