//! 29/PUBSUB, clause by clause: the visible behaviour of PUB, XPUB, SUB and XSUB. Clauses are cited
//! by socket, list and position.

use bytes::Bytes;
use support::fixture::{
    bind_to_peers, bind_to_subscribers, connect_to_peer, count_in_ten, send_unevenly,
};
use support::{
    ANY_PORT, HUGE, RawPeer, disconnected, fast_reconnect, handshake_succeeded, huge, huge_frame,
    is_pending, listen, within,
};
use zeromq_async::{
    Context, Message, PubSocket, RecvError, SocketType, SubSocket, SubscriptionNotices, XPubSocket,
    XSubSocket,
};
use zmtp::Command;

fn frames<const N: usize>(frames: [&str; N]) -> Message {
    Message::multipart(frames)
}

fn subscribes(topic: &'static str) -> Command {
    Command::Subscribe { topic: Bytes::from_static(topic.as_bytes()) }
}

fn cancels(topic: &'static str) -> Command {
    Command::Cancel { topic: Bytes::from_static(topic.as_bytes()) }
}

// ---- PUB ----

/// 29/PUBSUB: PUB, general 1.
#[tokio::test]
async fn pub_general_1_sends_to_sub_and_xsub() {
    let mut publisher = PubSocket::new();
    let [mut sub, mut xsub] = bind_to_peers(&publisher, [SocketType::Sub, SocketType::XSub]).await;
    for peer in [&mut sub, &mut xsub] {
        peer.subscribe("").await;
        peer.sync().await;
    }
    publisher.send("to all").await.unwrap();
    assert_eq!(sub.recv().await, "to all");
    assert_eq!(xsub.recv().await, "to all");
}

/// 29/PUBSUB: PUB, general 2: each subscriber has a queue of its own.
#[tokio::test]
async fn pub_general_2_has_a_queue_per_subscriber() {
    let mut publisher = PubSocket::new();
    let [mut slow, mut quick] = bind_to_subscribers(&publisher, ["", ""]).await;
    publisher.send(huge(1)).await.unwrap();
    publisher.send("behind").await.unwrap();
    // The fast subscriber has all messages before the slow one begins to read.
    assert_eq!(quick.recv().await, huge(1));
    assert_eq!(quick.recv().await, "behind");
    assert_eq!(slow.recv().await, huge(1));
    assert_eq!(slow.recv().await, "behind");
}

/// 29/PUBSUB: PUB, general 3.
#[tokio::test]
async fn pub_general_3_connecting_side_keeps_queue() {
    let mut publisher = PubSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = publisher.events();
    let (mut peer, listener) = connect_to_peer(&publisher, SocketType::Sub).await;
    peer.subscribe("").await;
    peer.sync().await;
    publisher.send(huge(1)).await.unwrap();
    publisher.send("behind").await.unwrap();
    peer.reset();
    assert_eq!(disconnected(&mut events).await, 2);
    let mut peer = RawPeer::accept(&listener, SocketType::Sub).await;
    assert_eq!(peer.recv().await, huge(1));
    assert_eq!(peer.recv().await, "behind");
}

/// 29/PUBSUB: PUB, general 4.
#[tokio::test]
async fn pub_general_4_binding_side_drops_queue() {
    let mut publisher = PubSocket::new();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
    peer.subscribe("").await;
    peer.sync().await;
    publisher.send(huge(1)).await.unwrap();
    publisher.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);

    let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
    peer.subscribe("").await;
    peer.sync().await;
    publisher.send("new").await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 29/PUBSUB: PUB, general 6.
#[tokio::test]
async fn pub_general_6_discards_incoming_messages() {
    let mut publisher = PubSocket::new();
    let [mut peer] = bind_to_peers(&publisher, [SocketType::XSub]).await;
    peer.subscribe("").await;
    // More than any queue holds. None of it is kept, and it delays no other peer.
    for _ in 0..3000 {
        peer.send(frames(["up", "here"])).await;
    }
    peer.sync().await;
    publisher.send("down").await.unwrap();
    assert_eq!(peer.recv().await, "down");
}

/// 29/PUBSUB: PUB, outgoing 1.
#[tokio::test]
async fn pub_outgoing_1_leaves_messages_unchanged() {
    let mut publisher = PubSocket::new();
    let [mut peer] = bind_to_subscribers(&publisher, [""]).await;
    for message in [frames([""]), frames(["", ""]), frames(["t", "", "b"]), frames(["\u{1}t"])] {
        publisher.send(message.clone()).await.unwrap();
        assert_eq!(peer.recv().await, message);
    }
}

/// 29/PUBSUB: PUB, outgoing 3 and 4.
#[tokio::test]
async fn pub_outgoing_3_and_4_matches_by_prefix() {
    let mut publisher = PubSocket::new();
    let [mut peer] = bind_to_peers(&publisher, [SocketType::Sub]).await;
    for topic in ["ab", "abc", "x\0", "\u{7f}"] {
        peer.subscribe(topic).await;
    }
    peer.sync().await;
    let matching = [
        frames(["ab"]),
        frames(["abcd", "once, though two subscriptions match"]),
        frames(["x\0y"]),
        frames(["\u{7f}"]),
        frames(["abc", ""]),
    ];
    let others = [
        frames([""]),
        frames(["a"]),
        frames(["AB"]),
        frames(["ba", "ab"]),
        frames(["", "ab"]),
        frames(["x"]),
        frames(["xab"]),
    ];
    for (index, message) in matching.iter().enumerate() {
        publisher.send(others[index].clone()).await.unwrap();
        publisher.send(message.clone()).await.unwrap();
    }
    for message in &others {
        publisher.send(message.clone()).await.unwrap();
    }
    publisher.send("ab the end").await.unwrap();
    for message in matching {
        assert_eq!(peer.recv().await, message);
    }
    assert_eq!(peer.recv().await, "ab the end");
}

/// 29/PUBSUB: PUB, outgoing 5: only for the subscriber with the full queue.
#[tokio::test]
async fn pub_outgoing_5_drops_for_full_peer_only() {
    let mut publisher = PubSocket::builder().send_high_water_mark(3).build();
    let [mut slow, mut quick] = bind_to_peers(&publisher, [SocketType::Sub, SocketType::Sub]).await;
    for topic in ["both", "huge"] {
        slow.subscribe(topic).await;
    }
    quick.subscribe("both").await;
    slow.sync().await;
    quick.sync().await;

    publisher.send(Message::multipart(["huge".into(), huge_frame()])).await.unwrap();
    for number in 0..100 {
        publisher.send(format!("both {number}")).await.unwrap();
        assert_eq!(quick.recv().await, format!("both {number}"));
    }
    // The slow subscriber receives the messages that fitted, and later ones when there is room
    // again.
    assert_eq!(slow.recv().await.size(), HUGE + 4);
    assert_eq!(slow.recv().await, "both 0");
    assert_eq!(slow.recv().await, "both 1");
    slow.sync().await;
    publisher.send("both again").await.unwrap();
    assert_eq!(slow.recv().await, "both again");
    assert_eq!(quick.recv().await, "both again");
}

/// 29/PUBSUB: PUB, outgoing 6.
#[tokio::test]
async fn pub_outgoing_6_never_waits() {
    let mut publisher = PubSocket::builder().send_high_water_mark(1).build();
    assert!(!is_pending(publisher.send("no peer")), "waits for a subscriber");
    let [_peer] = bind_to_subscribers(&publisher, [""]).await;
    publisher.send(huge(1)).await.unwrap();
    for _ in 0..10 {
        assert!(!is_pending(publisher.send("more")), "waits for room");
    }
}

/// 29/PUBSUB: PUB, subscriptions 1: requests as ZMTP 3.1 sends them, and as 3.0 does.
#[tokio::test]
async fn pub_subscriptions_1_commands_or_messages() {
    let mut publisher = PubSocket::new();
    let [mut new, mut old] = bind_to_peers(&publisher, [SocketType::Sub, SocketType::Sub]).await;
    new.subscribe("a").await;
    new.subscribe("b").await;
    new.cancel("a").await;
    new.sync().await;
    for request in ["\u{1}a", "\u{1}b", "\u{0}a"] {
        old.send(request).await;
    }
    old.sync().await;
    for topic in ["a", "b"] {
        publisher.send(topic).await.unwrap();
    }
    assert_eq!(new.recv().await, "b");
    assert_eq!(old.recv().await, "b");
}

// ---- XPUB ----

/// 29/PUBSUB: XPUB, general 2 and 6, incoming 1 and 2: messages from subscribers, fairly.
#[tokio::test]
async fn xpub_incoming_1_and_2_receives_fairly() {
    let mut xpub = XPubSocket::new();
    let [mut eager, mut modest] = bind_to_peers(&xpub, [SocketType::XSub, SocketType::XSub]).await;
    send_unevenly((&mut eager, frames(["eager", ""])), (&mut modest, frames(["modest", ""]))).await;
    let modest = count_in_ten(&mut xpub, frames(["modest", ""])).await;
    assert_eq!(modest, 5, "of the first ten messages, half are each subscriber's");
}

/// 29/PUBSUB: XPUB, outgoing 4 and 5, as PUB.
#[tokio::test]
async fn xpub_outgoing_4_and_5_filters_and_drops() {
    let mut xpub = XPubSocket::builder().send_high_water_mark(1).build();
    let [mut slow, mut quick] = bind_to_subscribers(&xpub, ["", "q"]).await;
    xpub.send(huge(1)).await.unwrap();
    for number in 0..10 {
        xpub.send(format!("q{number}")).await.unwrap();
        assert_eq!(quick.recv().await, format!("q{number}"));
    }
    assert_eq!(slow.recv().await, huge(1));
    slow.sync().await;
    xpub.send("q again").await.unwrap();
    assert_eq!(slow.recv().await, "q again");
}

/// 29/PUBSUB: XPUB, subscriptions 1 and 2.
#[tokio::test]
async fn xpub_subscriptions_1_and_2_are_messages() {
    let mut xpub = XPubSocket::new();
    let [mut new] = bind_to_peers(&xpub, [SocketType::Sub]).await;
    new.subscribe("a").await;
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}a");
    new.cancel("a").await;
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}a");
    // As ZMTP 3.0 sends them.
    new.send("\u{1}").await;
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}");
    new.send("\u{0}").await;
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}");
}

/// 29/PUBSUB: XPUB, subscriptions 3.
#[tokio::test]
async fn xpub_subscriptions_3_repeats_as_configured() {
    use SubscriptionNotices::{All, Changes, Subscriptions};
    for (notices, expected) in [
        (Changes, vec!["\u{1}t", "\u{0}t", "\u{1}end"]),
        (Subscriptions, vec!["\u{1}t", "\u{1}t", "\u{0}t", "\u{1}end"]),
        (All, vec!["\u{1}t", "\u{1}t", "\u{0}t", "\u{0}t", "\u{1}end"]),
    ] {
        let mut xpub = XPubSocket::builder().notices(notices).build();
        let endpoint = xpub.bind(ANY_PORT).await.unwrap();
        let mut one = RawPeer::connect(&endpoint, SocketType::Sub).await;
        let mut other = RawPeer::connect(&endpoint, SocketType::Sub).await;
        one.subscribe("t").await;
        one.sync().await;
        other.subscribe("t").await;
        other.sync().await;
        one.cancel("t").await;
        one.sync().await;
        other.cancel("t").await;
        other.subscribe("end").await;
        other.sync().await;
        let mut told = Vec::new();
        for _ in 0..expected.len() {
            told.push(within("a notice", xpub.recv()).await.unwrap());
        }
        let expected: Vec<Message> = expected.into_iter().map(Message::from).collect();
        assert!(is_pending(xpub.recv()), "{notices:?} tells more");
        // The order of the two peers' notices is open. The clause covers their number and content.
        let sorted = |mut messages: Vec<Message>| {
            messages.sort_by_key(|message| format!("{message:?}"));
            messages
        };
        assert_eq!(sorted(told), sorted(expected), "{notices:?}");
    }
}

/// 29/PUBSUB: XPUB, subscriptions 4.
#[tokio::test]
async fn xpub_subscriptions_4_disconnect_cancels() {
    let mut xpub = XPubSocket::new();
    let [mut leaving, mut staying] = bind_to_peers(&xpub, [SocketType::Sub, SocketType::Sub]).await;
    leaving.subscribe("shared").await;
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}shared");
    staying.subscribe("shared").await;
    staying.sync().await;
    leaving.subscribe("own").await;
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}own");
    leaving.reset();
    // Only topics without any subscriber.
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}own");
    assert_eq!(xpub.try_recv(), Err(RecvError::Empty));
    drop(staying);
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}shared");
}

/// The same over inproc, where no connection breaks.
#[tokio::test]
async fn xpub_subscriptions_4_inproc_close_cancels() {
    let context = Context::new();
    let mut xpub = XPubSocket::builder_in(&context).build();
    let sub = SubSocket::builder_in(&context).subscribe("a").build();
    xpub.bind("inproc://xpub").await.unwrap();
    sub.connect("inproc://xpub").unwrap();
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}a");
    sub.close().await;
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}a");
}

// ---- SUB ----

/// 29/PUBSUB: SUB, general 3: connecting, and staying subscribed over lost connections.
#[tokio::test]
async fn sub_general_3_resubscribes_on_reconnect() {
    let mut sub = SubSocket::builder().reconnect(fast_reconnect()).subscribe("a").build();
    let (mut peer, listener) = connect_to_peer(&sub, SocketType::Pub).await;
    assert_eq!(peer.command().await, subscribes("a"));
    sub.subscribe("b");
    assert_eq!(peer.command().await, subscribes("b"));
    sub.unsubscribe("a");
    assert_eq!(peer.command().await, cancels("a"));
    drop(peer);

    let mut peer = RawPeer::accept(&listener, SocketType::Pub).await;
    assert_eq!(peer.command().await, subscribes("b"));
    peer.send("b1").await;
    assert_eq!(within("a message", sub.recv()).await.unwrap(), "b1");
}

/// 29/PUBSUB: SUB, general 1 and 4: publishers may connect to it, and leave.
#[tokio::test]
async fn sub_general_4_publishers_come_and_go() {
    let mut sub = SubSocket::builder().subscribe("").build();
    let mut events = sub.events();
    let endpoint = sub.bind(ANY_PORT).await.unwrap();
    for number in 0..3 {
        let mut peer = RawPeer::connect(&endpoint, SocketType::XPub).await;
        assert_eq!(peer.command().await, subscribes(""));
        peer.send(format!("{number}")).await;
        let received = within("a message", sub.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
        drop(peer);
        disconnected(&mut events).await;
    }
}

/// 29/PUBSUB: SUB, incoming 1: messages for a full queue are lost, and no others.
#[tokio::test]
async fn sub_incoming_1_drops_only_beyond_the_mark() {
    let context = Context::new();
    let mut publisher = PubSocket::builder_in(&context).send_high_water_mark(2).build();
    let mut sub = SubSocket::builder_in(&context).receive_high_water_mark(3).subscribe("").build();
    publisher.bind("inproc://pub").await.unwrap();
    sub.connect("inproc://pub").unwrap();
    for number in 0..10 {
        publisher.send(format!("{number}")).await.unwrap();
    }
    for number in 0..5 {
        assert_eq!(sub.try_recv().unwrap(), format!("{number}"));
    }
    assert_eq!(sub.try_recv(), Err(RecvError::Empty));
    publisher.send("room again").await.unwrap();
    assert_eq!(sub.try_recv().unwrap(), "room again");
}

/// 29/PUBSUB: SUB, incoming 2.
#[tokio::test]
async fn sub_incoming_2_receives_fairly() {
    let mut sub = SubSocket::builder().subscribe("").build();
    let [mut eager, mut modest] = bind_to_peers(&sub, [SocketType::Pub, SocketType::Pub]).await;
    send_unevenly((&mut eager, "eager"), (&mut modest, "modest")).await;
    let modest = count_in_ten(&mut sub, "modest").await;
    assert_eq!(modest, 5, "of the first ten messages, half are each publisher's");
}

/// 29/PUBSUB: SUB, incoming 3 and 4: by prefix, whatever the publisher sends.
#[tokio::test]
async fn sub_incoming_3_and_4_filters_by_prefix() {
    let mut sub = SubSocket::builder().subscribe("ab").build();
    let (mut peer, _) = connect_to_peer(&sub, SocketType::Pub).await;
    for message in [frames(["a"]), frames([""]), frames(["x", "ab"]), frames(["abc", "", "d"])] {
        peer.send(message).await;
    }
    let received = within("the one that matches", sub.recv()).await.unwrap();
    assert_eq!(received, frames(["abc", "", "d"]));

    // Cancelled topics are not received any more, not even messages that have arrived already.
    peer.send("ab too late").await;
    peer.sync().await;
    sub.unsubscribe("ab");
    sub.subscribe("z");
    peer.send("z").await;
    assert_eq!(within("the one that matches", sub.recv()).await.unwrap(), "z");
}

/// 29/PUBSUB: SUB, subscriptions 1: sent to every publisher. The last cancellation counts.
#[tokio::test]
async fn sub_subscriptions_1_reach_every_publisher() {
    let (one, one_endpoint) = listen().await;
    let (other, other_endpoint) = listen().await;
    let mut sub = SubSocket::new();
    sub.connect(&one_endpoint).unwrap();
    sub.connect(&other_endpoint).unwrap();
    let mut one = RawPeer::accept(&one, SocketType::Pub).await;
    let mut other = RawPeer::accept(&other, SocketType::Pub).await;
    sub.wait_for_peers(2).await;
    sub.subscribe("t");
    sub.subscribe("t");
    sub.unsubscribe("never subscribed");
    sub.unsubscribe("t");
    sub.subscribe("end");
    for peer in [&mut one, &mut other] {
        assert_eq!(peer.command().await, subscribes("t"));
        assert_eq!(peer.command().await, subscribes("t"));
        assert_eq!(peer.command().await, subscribes("end"));
    }
    one.send("t is still subscribed to").await;
    let received = within("a message", sub.recv()).await.unwrap();
    assert_eq!(received, "t is still subscribed to");
    sub.unsubscribe("t");
    for peer in [&mut one, &mut other] {
        assert_eq!(peer.command().await, cancels("t"));
    }
}

// ---- XSUB ----

/// 29/PUBSUB: XSUB, general 3, outgoing 1 and 2: to every publisher, connected or not.
#[tokio::test]
async fn xsub_outgoing_1_and_2_sends_to_every_peer() {
    let (one, one_endpoint) = listen().await;
    let (other, other_endpoint) = listen().await;
    let mut xsub = XSubSocket::new();
    xsub.connect(&one_endpoint).unwrap();
    xsub.connect(&other_endpoint).unwrap();
    xsub.send(frames(["early", ""])).await.unwrap();
    let mut one = RawPeer::accept(&one, SocketType::XPub).await;
    let mut other = RawPeer::accept(&other, SocketType::XPub).await;
    xsub.send("up").await.unwrap();
    for peer in [&mut one, &mut other] {
        assert_eq!(peer.recv().await, frames(["early", ""]));
        assert_eq!(peer.recv().await, "up");
    }
}

/// 29/PUBSUB: XSUB, outgoing 3 and 4.
#[tokio::test]
async fn xsub_outgoing_3_and_4_drops_for_full_peer() {
    let mut xsub = XSubSocket::builder().send_high_water_mark(2).build();
    assert!(!is_pending(xsub.send("no peer")), "waits for a publisher");
    let endpoint = xsub.bind(ANY_PORT).await.unwrap();
    let mut slow = RawPeer::connect(&endpoint, SocketType::XPub).await;
    xsub.wait_for_peers(1).await;
    xsub.send(huge(2)).await.unwrap();
    xsub.send("fits").await.unwrap();
    let mut quick = RawPeer::connect(&endpoint, SocketType::XPub).await;
    xsub.wait_for_peers(2).await;
    for number in 0..10 {
        assert!(!is_pending(xsub.send(format!("{number}"))), "waits for the slow publisher");
        assert_eq!(quick.recv().await, format!("{number}"));
    }
    assert_eq!(slow.recv().await, huge(2));
    assert_eq!(slow.recv().await, "fits");
    slow.sync().await;
    xsub.send("again").await.unwrap();
    assert_eq!(slow.recv().await, "again");
}

/// 29/PUBSUB: XSUB, incoming 1, 3 and 5: all messages of the publishers, fairly, without a filter.
#[tokio::test]
async fn xsub_incoming_1_3_and_5_receives_fairly() {
    let mut xsub = XSubSocket::builder().subscribe("a").build();
    let [mut eager, mut modest] = bind_to_peers(&xsub, [SocketType::Pub, SocketType::Pub]).await;
    send_unevenly((&mut eager, frames(["eager", ""])), (&mut modest, frames(["modest", ""]))).await;
    let modest = count_in_ten(&mut xsub, frames(["modest", ""])).await;
    assert_eq!(modest, 5, "of the first ten messages, half are each publisher's");
}

/// 29/PUBSUB: XSUB, subscriptions 1 and 2.
#[tokio::test]
async fn xsub_subscriptions_1_and_2_are_forwarded() {
    let mut xsub = XSubSocket::builder().reconnect(fast_reconnect()).build();
    xsub.send("\u{1}early").await.unwrap();
    let (mut peer, listener) = connect_to_peer(&xsub, SocketType::XPub).await;
    assert_eq!(peer.command().await, subscribes("early"));
    xsub.send("\u{1}t").await.unwrap();
    assert_eq!(peer.command().await, subscribes("t"));
    xsub.send("\u{0}t").await.unwrap();
    assert_eq!(peer.command().await, cancels("t"));
    drop(peer);
    let mut peer = RawPeer::accept(&listener, SocketType::XPub).await;
    assert_eq!(peer.command().await, subscribes("early"));
}

/// 29/PUBSUB: XSUB, subscriptions 3: a disconnected publisher keeps no subscription of this socket.
#[tokio::test]
async fn xsub_subscriptions_3_end_with_connection() {
    let mut xpub = XPubSocket::new();
    let mut events = xpub.events();
    let endpoint = xpub.bind(ANY_PORT).await.unwrap();
    let xsub = XSubSocket::builder().subscribe("t").build();
    xsub.connect(&endpoint).unwrap();
    handshake_succeeded(&mut events).await;
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}t");
    xsub.disconnect(&endpoint).unwrap();
    assert_eq!(within("a cancellation", xpub.recv()).await.unwrap(), "\u{0}t");
}

/// 29/PUBSUB: XPUB and XSUB form a proxy: subscriptions go up, messages come down.
#[tokio::test]
async fn xpub_and_xsub_forward_both_ways() {
    let mut publisher = XPubSocket::new();
    let (mut front, mut back) = (XSubSocket::new(), XPubSocket::new());
    let mut sub = SubSocket::builder().subscribe("a").build();
    front.connect(publisher.bind(ANY_PORT).await.unwrap()).unwrap();
    sub.connect(back.bind(ANY_PORT).await.unwrap()).unwrap();

    let request = within("the subscription in the middle", back.recv()).await.unwrap();
    front.send(request).await.unwrap();
    let request = within("the subscription at the top", publisher.recv()).await.unwrap();
    assert_eq!(request, "\u{1}a");

    publisher.send("b filtered at the top").await.unwrap();
    publisher.send(frames(["a", "", "body"])).await.unwrap();
    let message = within("the message in the middle", front.recv()).await.unwrap();
    assert_eq!(message, frames(["a", "", "body"]));
    back.send(message).await.unwrap();
    let message = within("the message at the bottom", sub.recv()).await.unwrap();
    assert_eq!(message, frames(["a", "", "body"]));
}

/// As in libzmq: a second connection to the same endpoint would only double every message.
#[tokio::test]
async fn second_connect_to_publisher_is_ignored() {
    let mut publisher = XPubSocket::new();
    let mut sub = SubSocket::new();
    let endpoint = publisher.bind("tcp://127.0.0.1:0").await.unwrap();
    sub.connect(&endpoint).unwrap();
    sub.connect(&endpoint).unwrap();
    sub.subscribe("");
    within("the subscription", publisher.recv()).await.unwrap();
    publisher.send("once").await.unwrap();
    publisher.send("after").await.unwrap();
    assert_eq!(within("the message", sub.recv()).await.unwrap(), "once");
    assert_eq!(within("the next message", sub.recv()).await.unwrap(), "after");
}
