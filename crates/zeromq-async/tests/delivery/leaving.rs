//! Peers that leave: their sent and queued messages, and the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use support::hostile::{HostilePeer, command, greeting, property, ready};
use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, event, fast_reconnect, handshake_succeeded,
    huge_frame, is_pending, listen, within,
};
use tokio::task::{JoinSet, yield_now};
use tower::ServiceExt;
use zeromq_async::{
    Context, DealerSocket, Endpoint, Events, Message, PubSocket, PullSocket, PushSocket, RepSocket,
    RouterSocket, SendErrorKind, SocketEvent, SocketHandle, SocketType, XPubSocket,
};
use zeromq_util::service;

/// Threads that compete with the runtime for the processor.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let busy = |stop: Arc<AtomicBool>| move || while !stop.load(Ordering::Relaxed) {};
        let threads = (0..2).map(|_| thread::spawn(busy(stop.clone()))).collect();
        Self { stop, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// The duration of each search for a race below.
const RACE_DURATION: Duration = Duration::from_secs(3);

/// A message that is queued after the end of the queue was reported would be lost without a count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_after_disconnected() {
    let _load = Load::start();
    let mut dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut events = dealer.events();
    let start = Instant::now();
    while start.elapsed() < RACE_DURATION {
        drop(RawPeer::connect(&endpoint, SocketType::Dealer).await);
        disconnected(&mut events).await;
        let refused = dealer.try_send("too late").unwrap_err();
        assert_eq!(*refused.kind(), SendErrorKind::Full);
    }
}

/// The same for a connecting socket, which queues nothing without a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn immediate_takes_nothing_after_disconnected() {
    let _load = Load::start();
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().immediate(true).reconnect(fast_reconnect()).build();
    dealer.connect(&endpoint).unwrap();
    let mut events = dealer.events();
    let start = Instant::now();
    while start.elapsed() < RACE_DURATION {
        drop(RawPeer::accept(&listener, SocketType::Dealer).await);
        disconnected(&mut events).await;
        // The next connection is not accepted before the next round.
        let refused = dealer.try_send("too late").unwrap_err();
        assert_eq!(*refused.kind(), SendErrorKind::Full);
    }
}

/// A message that was accepted before the peer left is either sent or reported as unsent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_sent_or_told_as_unsent() {
    let _load = Load::start();
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut events = dealer.events();
    let mut sender = dealer.sender();
    let (mut taken, mut unsent) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < RACE_DURATION {
        let peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
        let leaving = tokio::spawn(async move { drop(peer) });
        while !leaving.is_finished() {
            taken += u64::from(sender.try_send("now").is_ok());
        }
        unsent += disconnected(&mut events).await as u64;
        let stats = dealer.stats();
        assert_eq!((stats.sent + stats.lost, stats.lost), (taken, unsent));
    }
}

/// Every request of a client whose servers come and go ends with a reply or an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_end_though_servers_come_and_go() {
    let _load = Load::start();
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let (client, driver) = service::client(dealer);
    let driving = tokio::spawn(driver.run());
    let done = Arc::new(AtomicBool::new(false));
    let mut servers = JoinSet::new();
    for _ in 0..3 {
        let (endpoint, done) = (endpoint.clone(), done.clone());
        servers.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let mut rep = RepSocket::builder().linger(Duration::ZERO).build();
                rep.connect(&endpoint).unwrap();
                for _ in 0..20 {
                    let Ok(request) = rep.recv().await else { break };
                    rep.send(request).await.unwrap();
                }
                rep.close().await;
            }
        });
    }
    let mut requests = JoinSet::new();
    let start = Instant::now();
    for _ in 0..8 {
        let client = client.clone();
        requests.spawn(async move {
            while start.elapsed() < RACE_DURATION {
                // Either outcome is correct.
                let _ = client.clone().oneshot("a question".into()).await;
            }
        });
    }
    within("every request to end", async { while requests.join_next().await.is_some() {} }).await;
    done.store(true, Ordering::Relaxed);
    servers.abort_all();
    drop(client);
    within("the driver to end", driving).await.unwrap();
}

/// Waits until this number of messages has arrived.
async fn received(handle: &SocketHandle, count: u64) {
    within("messages to arrive", async {
        while handle.stats().received < count {
            yield_now().await;
        }
    })
    .await;
}

fn number(number: u32) -> Message {
    Message::from(number.to_string())
}

// ---- topics of a peer that leaves ----

/// The topics of a peer that leaves are removed in steps, and other tasks run in between.
#[tokio::test]
async fn many_topics_go_piece_by_piece() {
    const TOPICS: usize = 20_000;
    let publisher = PubSocket::new();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let greeted = [greeting(1, "NULL"), ready("SUB")].concat();
    let mut peer = HostilePeer::connect(&endpoint, &greeted).await;
    let topics = (0..TOPICS).flat_map(|topic| command("SUBSCRIBE", &topic.to_be_bytes()));
    peer.write(&topics.collect::<Vec<_>>()).await;
    let count = || publisher.topics_count();
    within("the topics", async {
        while count() < TOPICS {
            yield_now().await;
        }
    })
    .await;
    drop(peer);
    let mut pieces = 0;
    within("the topics to go", async {
        let mut last = TOPICS;
        while last > 0 {
            yield_now().await;
            pieces += usize::from(count() < last);
            last = count();
        }
    })
    .await;
    assert!(pieces >= 10, "only {pieces} pieces");
}

// ---- replaced and disconnected peers ----

/// A ROUTER with handover and a first peer `name`, which has an unread message.
async fn router_with_peer(router: &mut RouterSocket, events: &mut Events) -> (Endpoint, RawPeer) {
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let old = RawPeer::connect_as(&endpoint, SocketType::Dealer, "name").await;
    handshake_succeeded(events).await;
    let huge = Message::from(vec!["name".into(), huge_frame()]);
    router.send(huge).await.unwrap();
    (endpoint, old)
}

/// Nothing is received from a replaced peer: neither later messages, nor earlier ones, whether the
/// receiver had taken them from the queue or not.
#[tokio::test]
async fn a_replaced_peer_is_not_heard() {
    let mut router =
        RouterSocket::builder().handover(true).linger(Duration::from_millis(100)).build();
    let mut events = router.events();
    let (endpoint, mut old) = router_with_peer(&mut router, &mut events).await;
    for number in 0..3 {
        old.send(number.to_string()).await;
    }
    received(router.handle(), 3).await;
    let first = within("the first message", router.recv()).await.unwrap();
    assert_eq!(first, Message::multipart(["name", "0"]));
    old.send("not taken yet").await;
    received(router.handle(), 4).await;

    let mut new = RawPeer::connect_as(&endpoint, SocketType::Dealer, "name").await;
    handshake_succeeded(&mut events).await;
    old.send("too late").await;
    received(router.handle(), 5).await;
    new.send("new").await;
    let next = within("the new peer's message", router.recv()).await.unwrap();
    assert_eq!(next, Message::multipart(["name", "new"]));
    assert!(is_pending(router.recv()));
    assert_eq!(router.stats().discarded.unheard, 4);

    // It reads nothing, but it leaves anyway, with its queue.
    assert_eq!(disconnected(&mut events).await, 1);
    assert_eq!((router.stats().peers.len(), router.stats().queued), (1, 0));
    drop(old);
}

#[tokio::test]
async fn a_replaced_inproc_peer_is_not_heard() {
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).handover(true).build();
    router.bind("inproc://replaced").await.unwrap();
    let dealer = || DealerSocket::builder_in(&context).routing_id("name").unwrap().build();
    let mut old = dealer();
    old.connect("inproc://replaced").unwrap();
    for number in 0..3 {
        old.send(number.to_string()).await.unwrap();
    }
    let first = within("the first message", router.recv()).await.unwrap();
    assert_eq!(first, Message::multipart(["name", "0"]));
    let mut new = dealer();
    new.connect("inproc://replaced").unwrap();
    new.send("new").await.unwrap();
    let next = within("the new peer's message", router.recv()).await.unwrap();
    assert_eq!(next, Message::multipart(["name", "new"]));
    assert!(is_pending(router.recv()));
}

/// The same for a peer that is disconnected, over an accepted and over a connected stream.
#[tokio::test]
async fn a_peer_sent_away_is_not_heard() {
    let mut dealer = DealerSocket::builder().linger(Duration::from_millis(100)).build();
    let mut events = dealer.events();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let accepted = RawPeer::connect(&endpoint, SocketType::Dealer).await;
    disconnect_peer(&mut dealer, &mut events, accepted).await;

    let (listener, endpoint) = listen().await;
    dealer.connect(&endpoint).unwrap();
    let connected = RawPeer::accept(&listener, SocketType::Dealer).await;
    disconnect_peer(&mut dealer, &mut events, connected).await;
}

async fn disconnect_peer(dealer: &mut DealerSocket, events: &mut Events, mut peer: RawPeer) {
    handshake_succeeded(events).await;
    let before = dealer.stats();
    dealer.send(huge_frame()).await.unwrap();
    for text in ["one", "two", "three"] {
        peer.send(text).await;
    }
    received(dealer.handle(), before.received + 3).await;
    let (message, from) = within("a message", dealer.recv_from()).await.unwrap();
    assert_eq!(message, "one");
    dealer.handle().disconnect_peer(from.id()).unwrap();
    peer.send("four").await;
    received(dealer.handle(), before.received + 4).await;
    assert!(is_pending(dealer.recv()));
    assert_eq!(dealer.stats().discarded.unheard, before.discarded.unheard + 3);
    assert_eq!(disconnected(events).await, 1);
    assert_eq!(dealer.stats().queued, 0);
}

/// Disconnecting a subscriber cancels its subscriptions, and the XPUB receives the cancellations.
#[tokio::test]
async fn cancellations_of_a_peer_sent_away_are_heard() {
    let mut xpub = XPubSocket::new();
    let endpoint = xpub.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::XSub).await;
    peer.subscribe("a").await;
    peer.subscribe("b").await;
    received(xpub.handle(), 2).await;
    let (notice, from) = within("a notice", xpub.recv_from()).await.unwrap();
    assert_eq!(notice, b"\x01a");
    xpub.handle().disconnect_peer(from.id()).unwrap();
    let mut notices = Vec::new();
    for _ in 0..3 {
        notices.push(within("a notice", xpub.recv()).await.unwrap());
    }
    notices[1..].sort_by_key(|notice| notice.first().unwrap().to_vec());
    assert_eq!(notices, ["\u{1}b", "\0a", "\0b"]);
}

// ---- senders of messages ----

/// A message has the routing id of its sender, even if another peer has the endpoint now. A reply
/// to it reaches no peer.
#[tokio::test]
async fn a_message_has_the_id_of_its_connection() {
    let port = ReservedPort::new();
    let mut router = RouterSocket::builder().reconnect(fast_reconnect()).mandatory(true).build();
    let mut events = router.events();
    router.connect(port.endpoint()).unwrap();
    let mut count = 0;
    for name in ["ALICE", "MALLORY"] {
        let mut dealer = DealerSocket::builder().routing_id(name).unwrap().build();
        dealer.bind(port.endpoint()).await.unwrap();
        handshake_succeeded(&mut events).await;
        for _ in 0..3 {
            dealer.send("hello").await.unwrap();
            count += 1;
        }
        received(router.handle(), count).await;
        if name == "ALICE" {
            dealer.close().await;
            continue;
        }
        for from in ["ALICE", "ALICE", "ALICE", "MALLORY", "MALLORY", "MALLORY"] {
            let message = within("a message", router.recv()).await.unwrap();
            assert_eq!(message, Message::multipart([from, "hello"]));
        }
        let lost = router.send(Message::multipart(["ALICE", "secret"])).await.unwrap_err();
        assert_eq!(*lost.kind(), SendErrorKind::Unroutable("ALICE".into()));
        router.send(Message::multipart(["MALLORY", "answer"])).await.unwrap();
        assert_eq!(within("the answer", dealer.recv()).await.unwrap(), "answer");
    }
}

// ---- routing ids ----

/// A peer that announces an id in the form that a ROUTER generates.
async fn announce(endpoint: &Endpoint, routing_id: &[u8]) -> HostilePeer {
    let metadata = [property("Socket-Type", b"DEALER"), property("Identity", routing_id)].concat();
    let handshake = [greeting(1, "NULL"), command("READY", &metadata)].concat();
    HostilePeer::connect(endpoint, &handshake).await
}

async fn anonymous(router: &RouterSocket, events: &mut Events, endpoint: &Endpoint) -> u32 {
    let _peer = RawPeer::connect(endpoint, SocketType::Dealer).await;
    let peer = event(events, "a handshake", |event| match event {
        SocketEvent::HandshakeSucceeded { peer, .. } => Some(peer),
        SocketEvent::HandshakeFailed { reason, .. } => panic!("{reason}"),
        _ => None,
    })
    .await;
    let peers = router.stats().peers;
    let peer = peers.iter().find(|known| known.peer == peer).unwrap();
    u32::from_be_bytes(peer.routing_id[1..].try_into().unwrap())
}

/// Peers may announce ids that begin with zero, as with libzmq, and block no other peer: generated
/// ids cannot be predicted, and a ROUTER never generates an id that is in use.
#[tokio::test]
async fn announced_ids_keep_no_anonymous_peer_out() {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut events = router.events();
    let known = anonymous(&router, &mut events, &endpoint).await;
    let mut announced = Vec::new();
    for guess in 1..=5 {
        let guess = known.wrapping_add(guess).to_be_bytes();
        let routing_id = [&[0][..], &guess].concat();
        announced.push(announce(&endpoint, &routing_id).await);
        handshake_succeeded(&mut events).await;
    }
    for _ in 0..5 {
        anonymous(&router, &mut events, &endpoint).await;
    }
}

#[tokio::test]
async fn made_up_ids_do_not_follow_one_another() {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut events = router.events();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(anonymous(&router, &mut events, &endpoint).await);
    }
    let steps: Vec<_> = ids.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert!(steps[0] != steps[1] || steps[1] != steps[2], "{ids:?}");
}

// ---- the order of one sender's messages ----

/// Messages of one inproc sender arrive in order, however often it reconnects, and whether the
/// receiver has read some of them or none.
#[tokio::test]
async fn inproc_order_outlives_disconnecting() {
    for receive_between in [0, 1, 2] {
        let context = Context::new();
        let (mut push, mut pull) = ends(&context);
        pull.bind("inproc://order").await.unwrap();
        let mut expected = 0..;
        for round in 0..4 {
            push.connect("inproc://order").unwrap();
            for message in 0..3 {
                push.send(number(3 * round + message)).await.unwrap();
            }
            push.disconnect("inproc://order").unwrap();
            in_order(&mut pull, &mut expected, receive_between).await;
        }
        in_order(&mut pull, &mut expected, 12 - 4 * receive_between).await;
        assert!(is_pending(pull.recv()));
    }
}

/// The same if the receiver connects, and if it disconnects.
#[tokio::test]
async fn inproc_order_survives_receiver_reconnect() {
    for receive_between in [0, 1, 2] {
        let context = Context::new();
        let (mut push, mut pull) = ends(&context);
        push.bind("inproc://order").await.unwrap();
        let mut expected = 0..;
        for round in 0..4 {
            pull.connect("inproc://order").unwrap();
            for message in 0..3 {
                push.send(number(3 * round + message)).await.unwrap();
            }
            in_order(&mut pull, &mut expected, receive_between).await;
            pull.disconnect("inproc://order").unwrap();
        }
        in_order(&mut pull, &mut expected, 12 - 4 * receive_between).await;
        assert!(is_pending(pull.recv()));
    }
}

fn ends(context: &Context) -> (PushSocket, PullSocket) {
    (PushSocket::builder_in(context).build(), PullSocket::builder_in(context).build())
}

async fn in_order(pull: &mut PullSocket, expected: &mut std::ops::RangeFrom<u32>, count: usize) {
    for expected in expected.take(count) {
        let message = pull.recv().now_or_never().expect("a message").unwrap();
        assert_eq!(message, number(expected));
    }
}

/// Counts stay correct if one queue takes over the messages of another.
#[tokio::test]
async fn counts_of_a_successor_balance() {
    let context = Context::new();
    let (mut push, mut pull) = ends(&context);
    pull.bind("inproc://counts").await.unwrap();
    for round in 0..3 {
        push.connect("inproc://counts").unwrap();
        for message in 0..3 {
            push.send(number(3 * round + message)).await.unwrap();
        }
        push.disconnect("inproc://counts").unwrap();
        pull.recv().await.unwrap();
        let stats = pull.stats();
        assert_eq!(stats.received, 3 * u64::from(round) + 3);
        assert_eq!(stats.unread + stats.taken, stats.received);
    }
    let handle = pull.handle().clone();
    drop(pull);
    let stats = handle.stats();
    assert_eq!((stats.unread, stats.discarded.abandoned, stats.taken), (0, 6, 3));
}
