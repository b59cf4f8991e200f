//! Rows about peers that vanish silently.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use interop::peer::{Ours, Peer, PeerEvent, Sent, Settings, Theirs};
use interop::{Frames, Mechanism, Secured, TCP};
use libzmq_peer::SocketKind;
use libzmq_peer::SocketKind::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub};
use tokio::time::interval;
use zeromq_test::{Fault, Relay, Way};

use crate::support::{Child, DEADLINE, SHORT, next, relay_to, single, times};

const INTERVAL: Duration = Duration::from_millis(20);

/// Long, so that a busy machine is not taken for a lost peer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The tolerated delay on a busy machine.
const SLACK: Duration = Duration::from_secs(4);

side_by_side! {
    /// Only heartbeats detect a peer that vanishes silently.
    row_06_half_open_peer: half_open,
    ours: HalfOpen { noticed_by_who_asks: true, noticed_otherwise: false },
    libzmq: HalfOpen { noticed_by_who_asks: true, noticed_otherwise: false },
}

#[derive(Debug, PartialEq)]
struct HalfOpen {
    noticed_by_who_asks: bool,
    noticed_otherwise: bool,
}

async fn half_open<P: Peer>() -> HalfOpen {
    let asks = Settings::new(Dealer).heartbeats(INTERVAL, TIMEOUT);
    let says_nothing = Settings::new(Dealer);
    let (mut asking, mut silent) = tokio::join!(
        Pairing::<P, P>::new(asks.clone(), asks),
        Pairing::<P, P>::new(says_nothing.clone(), says_nothing),
    );
    let (noticed_by_who_asks, noticed_otherwise) =
        tokio::join!(asking.fall_silent(SLACK), silent.fall_silent(SLACK / 4));
    HalfOpen { noticed_by_who_asks, noticed_otherwise }
}

/// Two sockets with a relay between them.
struct Pairing<B, C> {
    bound: B,
    connected: C,
    relay: Relay,
}

impl<B: Peer, C: Peer> Pairing<B, C> {
    async fn new(bound: Settings, connected: Settings) -> Self {
        let (mut bound, mut connected) = (B::start(&bound).await, C::start(&connected).await);
        let relay = relay_to(&bound.bind(TCP).await).await;
        connected.connect(&relay.endpoint().to_string()).await;
        assert!(bound.observes(PeerEvent::Ready, DEADLINE).await, "bound");
        assert!(connected.observes(PeerEvent::Ready, DEADLINE).await, "connected");
        Self { bound, connected, relay }
    }

    /// From now on nothing passes. Whether both sides notice in time, or within this much more.
    async fn fall_silent(&mut self, slack: Duration) -> bool {
        for way in Way::BOTH {
            self.relay.fault(way, Fault::BlackHole);
        }
        let since = Instant::now();
        let in_time = INTERVAL + TIMEOUT + slack;
        let (one, other) = tokio::join!(
            self.bound.observes(PeerEvent::Disconnected, in_time),
            self.connected.observes(PeerEvent::Disconnected, in_time),
        );
        assert!(!(one || other) || since.elapsed() >= TIMEOUT / 2, "noticed before it was so");
        one && other
    }
}

/// Heartbeats of both sides, with every pair of socket types, each mechanism, under load and idle:
/// the application receives only messages, no connection ends, and a peer that falls silent later
/// is detected.
mod row_07_heartbeats {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ours() {
        let mechanisms = [None, Some(Mechanism::Plain), Some(Mechanism::Curve)];
        every_pair::<Ours, Ours>(&mechanisms).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ours_with_noise() {
        every_pair::<Ours, Ours>(&[Some(Mechanism::Noise)]).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn libzmq() {
        every_pair::<Theirs, Theirs>(&MECHANISMS).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn our_server_and_libzmq() {
        every_pair::<Ours, Theirs>(&MECHANISMS).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn libzmq_and_our_client() {
        every_pair::<Theirs, Ours>(&MECHANISMS).await;
    }
}

const MECHANISMS: [Option<Mechanism>; 3] = [None, Some(Mechanism::Plain), Some(Mechanism::Curve)];

/// The side that sends PINGs, or both.
const PAIRS: [(SocketKind, SocketKind); 6] =
    [(Req, Rep), (Dealer, Router), (Pub, Sub), (Xpub, Xsub), (Push, Pull), (Pair, Pair)];

async fn every_pair<B: Peer, C: Peer>(mechanisms: &[Option<Mechanism>]) {
    let cases = mechanisms.iter().flat_map(|mechanism| {
        PAIRS.iter().flat_map(move |(first, second)| {
            // Either socket of a pair may be the bound one.
            [(*first, *second, false), (*second, *first, true)].map(|(bound, connected, turned)| {
                beat::<B, C>(bound, connected, turned, *mechanism)
            })
        })
    });
    // All of them run to the end, because dropping a socket of libzmq blocks the thread that drops
    // it.
    drop(join_all(cases).await);
}

async fn beat<B: Peer, C: Peer>(
    bound: SocketKind,
    connected: SocketKind,
    turned: bool,
    mechanism: Option<Mechanism>,
) -> Pairing<B, C> {
    let what = format!("{:?} {bound:?}, {:?} {connected:?}, {mechanism:?}", B::LIBRARY, C::LIBRARY);
    let settings = |kind, is_server| {
        let mut settings = Settings::new(kind).heartbeats(INTERVAL, TIMEOUT);
        settings.secured = mechanism.map(|mechanism| Secured { mechanism, is_server });
        if matches!(kind, Sub | Xsub) { settings.topic("") } else { settings }
    };
    let mut pairing = Pairing::<B, C>::new(settings(bound, true), settings(connected, false)).await;
    let Pairing { bound: b, connected: c, .. } = &mut pairing;
    let kinds = if turned { (connected, bound) } else { (bound, connected) };
    let mut ticks = interval(Duration::from_millis(2));
    let mut exchanges = 0;
    for (beats, under_load) in [(25, true), (25, false), (1, true)] {
        let until = Instant::now() + beats * INTERVAL;
        while Instant::now() < until {
            ticks.tick().await;
            if under_load {
                let number = format!("{what}: {exchanges}");
                if turned {
                    exchange(kinds, c, b, &number, exchanges == 0).await;
                } else {
                    exchange(kinds, b, c, &number, exchanges == 0).await;
                }
                exchanges += 1;
            }
        }
    }
    for (library, ended) in [
        (B::LIBRARY, b.observes(PeerEvent::Disconnected, Duration::ZERO).await),
        (C::LIBRARY, c.observes(PeerEvent::Disconnected, Duration::ZERO).await),
    ] {
        assert!(!ended, "{what}: {library:?} has given up a peer that answers");
    }
    assert!(pairing.fall_silent(SLACK).await, "{what}: not noticed in time");
    pairing
}

/// One message, and the reply if the second socket's type sends one.
async fn exchange<F: Peer, S: Peer>(
    (first, second): (SocketKind, SocketKind),
    one_side: &mut F,
    other: &mut S,
    number: &str,
    is_first: bool,
) {
    if is_first && first == Xpub {
        // A bound XSUB of libzmq subscribes only during a call.
        let mut notice = None;
        while notice.is_none() {
            assert_eq!(other.recv(Duration::from_millis(1)).await, None, "{number}");
            notice = one_side.recv(INTERVAL).await;
        }
        assert_eq!(notice, Some(single([1])), "{number}");
    }
    let sent = single(number);
    let mut received = None;
    while received.is_none() {
        assert_eq!(one_side.send(sent.clone(), DEADLINE).await, Sent::Taken, "{number}");
        // A PUB does not report when it has a subscriber.
        let patience = if is_first && first == Pub { 10 * INTERVAL } else { DEADLINE };
        received = other.recv(patience).await;
        assert!(received.is_some() || (is_first && first == Pub), "{number}");
    }
    let received: Frames = received.expect("received");
    assert_eq!(received.last(), sent.last(), "{number}");
    if matches!(second, Rep | Router | Pair) {
        assert_eq!(other.send(received, DEADLINE).await, Sent::Taken, "{number}");
        assert_eq!(next(one_side, number).await, sent, "{number}");
    }
}

side_by_side! {
    /// A stopped process is detected, retried at the reconnect interval, and reached again when it
    /// continues.
    row_32_stopped_process: stopped,
    ours: Stopped { noticed: true, storm: false, back: true },
    libzmq: Stopped { noticed: true, storm: false, back: true },
}

#[derive(Debug, PartialEq)]
struct Stopped {
    noticed: bool,
    storm: bool,
    back: bool,
}

async fn stopped<P: Peer>() -> Stopped {
    let mut child = Child::start(P::LIBRARY, &Settings::new(Pull)).await;
    let settings = Settings::new(Push).heartbeats(INTERVAL, Duration::from_secs(1));
    let mut push = P::start(&settings.handshake(400).reconnect(10).reconnect_most(100)).await;
    push.connect(&child.bind(TCP).await).await;
    assert!(push.observes(PeerEvent::Ready, DEADLINE).await);
    child.signal("STOP").await;
    let noticed = push.observes(PeerEvent::Disconnected, DEADLINE).await;
    // The kernel still accepts connections for it: each attempt ends with the handshake timeout.
    let seconds = times(1, 60);
    let until = Instant::now() + Duration::from_secs(seconds as u64);
    let mut attempts = 0;
    while push.observes(PeerEvent::Retried, until.saturating_duration_since(Instant::now())).await {
        attempts += 1;
    }
    child.signal("CONT").await;
    assert!(push.observes(PeerEvent::Ready, DEADLINE).await, "it is ready again");
    // libzmq reports a handshake timeout as a disconnect.
    while push.observes(PeerEvent::Disconnected, Duration::ZERO).await {}
    assert_eq!(push.send(single("again"), DEADLINE).await, Sent::Taken);
    let back = child.recv(DEADLINE).await == Some(single("again"))
        // The connection stays. Connections that the kernel accepted meanwhile do not replace it.
        && !push.observes(PeerEvent::Disconnected, SHORT).await;
    assert!(attempts > 0, "it tries again");
    Stopped { noticed, storm: attempts > 20 * seconds, back }
}
