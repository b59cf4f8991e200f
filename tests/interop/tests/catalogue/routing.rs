//! Rows about ROUTERs with several peers of one routing id.

use interop::TCP;
use interop::peer::{Peer, PeerEvent, Sent, Settings};
use libzmq_peer::SocketKind::{Dealer, Router};

use crate::support::{Child, DEADLINE, SHORT, next, single};

fn same() -> Settings {
    Settings::new(Dealer).routing_id("same".to_owned()).reconnect(-1)
}

fn to_same(body: &str) -> interop::Frames {
    vec![b"same".to_vec(), body.as_bytes().to_vec()]
}

/// Connects a DEALER and waits until the ROUTER knows it.
async fn connect_dealer<P: Peer>(router: &mut P, to: &str) -> P {
    let mut dealer = P::start(&same()).await;
    dealer.connect(to).await;
    assert_eq!(dealer.send(single("hello"), DEADLINE).await, Sent::Taken);
    assert_eq!(next(router, "hello").await, to_same("hello"));
    assert!(router.observes(PeerEvent::Ready, DEADLINE).await);
    dealer
}

side_by_side! {
    /// A second peer with the routing id of a connected one: libzmq accepts it, reads nothing from
    /// it, and reports nothing.
    row_22_same_routing_id: same_routing_id,
    ours: SameId { router_is_told: true, newcomer_is_told: true, newcomer_is_heard: false, first_works: true },
    libzmq: SameId { router_is_told: false, newcomer_is_told: false, newcomer_is_heard: false, first_works: true },
}

#[derive(Debug, PartialEq)]
struct SameId {
    router_is_told: bool,
    newcomer_is_told: bool,
    newcomer_is_heard: bool,
    first_works: bool,
}

async fn same_routing_id<P: Peer>() -> SameId {
    let mut router = P::start(&Settings::new(Router)).await;
    let to = router.bind(TCP).await;
    let mut first = connect_dealer(&mut router, &to).await;
    let mut newcomer = P::start(&same()).await;
    newcomer.connect(&to).await;
    let sent = newcomer.send(single("me too"), SHORT).await;
    let newcomer_is_heard = sent == Sent::Taken && router.recv(SHORT).await.is_some();
    let router_is_told = router.observes(PeerEvent::HandshakeFailed, 4 * SHORT).await;
    let newcomer_is_told = newcomer.observes(PeerEvent::HandshakeFailed, 4 * SHORT).await
        || newcomer.observes(PeerEvent::Disconnected, SHORT).await;
    assert_eq!(router.send(to_same("who?"), DEADLINE).await, Sent::Taken);
    let first_works = first.recv(DEADLINE).await == Some(single("who?"));
    SameId { router_is_told, newcomer_is_told, newcomer_is_heard, first_works }
}

side_by_side! {
    /// With handover the newest peer has the id, and the earlier one receives nothing. libzmq
    /// leaves it connected without reading from it.
    row_22_handover: handover,
    ours: Handover { to_the_newest: 20, to_others: 0, others_are_told: true },
    libzmq: Handover { to_the_newest: 20, to_others: 0, others_are_told: false },
}

#[derive(Debug, PartialEq)]
struct Handover {
    to_the_newest: usize,
    to_others: usize,
    others_are_told: bool,
}

async fn handover<P: Peer>() -> Handover {
    let mut router = P::start(&Settings::new(Router).handover(true)).await;
    let to = router.bind(TCP).await;
    let mut before: Option<P> = None;
    let mut outcome = Handover { to_the_newest: 0, to_others: 0, others_are_told: true };
    for _ in 0..20 {
        let mut newest = connect_dealer(&mut router, &to).await;
        assert_eq!(router.send(to_same("you"), DEADLINE).await, Sent::Taken);
        outcome.to_the_newest += usize::from(newest.recv(DEADLINE).await.is_some());
        if let Some(mut before) = before.replace(newest) {
            outcome.others_are_told = outcome.others_are_told
                && before.observes(PeerEvent::Disconnected, 2 * SHORT).await;
            outcome.to_others += usize::from(before.recv(SHORT / 30).await.is_some());
        }
    }
    outcome
}

side_by_side! {
    /// A process crashes and returns with the same routing id, at a ROUTER without a call in
    /// between: libzmq keeps the old peer and never reads from the new one.
    row_22_crash_and_return: crash_and_return,
    ours: AlwaysReturns(true),
    libzmq: AlwaysReturns(false),
}

/// Whether messages pass again in both directions.
#[derive(Debug, PartialEq)]
struct AlwaysReturns(bool);

async fn crash_and_return<P: Peer>() -> AlwaysReturns {
    let mut router = P::start(&Settings::new(Router)).await;
    let to = router.bind(TCP).await;
    for _ in 0..10 {
        let mut dealer = Child::start(P::LIBRARY, &same().reconnect(5)).await;
        dealer.connect(&to).await;
        assert_eq!(dealer.send(single("hello"), DEADLINE).await, Sent::Taken);
        if router.recv(5 * SHORT).await.is_none() {
            return AlwaysReturns(false);
        }
        assert_eq!(router.send(to_same("welcome"), DEADLINE).await, Sent::Taken);
        assert_eq!(dealer.recv(DEADLINE / 2).await, Some(single("welcome")));
        dealer.killed().await;
    }
    AlwaysReturns(true)
}
