//! Rows about publishers and full queues.

use std::time::{Duration, Instant};

use interop::peer::{Ours, Peer, Sent, Settings};
use interop::{ReservedPort, TCP};
use libzmq_peer::SocketKind;
use libzmq_peer::SocketKind::{Dealer, Pair, Push, Router, Sub, Xpub};

use crate::support::{DEADLINE, SHORT, next, single, times};

side_by_side! {
    /// A message that is published before the first subscription is lost. A publisher that waits
    /// for its subscriber loses nothing.
    row_01_slow_joiner: slow_joiner,
    ours: SlowJoiner { told: true, lost_after_waiting: 0 },
    libzmq: SlowJoiner { told: false, lost_after_waiting: 0 },
}

#[derive(Debug, PartialEq)]
struct SlowJoiner {
    /// Whether the publisher reports that the first message had no subscriber.
    told: bool,
    lost_after_waiting: usize,
}

async fn slow_joiner<P: Peer>() -> SlowJoiner {
    let mut publisher = P::start(&Settings::new(Xpub)).await;
    let to = publisher.bind(TCP).await;
    assert_eq!(publisher.send(single("early"), DEADLINE).await, Sent::Taken);
    let told = publisher.dropped().await == Some(1);
    let mut lost_after_waiting = 0;
    for run in 0..times(100, 1000) {
        let mut subscriber = P::start(&Settings::new(Sub).topic("")).await;
        subscriber.connect(&to).await;
        assert_eq!(next(&mut publisher, "a subscription").await, single([1]));
        let message = single(run.to_string());
        assert_eq!(publisher.send(message.clone(), DEADLINE).await, Sent::Taken);
        lost_after_waiting += usize::from(subscriber.recv(DEADLINE).await != Some(message));
        subscriber.close(DEADLINE).await;
        assert_eq!(next(&mut publisher, "its end").await, single([0]));
    }
    SlowJoiner { told, lost_after_waiting }
}

side_by_side! {
    /// A publisher with a slow subscriber drops messages. Only this library counts them, and
    /// exactly the missing ones.
    row_02_silent_drop_at_hwm_of_a_publisher: dropping_publisher,
    ours: Drops { some: true, accounted: Some(true) },
    libzmq: Drops { some: true, accounted: None },
}

side_by_side! {
    /// The same with a ROUTER.
    row_02_silent_drop_at_hwm_of_a_router: dropping_router,
    ours: Drops { some: true, accounted: Some(true) },
    libzmq: Drops { some: true, accounted: None },
}

#[derive(Debug, PartialEq)]
struct Drops {
    some: bool,
    /// Whether the sent messages equal the received ones plus the reported drops.
    accounted: Option<bool>,
}

const MANY: usize = 5000;

async fn dropping_publisher<P: Peer>() -> Drops {
    let mut publisher = P::start(&Settings::new(Xpub).send_mark(10).buffers(8192)).await;
    let settings = Settings::new(Sub).topic("").receive_mark(10).buffers(8192);
    let mut subscriber = P::start(&settings).await;
    subscriber.connect(&publisher.bind(TCP).await).await;
    assert_eq!(next(&mut publisher, "a subscription").await, single([1]));
    assert_eq!(publisher.send_until_full(single([7; 1024]), MANY).await, MANY);
    drops(&mut publisher, &mut subscriber).await
}

async fn dropping_router<P: Peer>() -> Drops {
    let mut router = P::start(&Settings::new(Router).send_mark(10).buffers(8192)).await;
    let settings = Settings::new(Dealer).routing_id("slow".to_owned()).receive_mark(10);
    let mut dealer = P::start(&settings.buffers(8192)).await;
    dealer.connect(&router.bind(TCP).await).await;
    assert_eq!(dealer.send(single("here"), DEADLINE).await, Sent::Taken);
    assert_eq!(next(&mut router, "the DEALER").await, [&b"slow"[..], b"here"]);
    assert_eq!(router.send_until_full(vec![b"slow".to_vec(), vec![7; 1024]], MANY).await, MANY);
    drops(&mut router, &mut dealer).await
}

/// Receives all available messages.
async fn drops<P: Peer>(sender: &mut P, receiver: &mut P) -> Drops {
    let dropped = sender.dropped().await.map(|dropped| usize::try_from(dropped).expect("few"));
    let mut received = 0;
    loop {
        let is_to_come = dropped.is_some_and(|dropped| dropped + received < MANY);
        let Some(_) = receiver.recv(if is_to_come { DEADLINE } else { SHORT }).await else { break };
        received += 1;
    }
    assert!(received > 0);
    Drops { some: received < MANY, accounted: dropped.map(|dropped| dropped + received == MANY) }
}

side_by_side! {
    /// A subscriber that does not read delays no other.
    row_03_one_slow_subscriber: slow_subscriber,
    ours: SlowSubscriber { fast_lost: 0, slow_lost: true, as_fast: true },
    libzmq: SlowSubscriber { fast_lost: 0, slow_lost: true, as_fast: true },
}

#[derive(Debug, PartialEq)]
struct SlowSubscriber {
    fast_lost: usize,
    slow_lost: bool,
    /// Whether the fast subscribers' slowest hundredth is about as fast as without the slow one.
    as_fast: bool,
}

async fn slow_subscriber<P: Peer>() -> SlowSubscriber {
    const ROUNDS: usize = 1000;
    let mut publisher =
        P::start(&Settings::new(Xpub).verbose(true).send_mark(10).buffers(8192)).await;
    let to = publisher.bind(TCP).await;
    let mut subscribers = Vec::new();
    for _ in 0..5 {
        let settings = Settings::new(Sub).topic("").receive_mark(10).buffers(8192);
        let mut subscriber = P::start(&settings).await;
        subscriber.connect(&to).await;
        assert_eq!(next(&mut publisher, "a subscription").await, single([1]));
        subscribers.push(subscriber);
    }
    let mut slow = subscribers.pop().expect("five");
    let mut fast_lost = 0;
    let mut worst = [Duration::ZERO; 2];
    for (run, worst) in worst.iter_mut().enumerate() {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let sent = Instant::now();
            assert_eq!(publisher.send(single([7; 1024]), DEADLINE).await, Sent::Taken);
            for fast in &mut subscribers {
                fast_lost += usize::from(fast.recv(DEADLINE).await.is_none());
            }
            times.push(sent.elapsed());
            if run == 0 {
                assert!(slow.recv(DEADLINE).await.is_some(), "it reads in the first run");
            }
        }
        times.sort_unstable();
        *worst = times[ROUNDS * 99 / 100];
    }
    let mut slow_got = 0;
    while slow.recv(SHORT).await.is_some() {
        slow_got += 1;
    }
    // The machine may be busy. The check is that no subscriber waits for the slow one, which takes
    // for ever.
    let as_fast = worst[1] < 5 * worst[0] + Duration::from_secs(1);
    SlowSubscriber { fast_lost, slow_lost: slow_got < ROUNDS, as_fast }
}

side_by_side! {
    /// The number of messages that a socket queues for an absent peer, for each high-water mark.
    row_04_hwm_is_what_it_says: marks,
    ours: table_of_marks(),
    libzmq: table_of_marks(),
}

/// The high-water mark, or no limit with 0.
fn table_of_marks() -> Vec<(SocketKind, usize, usize)> {
    let kinds = [Push, Dealer, Pair];
    let marks = [(0, MANY), (1, 1), (2, 2), (1000, 1000)];
    kinds.iter().flat_map(|kind| marks.map(|(mark, queued)| (*kind, mark, queued))).collect()
}

async fn marks<P: Peer>() -> Vec<(SocketKind, usize, usize)> {
    let nobody = ReservedPort::new();
    let mut counts = Vec::new();
    for (kind, mark, _) in table_of_marks() {
        let mut sender = P::start(&Settings::new(kind).send_mark(mark)).await;
        sender.connect(&nobody.endpoint()).await;
        counts.push((kind, mark, sender.send_until_full(single("queued"), MANY).await));
    }
    counts
}

side_by_side! {
    /// A subscriber that subscribes to more topics at once than its high-water mark: libzmq loses
    /// the excess silently.
    row_05_subscriptions_beyond_the_hwm: subscription_flood,
    ours: LosesTopics(false),
    libzmq: LosesTopics(true),
}

#[derive(Debug, PartialEq)]
struct LosesTopics(bool);

/// Whether the publisher misses some subscriptions.
async fn subscription_flood<P: Peer>() -> LosesTopics {
    let mut publisher = P::start(&Settings::new(Xpub).receive_mark(1)).await;
    let mut subscriber = P::start(&Settings::new(Sub).send_mark(1)).await;
    subscriber.connect(&publisher.bind(TCP).await).await;
    subscriber.subscribe(b"first").await;
    assert_eq!(next(&mut publisher, "a subscription").await, single(b"\x01first"));
    let topics = times(MANY, 100_000);
    for topic in 0..topics {
        subscriber.subscribe(topic.to_string().as_bytes()).await;
    }
    let mut heard = 0;
    while heard < topics && publisher.recv(5 * SHORT).await.is_some() {
        heard += 1;
    }
    LosesTopics(heard < topics)
}

/// By default a publisher keeps at most 1,000 messages for a subscriber that does not read.
#[tokio::test]
async fn row_16_dead_subscriber_queue_is_bounded() {
    const MOST: usize = 1000;
    let mut publisher = Ours::start(&Settings::new(Xpub).buffers(8192)).await;
    let mut subscriber = Ours::start(&Settings::new(Sub).topic("").buffers(8192)).await;
    subscriber.connect(&publisher.bind(TCP).await).await;
    next(&mut publisher, "a subscription").await;
    assert_eq!(publisher.send_until_full(single([7; 1024]), 10 * MOST).await, 10 * MOST);
    let dropped = publisher.dropped().await.expect("it says so");
    // Both queues and the kernel's buffers are full.
    let kept = 10 * MOST - usize::try_from(dropped).expect("few");
    assert!(kept <= 2 * MOST + 200, "{kept} messages were kept");
    assert!(kept >= MOST, "{kept} messages were kept");
}

side_by_side! {
    /// After a restart of the publisher, a subscriber is subscribed before it could miss a message,
    /// every time.
    row_24_subscriptions_after_a_restart: restarts,
    ours: Restarts { by_itself: true, not_restored: 0, lost: 0 },
    libzmq: Restarts { by_itself: false, not_restored: 0, lost: 0 },
}

#[derive(Debug, PartialEq)]
struct Restarts {
    /// Whether it subscribes again without a call.
    by_itself: bool,
    not_restored: usize,
    lost: usize,
}

async fn restarts<P: Peer>() -> Restarts {
    let port = ReservedPort::new();
    let mut subscriber = P::start(&Settings::new(Sub).reconnect(1)).await;
    for _ in 0..2 {
        subscriber.subscribe(b"twice").await;
    }
    subscriber.unsubscribe(b"twice").await;
    subscriber.connect(&port.endpoint()).await;
    let (mut by_itself, mut not_restored, mut lost) = (true, 0, 0);
    for run in 0..times(20, 200) {
        let mut publisher = P::start(&Settings::new(Xpub)).await;
        publisher.bind(&port.endpoint()).await;
        let mut heard = if run == 1 { publisher.recv(5 * SHORT).await } else { None };
        by_itself &= run != 1 || heard.is_some();
        let message = vec![b"twice".to_vec(), run.to_string().into_bytes()];
        let published = async {
            if heard.is_none() {
                heard = Some(next(&mut publisher, "a subscription").await);
            }
            assert_eq!(publisher.send(message.clone(), DEADLINE).await, Sent::Taken);
            heard == Some(single(b"\x01twice"))
        };
        let (received, was_restored) = tokio::join!(subscriber.recv(DEADLINE), published);
        not_restored += usize::from(!was_restored);
        lost += usize::from(received != Some(message));
        publisher.close(DEADLINE).await;
    }
    Restarts { by_itself, not_restored, lost }
}

side_by_side! {
    /// Conflation with messages of several frames.
    row_31_conflate_and_multipart: conflate,
    ours: vec![b"price".to_vec(), b"3".to_vec()],
    libzmq: vec![b"3".to_vec()],
}

async fn conflate<P: Peer>() -> interop::Frames {
    let port = ReservedPort::new();
    let mut sender = P::start(&Settings::new(Push).conflate(true).reconnect(1)).await;
    sender.connect(&port.endpoint()).await;
    for price in ["1", "2", "3"] {
        let message = vec![b"price".to_vec(), price.as_bytes().to_vec()];
        assert_eq!(sender.send(message, DEADLINE).await, Sent::Taken);
    }
    let mut receiver = P::start(&Settings::new(SocketKind::Pull)).await;
    receiver.bind(&port.endpoint()).await;
    next(&mut receiver, "the latest price").await
}
