//! Socket types that are not in the library, made of its strategies and layers.
//!
//! Each is a file that one can read on its own.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

#[path = "custom_sockets/consistent_push.rs"]
mod consistent_push;
#[path = "custom_sockets/counting_pub.rs"]
mod counting_pub;
#[path = "custom_sockets/exact_pub.rs"]
mod exact_pub;
#[path = "custom_sockets/least_busy_dealer.rs"]
mod least_busy_dealer;
#[path = "custom_sockets/priority_pull.rs"]
mod priority_pull;
#[path = "custom_sockets/unnamed_pull.rs"]
mod unnamed_pull;

use zeromq_async::{DealerSocket, Endpoint, Message, PullSocket, PushSocket, RecvError, RepSocket};
use zeromq_async::{ScatterSocket, SharedSocket, Socket, SubSocket};

const ANY_PORT: &str = "tcp://127.0.0.1:*";

/// The requests that a REP has waiting are answered late; the next ones go to the other REP.
#[tokio::test]
async fn least_busy_dealer_avoids_a_slow_peer() {
    let mut dealer = Socket::<least_busy_dealer::LeastBusyDealer>::new();
    let (mut slow, mut quick) = (RepSocket::new(), RepSocket::new());
    dealer.connect(slow.bind(ANY_PORT).await.unwrap()).unwrap();
    dealer.connect(quick.bind(ANY_PORT).await.unwrap()).unwrap();
    let request = |text: &str| Message::multipart(["", text]);

    dealer.send(request("to the slow one")).await.unwrap();
    for number in ["1", "2", "3"] {
        dealer.send(request(number)).await.unwrap();
        assert_eq!(quick.recv().await.unwrap(), number);
        quick.send(number).await.unwrap();
        assert_eq!(dealer.recv().await.unwrap(), request(number));
    }
    assert_eq!(slow.recv().await.unwrap(), "to the slow one");
    slow.send("late").await.unwrap();
    assert_eq!(dealer.recv().await.unwrap(), request("late"));
    dealer.send(request("again")).await.unwrap();
    assert_eq!(slow.recv().await.unwrap(), "again");
}

/// All messages with a key go to one peer, and a new peer takes over only some of the keys.
#[tokio::test]
async fn consistent_push_keeps_keys_with_peers() {
    let mut push = Socket::<consistent_push::ConsistentPush>::new();
    let mut pulls: Vec<PullSocket> = (0..3).map(|_| PullSocket::new()).collect();
    let keys: Vec<String> = (0..60).map(|number| format!("key {number}")).collect();
    for pull in &pulls[..2] {
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    }
    let before = places(&mut push, &mut pulls, &keys).await;
    assert_eq!(places(&mut push, &mut pulls, &keys).await, before);
    assert!(before.contains(&0) && before.contains(&1), "{before:?}");

    push.connect(pulls[2].bind(ANY_PORT).await.unwrap()).unwrap();
    let after = places(&mut push, &mut pulls, &keys).await;
    assert!(after.contains(&2), "{after:?}");
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
    assert!(moved.clone().all(|(_, after)| *after == 2), "{before:?} {after:?}");
}

/// The index of the PULL that each key goes to.
async fn places(
    push: &mut Socket<consistent_push::ConsistentPush>,
    pulls: &mut [PullSocket],
    keys: &[String],
) -> Vec<usize> {
    let mut places = Vec::new();
    for key in keys {
        push.send(Message::multipart([key.as_str(), "work"])).await.unwrap();
        let receiving = pulls.iter_mut().map(|pull| Box::pin(pull.recv()));
        let (message, place, _) = futures_util::future::select_all(receiving).await;
        assert_eq!(message.unwrap(), Message::multipart([key.as_str(), "work"]));
        places.push(place);
    }
    places
}

/// Messages of a peer with priority come first, though those of others have waited longer.
#[tokio::test]
async fn priority_pull_receives_urgent_first() {
    let mut pull = Socket::<priority_pull::PriorityPull>::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut plain = PushSocket::new();
    let mut urgent = PushSocket::builder().metadata("X-Priority", "9").unwrap().build();
    for (push, text) in [(&mut plain, "plain"), (&mut urgent, "urgent")] {
        push.connect(&endpoint).unwrap();
        for _ in 0..3 {
            push.send(text).await.unwrap();
        }
    }
    arrived(&pull, 6).await;
    for text in ["urgent", "urgent", "urgent", "plain", "plain", "plain"] {
        assert_eq!(pull.recv().await.unwrap(), text);
    }
    assert!(pull.try_recv().is_err());
}

async fn arrived(pull: &Socket<priority_pull::PriorityPull>, messages: u64) {
    while pull.stats().unread < messages {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn counting_pub_counts_messages_by_topic() {
    let mut publisher = Socket::<counting_pub::CountingPub>::new();
    let endpoint: Endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut sub = SubSocket::builder().subscribe("a").build();
    sub.connect(endpoint).unwrap();
    while publisher.topics_count() == 0 {
        tokio::task::yield_now().await;
    }
    for topic in ["a", "b", "a"] {
        publisher.send(topic).await.unwrap();
    }
    assert_eq!(publisher.control().count(b"a"), 2);
    assert_eq!(publisher.control().count(b"b"), 1);
    for _ in 0..2 {
        assert_eq!(sub.recv().await.unwrap(), "a");
    }
    assert_eq!(publisher.stats().dropped.unsubscribed, 1);
}

/// A custom socket speaks to a standard one as the type that it announces.
#[tokio::test]
async fn custom_dealer_talks_to_a_dealer() {
    let mut custom = Socket::<least_busy_dealer::LeastBusyDealer>::new();
    let mut dealer = DealerSocket::new();
    dealer.connect(custom.bind(ANY_PORT).await.unwrap()).unwrap();
    dealer.send("hello").await.unwrap();
    let (message, peer) = custom.recv_from().await.unwrap();
    assert_eq!(message, "hello");
    assert_eq!(peer.info().socket_type(), zeromq_async::SocketType::Dealer);
}

/// Subscribers over tcp and inproc get the same encoded message, and only those of its exact topic.
#[tokio::test]
async fn exact_pub_sends_to_exact_topics() {
    let mut publisher = Socket::<exact_pub::ExactPub>::new();
    let tcp = publisher.bind(ANY_PORT).await.unwrap();
    let inproc = publisher.bind("inproc://exact-pub").await.unwrap();
    let mut subs = Vec::new();
    for (endpoint, topic) in [(&tcp, "a"), (&inproc, "a"), (&tcp, "ab"), (&inproc, "")] {
        let mut sub = SubSocket::builder().subscribe(topic).build();
        sub.connect(endpoint).unwrap();
        assert_eq!(sub.recv().await.unwrap(), Message::multipart([topic, "subscribed"]));
        subs.push(sub);
    }
    let large = "x".repeat(100_000);
    for topic in ["a", "ab", "abc"] {
        publisher.send(Message::multipart([topic, &large])).await.unwrap();
    }
    publisher.send("").await.unwrap();
    for (sub, topic) in subs.iter_mut().zip(["a", "a", "ab"]) {
        assert_eq!(sub.recv().await.unwrap(), Message::multipart([topic, &large]));
        assert_eq!(sub.stats().unread, 0);
    }
    assert_eq!(subs[3].recv().await.unwrap(), "");
    let stats = publisher.stats();
    assert_eq!((stats.own, stats.sent), (4, 8));

    drop(subs);
    while publisher.control().0.lock().unwrap().values().any(|peers| !peers.is_empty()) {
        tokio::task::yield_now().await;
    }
}

/// `recv_from` of a type that does not know its senders is an error. `recv` receives.
#[tokio::test]
async fn recv_from_without_sender_is_an_error() {
    let mut pull = Socket::<unnamed_pull::UnnamedPull>::new();
    let mut push = PushSocket::new();
    push.connect(pull.bind("inproc://unnamed-pull").await.unwrap()).unwrap();
    for text in ["1", "2", "3"] {
        push.send(text).await.unwrap();
    }
    assert_eq!(pull.recv_from().await.unwrap_err(), RecvError::UnknownSender);
    assert_eq!(pull.try_recv_from().unwrap_err(), RecvError::UnknownSender);
    assert_eq!(pull.recv().await.unwrap(), "3");
    assert!(pull.last_peer().is_none());
}

#[tokio::test]
async fn unknown_sender_of_frame_is_an_error() {
    let gather = SharedSocket::<unnamed_pull::UnnamedGather>::new();
    let scatter = ScatterSocket::new();
    scatter.connect(gather.bind("inproc://unnamed-shared").await.unwrap()).unwrap();
    for text in ["1", "2", "3"] {
        scatter.send(text).await.unwrap();
    }
    assert_eq!(gather.recv_from().await.unwrap_err(), RecvError::UnknownSender);
    assert_eq!(gather.try_recv_from().unwrap_err(), RecvError::UnknownSender);
    assert_eq!(gather.recv().await.unwrap(), "3");
}
