//! Fair queueing beside a peer that never stops, and exact round robin.

use std::collections::HashMap;

use support::{ANY_PORT, RawPeer, within};
use zeromq_async::{
    Context, DealerSocket, Message, PullSocket, PushSocket, SocketType, SubSocket, XPubSocket,
};

const TRICKLES: usize = 50;

/// Receives until a message of `trickle` arrives. Returns the number of messages before it.
async fn others_before(pull: &mut PullSocket, trickle: &str) -> usize {
    let mut others = 0;
    while within("a message", pull.recv()).await.unwrap() != trickle {
        others += 1;
    }
    others
}

/// A message that has arrived waits for at most one message of each other peer.
async fn trickles_pass_a_firehose() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut firehose = PushSocket::new();
    firehose.connect(&endpoint).unwrap();
    let firehose = tokio::spawn(async move { while firehose.send("firehose").await.is_ok() {} });
    let mut peers = Vec::new();
    for _ in 0..TRICKLES {
        peers.push(RawPeer::connect(&endpoint, SocketType::Push).await);
    }
    for round in 0..4 {
        for (number, peer) in peers.iter_mut().enumerate() {
            let message = format!("trickle {round} {number}");
            peer.send(&*message).await;
            peer.sync().await;
            let others = others_before(&mut pull, &message).await;
            assert!(others <= TRICKLES + 1, "{others} messages came before {message}");
        }
    }
    assert!(!firehose.is_finished(), "the firehose was not on");
    firehose.abort();
}

#[tokio::test]
async fn slow_peers_pass_a_firehose_on_one_thread() {
    trickles_pass_a_firehose().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_peers_pass_a_firehose_on_many_threads() {
    trickles_pass_a_firehose().await;
}

/// All peers have a message waiting: one round delivers all of them.
#[tokio::test]
async fn each_round_takes_one_message_per_peer() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut firehose = RawPeer::connect(&endpoint, SocketType::Push).await;
    for _ in 0..900 {
        firehose.send("firehose").await;
    }
    firehose.sync().await;
    let mut peers = Vec::new();
    for number in 0..TRICKLES {
        let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
        for _ in 0..3 {
            peer.send(format!("trickle {number}")).await;
        }
        peer.sync().await;
        peers.push(peer);
    }
    for round in 0..3 {
        let mut counts = HashMap::<String, usize>::new();
        for _ in 0..=TRICKLES {
            let message = within("a message", pull.recv()).await.unwrap();
            *counts.entry(message.first().unwrap().to_str_lossy().into_owned()).or_default() += 1;
        }
        assert_eq!(counts.len(), TRICKLES + 1, "in round {round}: {counts:?}");
    }
}

/// The same over inproc, without a connection task between the sockets.
#[tokio::test]
async fn slow_peers_pass_an_inproc_firehose() {
    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).build();
    pull.bind("inproc://fair").await.unwrap();
    let mut firehose = PushSocket::builder_in(&context).build();
    firehose.connect("inproc://fair").unwrap();
    let firehose = tokio::spawn(async move { while firehose.send("firehose").await.is_ok() {} });
    let mut peers = Vec::new();
    for _ in 0..TRICKLES {
        let peer = PushSocket::builder_in(&context).build();
        peer.connect("inproc://fair").unwrap();
        peers.push(peer);
    }
    for round in 0..10 {
        for (number, peer) in peers.iter_mut().enumerate() {
            let message = format!("trickle {round} {number}");
            peer.send(&*message).await.unwrap();
            let others = others_before(&mut pull, &message).await;
            assert!(others <= TRICKLES + 1, "{others} messages came before {message}");
        }
    }
    firehose.abort();
}

/// A large batch of one peer delays a small batch of another peer by one message.
#[tokio::test]
async fn large_messages_alternate_with_small_ones() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut large = RawPeer::connect(&endpoint, SocketType::Push).await;
    let mut small = RawPeer::connect(&endpoint, SocketType::Push).await;
    for _ in 0..20 {
        large.send(Message::multipart([vec![0; 100_000], vec![0; 100_000]])).await;
        small.send("small").await;
    }
    large.sync().await;
    small.sync().await;
    for turn in 0..20 {
        let pair = [pull.recv().await.unwrap().size(), pull.recv().await.unwrap().size()];
        assert_eq!(pair[0] + pair[1], 200_005, "in turn {turn}: {pair:?}");
    }
}

#[tokio::test]
async fn round_robin_is_exact() {
    const PEERS: usize = 7;
    const EACH: usize = 300;
    let mut push = PushSocket::new();
    let mut pulls = Vec::new();
    for _ in 0..PEERS {
        let pull = PullSocket::new();
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        pulls.push(pull);
    }
    for number in 0..PEERS * EACH {
        push.send(format!("{number}")).await.unwrap();
    }
    for (first, pull) in pulls.iter_mut().enumerate() {
        for turn in 0..EACH {
            let received = within("this peer's share", pull.recv()).await.unwrap();
            assert_eq!(received, format!("{}", first + turn * PEERS));
        }
        assert!(pull.try_recv().is_err(), "more than its share");
    }
}

#[tokio::test]
async fn round_robin_continues_as_peers_change() {
    let context = Context::new();
    let mut dealer = DealerSocket::builder_in(&context).build();
    let bound = |name: &'static str| {
        let context = context.clone();
        async move {
            let other = DealerSocket::builder_in(&context).build();
            other.bind(name).await.unwrap();
            other
        }
    };
    let (mut a, mut b, mut c) =
        (bound("inproc://a").await, bound("inproc://b").await, bound("inproc://c").await);
    let share = |dealer: &mut DealerSocket, others: &mut [&mut DealerSocket]| {
        for _ in 0..30 * others.len() {
            dealer.try_send("x").unwrap();
        }
        for other in others {
            let mut count = 0;
            while other.try_recv().is_ok() {
                count += 1;
            }
            assert_eq!(count, 30);
        }
    };
    dealer.connect("inproc://a").unwrap();
    dealer.connect("inproc://b").unwrap();
    share(&mut dealer, &mut [&mut a, &mut b]);
    dealer.connect("inproc://c").unwrap();
    share(&mut dealer, &mut [&mut a, &mut b, &mut c]);
    dealer.disconnect("inproc://a").unwrap();
    share(&mut dealer, &mut [&mut b, &mut c]);
}

/// A publisher serves 50 subscribers equally: each receives every message in order.
#[tokio::test]
async fn every_subscriber_gets_every_message() {
    let mut xpub = XPubSocket::new();
    let endpoint = xpub.bind(ANY_PORT).await.unwrap();
    let mut subs = Vec::new();
    for number in 0..TRICKLES {
        let sub = SubSocket::builder().subscribe("n").subscribe(format!("id {number}")).build();
        sub.connect(&endpoint).unwrap();
        subs.push(sub);
    }
    // One notice for the shared topic, and one for the own topic of each.
    for _ in 0..=TRICKLES {
        within("a subscription", xpub.recv()).await.unwrap();
    }
    xpub.wait_for_peers(TRICKLES).await;
    for number in 0..200 {
        xpub.send(format!("n{number}")).await.unwrap();
    }
    for sub in &mut subs {
        for number in 0..200 {
            let received = within("a message", sub.recv()).await.unwrap();
            assert_eq!(received, format!("n{number}"));
        }
    }
}
