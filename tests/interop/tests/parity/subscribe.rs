//! Options of subscribers.

use interop::{Attach, End, TCP};
use libzmq_peer::{Opt, Peer, Socket, SocketKind};
use zeromq_async::{SubSocket, XSubSocket};

use crate::{assert_same, frame, set};

/// A bound XPUB of libzmq that reports everything.
fn publisher(inverts: bool) -> Peer {
    interop::libzmq(SocketKind::Xpub, move |socket| {
        socket.set_i32(Opt::XPUB_VERBOSER, 1)?;
        socket.set_i32(Opt::INVERT_MATCHING, i32::from(inverts))?;
        socket.bind(TCP)
    })
}

/// A SUB of each library that inverts, each connected to one of the publishers: ours, then
/// libzmq's. Two subscriptions of each have arrived.
async fn inverted_subs(publishers: &[Peer; 2]) -> [End; 2] {
    let sub = SubSocket::builder().subscribe("a").subscribe("bb").invert_matching(true).build();
    let (ours, _) = End::from_ours(sub, Attach::Connect(publishers[0].endpoint())).await;
    let options = |socket: &Socket| {
        socket.set_i32(Opt::INVERT_MATCHING, 1)?;
        socket.set_bytes(Opt::SUBSCRIBE, b"a")?;
        socket.set_bytes(Opt::SUBSCRIBE, b"bb")
    };
    let at = Attach::Connect(publishers[1].endpoint());
    let (theirs, _) = End::from_theirs(SocketKind::Sub, options, at);
    for publisher in publishers {
        let mut told = Vec::new();
        while told.len() < 2 {
            told.push(publisher.recv().await.expect("a subscription"));
        }
        told.sort();
        assert_eq!(told, ["\u{1}a", "\u{1}bb"].map(frame));
    }
    [ours, theirs]
}

/// `ZMQ_INVERT_MATCHING`: a SUB receives the topics that it has not subscribed to.
#[tokio::test]
async fn inverted_subscriber_gets_unsubscribed_topics() {
    let publishers = [publisher(true), publisher(true)];
    for (mut sub, publisher) in inverted_subs(&publishers).await.into_iter().zip(&publishers) {
        for message in ["a1", "b1", "bb1", "", "a", "bb", "c"] {
            publisher.send([message]).await.unwrap();
        }
        for message in ["b1", "", "c"] {
            assert_eq!(sub.recv(message).await, frame(message), "of {sub:?}");
        }
    }
}

/// `ZMQ_INVERT_MATCHING`, set on the SUB only: the publisher sends messages that the SUB drops.
#[tokio::test]
async fn inverted_only_on_sub_receives_nothing() {
    let publishers = [publisher(false), publisher(false)];
    for (mut sub, publisher) in inverted_subs(&publishers).await.into_iter().zip(&publishers) {
        for message in ["a1", "c", "bb1"] {
            publisher.send([message]).await.unwrap();
        }
        // A last message that passes both filters.
        set(publisher, Opt::INVERT_MATCHING, &1_i32.to_ne_bytes()).await;
        publisher.send(["the first"]).await.unwrap();
        assert_eq!(sub.recv("a message").await, frame("the first"), "of {sub:?}");
    }
}

/// `ZMQ_XSUB_VERBOSE_UNSUBSCRIBE`, and without it.
#[tokio::test]
async fn xsub_sends_every_or_last_cancellation() {
    for verbose in [true, false] {
        let publishers = [publisher(false), publisher(false)];
        let xsub = XSubSocket::builder().tell_every_cancellation(verbose).build();
        let ours = End::from_ours(xsub, Attach::Connect(publishers[0].endpoint())).await;
        let theirs = End::from_theirs(
            SocketKind::Xsub,
            move |socket| socket.set_i32(Opt::XSUB_VERBOSE_UNSUBSCRIBE, i32::from(verbose)),
            Attach::Connect(publishers[1].endpoint()),
        );
        let publishers = &publishers;
        let seen = assert_same(ours, theirs, async |mut xsub, at| {
            let publisher = publishers.iter().find(|publisher| publisher.endpoint() == at);
            let publisher = publisher.expect("one of them");
            xsub.send("a subscription", frame("\u{1}ready")).await;
            assert_eq!(publisher.recv().await.unwrap(), frame("\u{1}ready"));
            let changes =
                ["\u{1}A", "\u{1}A", "\u{0}A", "\u{0}A", "\u{0}A", "\u{0}never", "\u{1}end"];
            for change in changes {
                xsub.send(change, frame(change)).await;
            }
            let mut told = Vec::new();
            while told.last() != Some(&frame("\u{1}end")) {
                told.push(publisher.recv().await.unwrap());
            }
            told
        })
        .await;
        let cancellations = seen.iter().filter(|told| told[0][0] == 0).count();
        assert_eq!(cancellations, if verbose { 4 } else { 1 });
    }
}

/// `ZMQ_TOPICS_COUNT` of a SUB.
#[tokio::test]
async fn subscriber_counts_topics() {
    let ours = SubSocket::new();
    let theirs = interop::libzmq(SocketKind::Sub, |_| Ok(()));
    let mut counts = Vec::new();
    for (subscribe, topic) in [
        (true, "a"),
        (true, "a"),
        (true, "ab"),
        (true, ""),
        (false, "a"),
        (false, "a"),
        (false, ""),
    ] {
        if subscribe {
            ours.subscribe(topic);
        } else {
            ours.unsubscribe(topic);
        }
        let option = if subscribe { Opt::SUBSCRIBE } else { Opt::UNSUBSCRIBE };
        set(&theirs, option, topic.as_bytes()).await;
        let count = theirs.run(|socket| socket.get_i32(Opt::TOPICS_COUNT)).await.unwrap();
        counts.push((ours.topics_count(), usize::try_from(count).unwrap()));
    }
    assert_eq!(counts, [1, 1, 2, 3, 3, 2, 1].map(|count| (count, count)));
}
