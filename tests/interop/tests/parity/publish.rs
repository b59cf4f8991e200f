//! Options of publishers.

use interop::{End, Frames, RawPeer, cancel_command, subscribe_command};
use libzmq_peer::{Opt, Peer, SocketKind};
use zeromq_async::{SubscriptionNotices, XPubSocket};

use crate::{assert_same, connected, frame, ours, set, subscribe_last, theirs, topics_count};

fn with(notices: SubscriptionNotices) -> XPubSocket {
    XPubSocket::builder().notices(notices).build()
}

async fn notice(xpub: &mut End) -> Vec<u8> {
    xpub.recv("a notice").await.concat()
}

/// The notices before the subscription of a peer that marks the end.
async fn notices_until(xpub: &mut End, at: &str, mark: &str) -> Vec<Vec<u8>> {
    let (mark, topic) = (format!("\u{1}{mark}").into_bytes(), mark.to_owned());
    let _marker = connected(SocketKind::Sub, at, move |socket| {
        socket.set_bytes(Opt::SUBSCRIBE, topic.as_bytes())
    });
    let mut notices = Vec::new();
    loop {
        match notice(xpub).await {
            last if last == mark => return notices,
            other => notices.push(other),
        }
    }
}

/// A SUB of libzmq with a subscription that the XPUB has received.
async fn subscribed(xpub: &mut End, at: &str, topic: &str) -> Peer {
    let sub = connected(SocketKind::Sub, at, |_| Ok(()));
    set(&sub, Opt::SUBSCRIBE, topic.as_bytes()).await;
    assert_eq!(notice(xpub).await, format!("\u{1}{topic}").as_bytes());
    sub
}

/// The XPUB of this library and one of libzmq without options: their endpoints, and which is which.
async fn either(xpub: XPubSocket) -> [(End, String, bool); 2] {
    let (ours, at) = ours(xpub).await;
    let (theirs, there) = theirs(SocketKind::Xpub, |_| Ok(()));
    [(ours, at, true), (theirs, there, false)]
}

/// `ZMQ_INVERT_MATCHING`: a peer without a subscription receives everything too.
#[tokio::test]
async fn inverted_publisher_sends_to_unsubscribed() {
    let ours = ours(XPubSocket::builder().invert_matching(true).build()).await;
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::INVERT_MATCHING, 1));
    let seen = assert_same(ours, theirs, async |mut xpub, at| {
        let a = connected(SocketKind::Xsub, &at, |_| Ok(()));
        a.send(["\u{1}a"]).await.unwrap();
        assert_eq!(notice(&mut xpub).await, b"\x01a");
        let several = connected(SocketKind::Xsub, &at, |_| Ok(()));
        for topic in ["\u{1}b", "\u{1}bb", "\u{1}last"] {
            several.send([topic]).await.unwrap();
            assert_eq!(notice(&mut xpub).await, topic.as_bytes());
        }
        // A message upstream shows that the peer is connected.
        let nothing = connected(SocketKind::Xsub, &at, |_| Ok(()));
        nothing.send(["here"]).await.unwrap();
        assert_eq!(notice(&mut xpub).await, b"here");
        for message in ["a1", "b1", "bbb", "", "end"] {
            xpub.send(message, frame(message)).await;
        }
        let mut seen = Vec::new();
        for peer in [a, several, nothing] {
            let mut received = Vec::new();
            while received.last() != Some(&frame("end")) {
                received.push(peer.recv().await.unwrap());
            }
            seen.push(received);
        }
        seen
    });
    let all: Vec<Frames> = ["a1", "b1", "bbb", "", "end"].map(frame).to_vec();
    let [to_a, to_several, to_nothing] = &seen.await[..] else { panic!("three peers") };
    assert_eq!(to_a[..], all[1..]);
    assert_eq!(to_several[..], [&all[..1], &all[3..]].concat());
    assert_eq!(to_nothing[..], all);
}

/// `ZMQ_XPUB_VERBOSER` and `ZMQ_XPUB_VERBOSE` when peers with a common topic leave.
#[tokio::test]
async fn leaving_peer_cancellations_follow_notices() {
    use SubscriptionNotices::{All, Changes, Subscriptions};
    for (notices, option, told) in [
        (Changes, None, 1),
        (Subscriptions, Some(Opt::XPUB_VERBOSE), 1),
        (All, Some(Opt::XPUB_VERBOSER), 2),
    ] {
        let theirs = theirs(SocketKind::Xpub, move |socket| {
            option.map_or(Ok(()), |option| socket.set_i32(option, 1))
        });
        let seen = assert_same(ours(with(notices)).await, theirs, async |mut xpub, at| {
            let first = subscribed(&mut xpub, &at, "same").await;
            let second = connected(SocketKind::Sub, &at, |_| Ok(()));
            for topic in ["same", "and its own"] {
                set(&second, Opt::SUBSCRIBE, topic.as_bytes()).await;
            }
            while notice(&mut xpub).await != b"\x01and its own" {}
            second.stop().await.unwrap();
            first.stop().await.unwrap();
            let mut cancelled = Vec::new();
            while cancelled.len() < 1 + told {
                cancelled.push(notice(&mut xpub).await);
            }
            // And no other notices.
            cancelled.extend(notices_until(&mut xpub, &at, "mark").await);
            cancelled.sort();
            cancelled
        });
        let own = frame(b"\0and its own");
        assert_eq!(seen.await, [own, vec![b"\0same".to_vec(); told]].concat(), "{notices:?}");
    }
}

/// `ZMQ_XPUB_MANUAL`: when a peer leaves, the cancellations are for the requested topics, not the
/// assigned ones, and the assigned ones end too.
#[tokio::test]
async fn leaving_peer_cancels_manual_requests() {
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::XPUB_MANUAL, 1));
    let ours = ours(with(SubscriptionNotices::Manual)).await;
    let seen = assert_same(ours, theirs, async |mut xpub, at| {
        let first = subscribed(&mut xpub, &at, "asked").await;
        subscribe_last(&mut xpub, "asked, given").await;
        let second = subscribed(&mut xpub, &at, "asked").await;
        subscribe_last(&mut xpub, "asked, too").await;
        set(&second, Opt::SUBSCRIBE, b"asked, not given").await;
        let mut seen = vec![notice(&mut xpub).await];
        second.stop().await.unwrap();
        let mut cancelled = vec![notice(&mut xpub).await, notice(&mut xpub).await];
        cancelled.sort();
        seen.extend(cancelled);
        for given in ["asked", "asked, too", "asked, given"] {
            xpub.send("the assigned topic", frame(given)).await;
        }
        assert_eq!(first.recv().await.unwrap(), frame("asked, given"));
        first.stop().await.unwrap();
        seen.push(notice(&mut xpub).await);
        seen.extend(notices_until(&mut xpub, &at, "mark").await);
        seen
    });
    let expected =
        [b"\x01asked, not given".as_slice(), b"\0asked", b"\0asked, not given", b"\0asked"];
    assert_eq!(seen.await, expected);
}

/// `ZMQ_XPUB_MANUAL`: a message that is no subscription does not become one, and a cancellation
/// takes effect only if the application cancels.
#[tokio::test]
async fn manual_publisher_follows_application() {
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::XPUB_MANUAL, 1));
    let ours = ours(with(SubscriptionNotices::Manual)).await;
    assert_same(ours, theirs, async |mut xpub, at| {
        let xsub = connected(SocketKind::Xsub, &at, |_| Ok(()));
        xsub.send(["\u{1}A"]).await.unwrap();
        assert_eq!(notice(&mut xpub).await, b"\x01A");
        subscribe_last(&mut xpub, "XA").await;
        xsub.send(["\u{0}A"]).await.unwrap();
        assert_eq!(notice(&mut xpub).await, b"\0A");
        xsub.send(["a message"]).await.unwrap();
        let mut seen = vec![xpub.recv("a message").await];
        for message in ["A", "XA", "XA again"] {
            xpub.send(message, frame(message)).await;
        }
        seen.push(xsub.recv().await.unwrap());
        seen.push(xsub.recv().await.unwrap());
        seen
    })
    .await;
}

/// `ZMQ_XPUB_MANUAL_LAST_VALUE`: the first message after a subscription is for that peer only.
#[tokio::test]
async fn last_value_goes_only_to_last_subscriber() {
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::XPUB_MANUAL_LAST_VALUE, 1));
    let ours = ours(with(SubscriptionNotices::ManualLastValue)).await;
    let seen = assert_same(ours, theirs, async |mut xpub, at| {
        let early = subscribed(&mut xpub, &at, "A").await;
        subscribe_last(&mut xpub, "A").await;
        xpub.send("to the early one", frame("A, last value")).await;
        let late = subscribed(&mut xpub, &at, "A").await;
        subscribe_last(&mut xpub, "A").await;
        xpub.send("to the late one", frame("A, kept for the late one")).await;
        xpub.send("to both", frame("A, news")).await;
        // A last value of another topic than the subscribed one has no receiver.
        set(&late, Opt::SUBSCRIBE, b"B").await;
        assert_eq!(notice(&mut xpub).await, b"\x01B");
        subscribe_last(&mut xpub, "B").await;
        xpub.send("to nobody", frame("C, subscribed to by nobody")).await;
        xpub.send("to both", frame("A, the end")).await;
        let mut seen = Vec::new();
        for peer in [early, late] {
            let mut received = Vec::new();
            while received.last() != Some(&frame("A, the end")) {
                received.push(peer.recv().await.unwrap());
            }
            seen.push(received);
        }
        seen
    });
    assert_eq!(
        seen.await,
        [
            ["A, last value", "A, news", "A, the end"].map(frame),
            ["A, kept for the late one", "A, news", "A, the end"].map(frame),
        ]
    );
}

/// `ZMQ_TOPICS_COUNT`: distinct topics of all peers, nested ones included.
#[tokio::test]
async fn publisher_counts_topics() {
    let notices = with(SubscriptionNotices::All);
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::XPUB_VERBOSER, 1));
    let counts = assert_same(ours(notices).await, theirs, async |mut xpub, at| {
        let mut counts = vec![topics_count(&mut xpub).await];
        let first = connected(SocketKind::Xsub, &at, |_| Ok(()));
        let second = connected(SocketKind::Xsub, &at, |_| Ok(()));
        for (peer, change) in [
            (&first, "\u{1}topic"),
            (&second, "\u{1}topic"),
            (&second, "\u{1}topic and more"),
            (&first, "\u{1}"),
            (&first, "\u{0}topic"),
            (&second, "\u{0}topic"),
        ] {
            peer.send([change]).await.unwrap();
            assert_eq!(notice(&mut xpub).await, change.as_bytes());
            counts.push(topics_count(&mut xpub).await);
        }
        counts
    });
    assert_eq!(counts.await, [0, 1, 1, 2, 3, 3, 2]);
}

/// libzmq's `ZMQ_TOPICS_COUNT` keeps counting the topics of peers that have left.
#[tokio::test]
async fn topics_of_gone_peers_are_not_counted() {
    for (mut xpub, at, is_ours) in either(XPubSocket::new()).await {
        let sub = subscribed(&mut xpub, &at, "topic").await;
        sub.stop().await.unwrap();
        assert_eq!(notice(&mut xpub).await, b"\0topic");
        assert_eq!(topics_count(&mut xpub).await, usize::from(!is_ours));
    }
}

/// `ZMQ_ONLY_FIRST_SUBSCRIBE`: here a message of several frames is always one message, as in libzmq
/// with the option.
#[tokio::test]
async fn multipart_message_is_no_subscription() {
    let theirs = theirs(SocketKind::Xpub, |socket| socket.set_i32(Opt::ONLY_FIRST_SUBSCRIBE, 1));
    let seen = assert_same(ours(XPubSocket::new()).await, theirs, async |mut xpub, at| {
        let xsub =
            connected(SocketKind::Xsub, &at, |socket| socket.set_i32(Opt::ONLY_FIRST_SUBSCRIBE, 1));
        xsub.send(["a message", "\u{1}of two frames"]).await.unwrap();
        let seen = xpub.recv("a message").await;
        (seen, topics_count(&mut xpub).await)
    });
    let message = vec![b"a message".to_vec(), b"\x01of two frames".to_vec()];
    assert_eq!(seen.await, (message, 0));
}

/// Without `ZMQ_ONLY_FIRST_SUBSCRIBE` libzmq removes frames from messages and delivers the rest.
/// Here a message is received as it was sent.
#[tokio::test]
async fn subscription_frames_stay_in_multipart() {
    let sent = ["\u{1}one", "two"];
    for (mut xpub, at, is_ours) in either(XPubSocket::new()).await {
        let xsub = connected(SocketKind::Xsub, &at, |_| Ok(()));
        xsub.send(sent).await.unwrap();
        let whole: Frames = sent.map(|frame| frame.as_bytes().to_vec()).to_vec();
        let first = xpub.recv("the first of it").await;
        assert_eq!(first, if is_ours { whole } else { frame("\u{1}one") });
        assert_eq!(topics_count(&mut xpub).await, usize::from(!is_ours));
    }
}

/// libzmq reports a cancellation of a topic that the peer has not subscribed to, and a proxy then
/// cancels it for all other peers. Here it is not reported.
#[tokio::test]
async fn unmatched_cancellation_is_not_reported() {
    for (mut xpub, at, is_ours) in either(XPubSocket::new()).await {
        let _subscriber = subscribed(&mut xpub, &at, "topic").await;
        let mut raw = RawPeer::connect(&at).await;
        raw.handshake(1, "SUB").await;
        raw.write(&cancel_command(b"topic")).await;
        raw.write(&subscribe_command(b"mark")).await;
        let told = notice(&mut xpub).await;
        assert_eq!(told, if is_ours { b"\x01mark".as_slice() } else { b"\0topic" });
        assert_eq!(topics_count(&mut xpub).await, 2, "{}", if is_ours { "ours" } else { "theirs" });
    }
}
