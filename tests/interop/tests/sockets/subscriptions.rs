//! Subscriptions in both directions, as messages, commands and bytes.

use std::collections::HashSet;

use interop::{
    RawListener, RawPeer, TCP, cancel_command, disconnected, frames, handshake, libzmq, message,
    publish_until_received, recv, send, subscribe_command, within,
};
use libzmq_peer::{Opt, Peer, SocketKind};
use zeromq_async::{
    Events, Message, PubSocket, SubSocket, SubscriptionNotices, XPubSocket, XSubSocket,
};

/// Empty, one byte, the longest short SUBSCRIBE and the next, the longest short message and the
/// next, and a long topic.
const TOPICS: [usize; 7] = [0, 1, 245, 246, 255, 256, 1000];

/// A topic of this size. None is a prefix of another.
fn topic(len: usize) -> Vec<u8> {
    let mut topic = vec![b't'; len];
    if let Some(first) = topic.first_mut() {
        *first = u8::try_from(len % 251).expect("a remainder");
    }
    topic
}

fn subscription(topic: &[u8]) -> Vec<u8> {
    [&[1], topic].concat()
}

fn cancellation(topic: &[u8]) -> Vec<u8> {
    [&[0], topic].concat()
}

fn one_frame(bytes: Vec<u8>) -> Message {
    Message::multipart([bytes])
}

/// An XPUB of this library, and a peer of libzmq connected to it.
async fn our_xpub_and(xpub: XPubSocket, kind: SocketKind) -> (XPubSocket, Peer) {
    let endpoint = xpub.bind(TCP).await.expect("bound").to_string();
    (xpub, libzmq(kind, move |socket| socket.connect(&endpoint)))
}

#[tokio::test]
async fn our_xpub_gets_libzmq_xsub_subscriptions() {
    let (mut xpub, xsub) = our_xpub_and(XPubSocket::new(), SocketKind::Xsub).await;
    for len in TOPICS {
        let (subscribe, cancel) = (subscription(&topic(len)), cancellation(&topic(len)));
        xsub.send([subscribe.clone()]).await.unwrap();
        xsub.send([subscribe.clone()]).await.unwrap();
        let what = format!("a topic of {len} bytes");
        assert_eq!(recv(&mut xpub, &what).await, one_frame(subscribe), "{what}");

        // The second cancellation takes effect.
        xsub.send([cancel.clone()]).await.unwrap();
        xsub.send([cancel.clone()]).await.unwrap();
        let what = format!("the cancellation of a topic of {len} bytes, and nothing before it");
        assert_eq!(recv(&mut xpub, &what).await, one_frame(cancel), "{what}");
    }
}

#[tokio::test]
async fn libzmq_xpub_gets_our_xsub_subscriptions() {
    let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
    let mut xsub = XSubSocket::new();
    xsub.connect(xpub.endpoint()).unwrap();
    for len in TOPICS {
        let (subscribe, cancel) = (subscription(&topic(len)), cancellation(&topic(len)));
        send(&mut xsub, one_frame(subscribe.clone())).await;
        send(&mut xsub, one_frame(subscribe.clone())).await;
        assert_eq!(xpub.recv().await.unwrap(), [subscribe], "a topic of {len} bytes");
        send(&mut xsub, one_frame(cancel.clone())).await;
        send(&mut xsub, one_frame(cancel.clone())).await;
        assert_eq!(xpub.recv().await.unwrap(), [cancel], "cancels a topic of {len} bytes");
    }
}

#[tokio::test]
async fn our_xpub_gets_libzmq_sub_subscriptions() {
    let (mut xpub, sub) = our_xpub_and(XPubSocket::new(), SocketKind::Sub).await;
    for len in TOPICS {
        let topic = topic(len);
        let (subscribe, cancel) = (subscription(&topic), cancellation(&topic));
        change(&sub, Opt::SUBSCRIBE, &topic).await;
        assert_eq!(recv(&mut xpub, "a subscription").await, one_frame(subscribe), "{len} bytes");
        change(&sub, Opt::UNSUBSCRIBE, &topic).await;
        assert_eq!(recv(&mut xpub, "a cancellation").await, one_frame(cancel), "{len} bytes");
    }
}

#[tokio::test]
async fn libzmq_xpub_gets_our_sub_subscriptions() {
    let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
    let sub = SubSocket::new();
    sub.connect(xpub.endpoint()).unwrap();
    for len in TOPICS {
        sub.subscribe(topic(len));
        assert_eq!(xpub.recv().await.unwrap(), [subscription(&topic(len))], "{len} bytes");
        sub.unsubscribe(topic(len));
        assert_eq!(xpub.recv().await.unwrap(), [cancellation(&topic(len))], "{len} bytes");
    }
}

/// 29/PUBSUB: the subscriptions of a peer end with it.
#[tokio::test]
async fn leaving_subscriber_cancels_subscriptions() {
    let (mut xpub, sub) = our_xpub_and(XPubSocket::new(), SocketKind::Sub).await;
    for topic in ["one", "two"] {
        change(&sub, Opt::SUBSCRIBE, topic.as_bytes()).await;
        recv(&mut xpub, "a subscription").await;
    }
    sub.stop().await.unwrap();
    let mut cancelled = [
        recv(&mut xpub, "the first cancellation").await,
        recv(&mut xpub, "the second cancellation").await,
    ];
    cancelled.sort_by_key(frames);
    assert_eq!(cancelled, ["\0one", "\0two"]);

    let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
    let sub = SubSocket::builder().subscribe("three").build();
    sub.connect(xpub.endpoint()).unwrap();
    assert_eq!(xpub.recv().await.unwrap(), [b"\x01three"]);
    within("our SUB to close", sub.close()).await;
    assert_eq!(xpub.recv().await.unwrap(), [b"\0three"]);
}

/// More than any queue's high-water mark: subscriptions are not messages, and none is dropped.
#[tokio::test]
async fn twenty_thousand_subscriptions_all_arrive() {
    const COUNT: usize = 20_000;
    let topics = || (0..COUNT).map(|number| format!("topic {number}").into_bytes());

    let mut xpub = XPubSocket::new();
    let mut events = xpub.events();
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    let sub = libzmq(SocketKind::Sub, move |socket| {
        socket.set_i32(Opt::SNDHWM, 0)?; // libzmq drops what is beyond it: here, subscriptions
        topics().try_for_each(|topic| socket.set_bytes(Opt::SUBSCRIBE, &topic))?;
        socket.connect(&endpoint)
    });
    let mut expected: HashSet<_> = topics().collect();
    while !expected.is_empty() {
        let what = format!("a subscription; {} are to come", expected.len());
        let topic = frames(&recv(&mut xpub, &what).await)[0][1..].to_vec();
        assert!(expected.remove(&topic), "{topic:?} came twice");
    }
    sub.stop().await.unwrap();
    disconnected(&mut events).await;
    let mut cancelled = HashSet::new();
    while cancelled.len() < COUNT {
        let what = format!("a cancellation; {} have come", cancelled.len());
        cancelled.insert(frames(&recv(&mut xpub, &what).await)[0][1..].to_vec());
    }

    let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
    let sub = SubSocket::new();
    sub.connect(xpub.endpoint()).unwrap();
    // Half of them before the connection is there, and half after.
    for (number, topic) in topics().enumerate() {
        if number == COUNT / 2 {
            within("the connection", sub.wait_for_peers(1)).await;
        }
        sub.subscribe(topic);
    }
    let received = xpub.run(|socket| {
        let mut received = HashSet::new();
        while received.len() < COUNT {
            received.insert(socket.recv()?[0][1..].to_vec());
        }
        Ok(received)
    });
    assert!(received.await.unwrap() == topics().collect());
}

/// A published message, and whether a subscriber to [`PREFIXES`] receives it.
fn publications() -> Vec<(Vec<Vec<u8>>, bool)> {
    let long = topic(1000);
    let cases: [(&[&[u8]], bool); 12] = [
        (&[b"ab"], true),
        (&[b"abc", b""], true),
        (&[b"a"], false),
        (&[b"b", b"ab"], false),
        (&[b""], false),
        (&[b"", b"ab"], false),
        (&[b"news.uk", b"rain", b"more rain"], true),
        (&[b"news"], false),
        (&[b"News.uk"], false),
        (&[&long], true),
        (&[&long[..999]], false),
        (&[&[&long[..], b"!"].concat()], true),
    ];
    let owned = |frames: &[&[u8]]| frames.iter().map(|frame| frame.to_vec()).collect();
    cases.iter().map(|(frames, wanted)| (owned(frames), *wanted)).collect()
}

/// Two of them match the same messages. Each message arrives once.
const PREFIXES: [&[u8]; 3] = [b"ab", b"abc", b"news."];

const READY: &str = "!ready";

const LAST: &str = "!last";

#[tokio::test]
async fn libzmq_subscribers_get_matches_from_our_pub() {
    // An XSUB does not filter: it receives exactly what the publisher sent.
    for kind in [SocketKind::Sub, SocketKind::Xsub] {
        let mut publisher = PubSocket::new();
        let endpoint = publisher.bind(TCP).await.unwrap().to_string();
        let subscriber = libzmq(kind, move |socket| {
            let subscribe = |topic: &[u8]| match kind {
                SocketKind::Sub => socket.set_bytes(Opt::SUBSCRIBE, topic),
                _ => socket.send(&[subscription(topic)]),
            };
            for topic in PREFIXES {
                subscribe(topic)?;
            }
            subscribe(&topic(1000))?;
            socket.connect(&endpoint)?;
            // After the others: a peer that receives this has all subscriptions in effect.
            subscribe(b"!")
        });
        publish_until_received(&mut publisher, READY, subscriber.recv()).await;
        for (publication, _) in publications() {
            send(&mut publisher, Message::multipart(publication)).await;
        }
        send(&mut publisher, LAST).await;
        let wanted = publications().into_iter().filter_map(|(sent, wanted)| wanted.then_some(sent));
        for expected in wanted.chain([vec![LAST.into()]]) {
            let received = loop {
                let received = subscriber.recv().await.unwrap();
                if received != [READY.as_bytes()] {
                    break received;
                }
            };
            assert_eq!(received, expected, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn our_subscribers_get_matches_from_libzmq_pub() {
    for filters in [true, false] {
        let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
        let topics = [PREFIXES[0], PREFIXES[1], PREFIXES[2], &topic(1000), b"!"];
        let (mut sub, mut xsub) = (SubSocket::new(), XSubSocket::new());
        for topic in topics {
            if filters { sub.subscribe(topic) } else { xsub.subscribe(topic) }
        }
        if filters {
            sub.connect(xpub.endpoint()).unwrap();
        } else {
            xsub.connect(xpub.endpoint()).unwrap();
        }
        for _ in topics {
            xpub.recv().await.expect("a subscription");
        }
        let wanted = publications().into_iter().filter_map(|(sent, wanted)| wanted.then_some(sent));
        for (publication, _) in publications() {
            xpub.send(publication).await.unwrap();
        }
        xpub.send([LAST]).await.unwrap();
        for expected in wanted.chain([vec![LAST.into()]]) {
            let what = format!("filters: {filters}");
            let received =
                if filters { recv(&mut sub, &what).await } else { recv(&mut xsub, &what).await };
            assert_eq!(frames(&received), expected, "{what}");
        }
    }
}

/// The XSUB does not filter, so a missing message was not sent.
#[tokio::test]
async fn our_xpub_stops_after_cancellation() {
    let (mut xpub, xsub) = our_xpub_and(XPubSocket::new(), SocketKind::Xsub).await;
    for change in ["\x01a", "\x01a", "\x01b", "\x00a"] {
        xsub.send([change]).await.unwrap();
    }
    for expected in ["\x01a", "\x01b"] {
        assert_eq!(recv(&mut xpub, "a subscription").await, expected);
    }
    // libzmq's XSUB counts, and has not forwarded the first cancellation.
    send(&mut xpub, "a1").await;
    xsub.send(["\x00a"]).await.unwrap();
    assert_eq!(recv(&mut xpub, "the cancellation").await, "\0a");
    send(&mut xpub, "a2").await;
    send(&mut xpub, "b").await;
    assert_eq!(xsub.recv().await.unwrap(), [b"a1"]);
    assert_eq!(xsub.recv().await.unwrap(), [b"b"], "and not the cancelled topic");
}

#[tokio::test]
async fn our_sub_cancels_as_often_as_it_subscribed() {
    let xpub = libzmq(SocketKind::Xpub, |socket| socket.bind(TCP));
    let mut sub = SubSocket::new();
    sub.connect(xpub.endpoint()).unwrap();
    within("the connection", sub.wait_for_peers(1)).await;
    sub.subscribe("a");
    sub.subscribe("a");
    sub.unsubscribe("a");
    sub.unsubscribe("never");
    sub.subscribe("b");
    assert_eq!(xpub.recv().await.unwrap(), [b"\x01a"]);
    assert_eq!(xpub.recv().await.unwrap(), [b"\x01b"], "a is still subscribed to");
    xpub.send(["a"]).await.unwrap();
    assert_eq!(recv(&mut sub, "the remaining topic").await, "a");
    sub.unsubscribe("a");
    assert_eq!(xpub.recv().await.unwrap(), [b"\0a"]);
    for message in ["a", "b"] {
        xpub.send([message]).await.unwrap();
    }
    assert_eq!(recv(&mut sub, "the subscribed topic").await, "b");
}

/// Two libzmq SUBs. The second repeats the subscription of the first, and then both cancel.
async fn notices(notices: SubscriptionNotices) -> Vec<Message> {
    let xpub = XPubSocket::builder().notices(notices).build();
    let (mut xpub, first) = our_xpub_and(xpub, SocketKind::Sub).await;
    let endpoint = xpub.last_endpoint().expect("bound").to_string();
    let second = libzmq(SocketKind::Sub, move |socket| socket.connect(&endpoint));
    let mut received = Vec::new();
    let changes = [
        (&first, Opt::SUBSCRIBE),
        (&second, Opt::SUBSCRIBE),
        (&first, Opt::UNSUBSCRIBE),
        (&second, Opt::UNSUBSCRIBE),
    ];
    for (number, (sub, option)) in changes.into_iter().enumerate() {
        change(sub, option, b"t").await;
        // A connection keeps order: after this marker the change has either been sent or never is.
        let mark = format!("mark {number}");
        change(sub, Opt::SUBSCRIBE, mark.as_bytes()).await;
        loop {
            let notice = recv(&mut xpub, &mark).await;
            if notice == format!("\u{1}{mark}") {
                break;
            }
            received.push(notice);
        }
    }
    received
}

#[tokio::test]
async fn our_xpub_notices_follow_configuration() {
    use SubscriptionNotices::{All, Changes, Manual, Subscriptions};
    let [on, off] = [Message::from("\x01t"), Message::from("\0t")];
    assert_eq!(notices(Changes).await, [on.clone(), off.clone()]);
    assert_eq!(notices(Subscriptions).await, [on.clone(), on.clone(), off.clone()]);
    let all = [on.clone(), on, off.clone(), off];
    assert_eq!(notices(All).await, all);
    assert_eq!(notices(Manual).await, all);
}

#[tokio::test]
async fn our_manual_xpub_chooses_subscriptions() {
    let xpub = XPubSocket::builder().notices(SubscriptionNotices::Manual).build();
    let (mut xpub, xsub) = our_xpub_and(xpub, SocketKind::Xsub).await;
    xsub.send(["\x01wanted"]).await.unwrap();
    assert_eq!(recv(&mut xpub, "a subscription").await, "\x01wanted");
    assert!(xpub.subscribe_last_peer("given"));
    send(&mut xpub, "wanted").await;
    send(&mut xpub, "given").await;
    assert_eq!(xsub.recv().await.unwrap(), [b"given"]);
    xsub.send(["\x00wanted"]).await.unwrap();
    assert_eq!(recv(&mut xpub, "a cancellation").await, "\0wanted");
    send(&mut xpub, "given still").await;
    assert_eq!(xsub.recv().await.unwrap(), [b"given still"]);
    assert!(xpub.unsubscribe_last_peer("given"));
    assert!(xpub.subscribe_last_peer("other"));
    send(&mut xpub, "given no more").await;
    send(&mut xpub, "other").await;
    assert_eq!(xsub.recv().await.unwrap(), [b"other"]);
}

#[tokio::test]
async fn our_xpub_welcomes_matching_libzmq_subs() {
    let xpub = XPubSocket::builder().welcome("welcome").build();
    let mut xpub = xpub;
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    let connect = |topic: &'static str| {
        let endpoint = endpoint.clone();
        libzmq(SocketKind::Sub, move |socket| {
            socket.set_bytes(Opt::SUBSCRIBE, topic.as_bytes())?;
            socket.connect(&endpoint)
        })
    };
    let (welcomed, other) = (connect("w"), connect("news"));
    assert_eq!(welcomed.recv().await.unwrap(), [b"welcome"]);
    for _ in 0..2 {
        recv(&mut xpub, "a subscription").await;
    }
    send(&mut xpub, "news").await;
    assert_eq!(other.recv().await.unwrap(), [b"news"], "and no welcome");
}

/// Without `no_drop` most messages would be lost: the queue holds two, and the peer does not read.
#[tokio::test]
async fn our_no_drop_xpub_waits_for_libzmq_sub() {
    const COUNT: u32 = 300;
    let xpub = XPubSocket::builder().no_drop(true).send_high_water_mark(2).build();
    let mut xpub = xpub;
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    let sub = libzmq(SocketKind::Sub, move |socket| {
        socket.set_i32(Opt::RCVHWM, 2)?;
        socket.set_i32(Opt::RCVBUF, 4096)?;
        socket.set_bytes(Opt::SUBSCRIBE, b"")?;
        socket.connect(&endpoint)
    });
    recv(&mut xpub, "the subscription").await;
    let numbered = |number: u32| [&number.to_be_bytes()[..], &[0; 65_536]].concat();
    let mut sent = 0;
    while xpub.try_send(numbered(sent)).is_ok() {
        sent += 1;
        assert!(sent < COUNT, "there is always room for a peer that does not read");
    }
    let publishing = async {
        for number in sent..COUNT {
            send(&mut xpub, numbered(number)).await;
        }
    };
    let reading = async {
        for number in 0..COUNT {
            let message = sub.recv().await.unwrap();
            assert!(message == [numbered(number)], "message {number} is {:?}", &message[0][..4]);
        }
    };
    within("all messages", async { tokio::join!(publishing, reading) }).await;
}

#[tokio::test]
async fn zmtp_3_0_peer_subscribes_by_message() {
    let mut xpub = XPubSocket::new();
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    let mut sub = RawPeer::connect(&endpoint).await;
    sub.handshake(0, "SUB").await;
    for len in TOPICS {
        let topic = topic(len);
        sub.write(&message(&subscription(&topic))).await;
        let what = format!("a topic of {len} bytes");
        assert_eq!(recv(&mut xpub, &what).await, one_frame(subscription(&topic)), "{what}");
        let body = [&topic[..], b": news"].concat();
        send(&mut xpub, one_frame(body.clone())).await;
        sub.expect(&message(&body)).await;
        sub.write(&message(&cancellation(&topic))).await;
        assert_eq!(recv(&mut xpub, &what).await, one_frame(cancellation(&topic)), "{what}");
    }
}

#[tokio::test]
async fn our_pub_serves_zmtp_3_0_and_3_1_peers() {
    let mut publisher = PubSocket::new();
    let endpoint = publisher.bind(TCP).await.unwrap().to_string();
    for (minor, subscribe) in [(0, message(b"\x01a")), (1, subscribe_command(b"a"))] {
        let mut sub = RawPeer::connect(&endpoint).await;
        sub.handshake(minor, "SUB").await;
        sub.write(&subscribe).await;
        let publishing = async {
            loop {
                send(&mut publisher, "b").await;
                send(&mut publisher, Message::multipart(["a", "1"])).await;
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = sub.expect(b"\x01\x01a\x00\x011") => {}
            () = publishing => {}
        }
    }
}

/// Both forms are accepted from a peer of either version, as libzmq's XPUB does.
#[tokio::test]
async fn our_xpub_accepts_both_subscription_forms() {
    let mut xpub = XPubSocket::new();
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    for minor in [0, 1] {
        let mut sub = RawPeer::connect(&endpoint).await;
        sub.handshake(minor, "XSUB").await;
        let said = [
            message(b"\x01old"),
            subscribe_command(b"new"),
            cancel_command(b"old"),
            message(b"\x00new"),
            message(b"up"),
        ];
        sub.write(&said.concat()).await;
        for expected in ["\x01old", "\x01new", "\0old", "\0new", "up"] {
            assert_eq!(recv(&mut xpub, expected).await, expected, "to minor {minor}");
        }
    }
}

/// A SUB of this library, and the raw publisher of a minor version that it is connected to.
async fn our_sub_and_raw_pub(minor: u8) -> (SubSocket, RawListener, RawPeer, Events) {
    let listener = RawListener::bind().await;
    let sub = SubSocket::new();
    let mut events = sub.events();
    sub.connect(listener.endpoint()).expect("connecting");
    let mut publisher = listener.accept().await;
    let ready = publisher.handshake(minor, "PUB").await;
    assert_eq!(ready, b"\x0bSocket-Type\0\0\0\x03SUB");
    let (_, info) = handshake(&mut events).await;
    assert_eq!(info.version(), (3, minor));
    (sub, listener, publisher, events)
}

#[tokio::test]
async fn our_sub_sends_messages_to_zmtp_3_0_pub() {
    let (sub, _listener, mut publisher, _) = our_sub_and_raw_pub(0).await;
    for len in TOPICS {
        sub.subscribe(topic(len));
        publisher.expect(&message(&subscription(&topic(len)))).await;
        sub.unsubscribe(topic(len));
        publisher.expect(&message(&cancellation(&topic(len)))).await;
    }
    drop(sub);
    assert_eq!(publisher.read_to_end().await, b"", "and nothing else");
}

#[tokio::test]
async fn our_sub_sends_commands_to_zmtp_3_1_pub() {
    let (sub, _listener, mut publisher, _) = our_sub_and_raw_pub(1).await;
    for len in TOPICS {
        sub.subscribe(topic(len));
        publisher.expect(&subscribe_command(&topic(len))).await;
        sub.unsubscribe(topic(len));
        publisher.expect(&cancel_command(&topic(len))).await;
    }
    drop(sub);
    assert_eq!(publisher.read_to_end().await, b"", "and nothing else");
}

/// The same SUB uses the form that each publisher understands.
#[tokio::test]
async fn our_sub_resubscribes_in_the_peer_version() {
    let (mut sub, listener, mut publisher, mut events) = our_sub_and_raw_pub(1).await;
    sub.subscribe("t");
    publisher.expect(b"\x04\x0b\x09SUBSCRIBEt").await;
    publisher.write(&message(b"t1")).await;
    assert_eq!(recv(&mut sub, "a message").await, "t1");
    drop(publisher);
    disconnected(&mut events).await;
    let mut publisher = listener.accept().await;
    publisher.handshake(0, "PUB").await;
    publisher.expect(b"\x00\x02\x01t").await;
    publisher.write(&message(b"t2")).await;
    assert_eq!(recv(&mut sub, "a message").await, "t2");
}

/// Changes a SUB's subscriptions and makes libzmq send them at once.
async fn change(sub: &Peer, option: Opt, topic: &[u8]) {
    let topic = topic.to_vec();
    let changed = sub.run(move |socket| {
        socket.set_bytes(option, &topic)?;
        socket.get_i32(Opt::EVENTS)
    });
    changed.await.expect("a change of subscription");
}
