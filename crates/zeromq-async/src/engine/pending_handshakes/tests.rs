use std::future::{pending, ready};
use std::net::SocketAddr;
use std::pin::pin;

use super::*;

fn limited(per_listener: usize, per_address: usize) -> Arc<PendingHandshakes> {
    PendingHandshakes::new(PendingOptions { per_listener, per_address })
}

fn tcp(address: &str) -> PeerAddress {
    PeerAddress::Tcp(address.parse::<SocketAddr>().unwrap())
}

/// Why the handshake was displaced, if it was.
fn displaced(pending: &mut PendingHandshake) -> Option<Displaced> {
    pending.displaced.try_recv().ok()
}

fn count(all: &PendingHandshakes) -> usize {
    let state = all.state.lock();
    assert_eq!(state.count, state.by_origin.values().map(BTreeMap::len).sum::<usize>());
    state.count
}

#[test]
fn connections_are_admitted_up_to_limit() {
    let all = limited(3, 3);
    let mut pending = [1, 2, 3].map(|_| all.admit(&tcp("10.0.0.1:1")));
    assert!(pending.iter_mut().all(|one| displaced(one).is_none()));
    assert_eq!(count(&all), 3);
    drop(pending);
    assert_eq!(count(&all), 0);
    assert!(all.state.lock().by_origin.is_empty());
}

#[test]
fn crowded_address_displaces_its_own_oldest() {
    let all = limited(10, 2);
    let mut other = all.admit(&tcp("10.0.0.2:1"));
    let mut pending = [1, 2, 3].map(|_| all.admit(&tcp("10.0.0.1:1")));
    let limit = Some(Displaced::Address { limit: 2 });
    assert_eq!(pending.each_mut().map(displaced), [limit, None, None]);
    assert_eq!(displaced(&mut other), None);
    assert_eq!(count(&all), 3);
}

#[test]
fn busiest_address_is_displaced_first() {
    let all = limited(4, 4);
    let mut first = all.admit(&tcp("10.0.0.1:1"));
    let mut crowd = [1, 2, 3].map(|_| all.admit(&tcp("10.0.0.2:1")));
    let mut newcomers = [3, 4].map(|host| all.admit(&tcp(&format!("10.0.0.{host}:1"))));
    let limit = Some(Displaced::Listener { limit: 4 });
    assert_eq!(crowd.each_mut().map(displaced), [limit, limit, None]);
    assert_eq!(newcomers.each_mut().map(displaced), [None, None]);
    assert_eq!(displaced(&mut first), None);
}

#[test]
fn oldest_is_displaced_if_addresses_tie() {
    let all = limited(3, 3);
    let mut pending = [3, 1, 2].map(|host| all.admit(&tcp(&format!("10.0.0.{host}:1"))));
    let _newcomer = all.admit(&tcp("10.0.0.4:1"));
    let limit = Some(Displaced::Listener { limit: 3 });
    assert_eq!(pending.each_mut().map(displaced), [limit, None, None]);
}

#[test]
fn ipv6_network_and_user_count_as_one_source() {
    let one = |address| Origin::of(&tcp(address));
    assert_eq!(one("[2001:db8::1]:1"), one("[2001:db8::ffff:ffff:ffff:ffff]:2"));
    assert_ne!(one("[2001:db8::1]:1"), one("[2001:db8:0:1::1]:1"));
    assert_ne!(one("10.0.0.1:1"), one("10.0.0.2:1"));
    assert_eq!(one("10.0.0.1:1"), one("[::ffff:10.0.0.1]:1"), "however the system writes it");
    let user = |user_id, process_id| {
        Origin::of(&PeerAddress::Ipc { user_id, group_id: 1, process_id: Some(process_id) })
    };
    assert_eq!(user(1, 1), user(1, 2));
    assert_ne!(user(1, 1), user(2, 1));
}

#[test]
fn zero_limit_still_admits_the_newest() {
    let all = limited(0, 0);
    let mut pending = [1, 2].map(|_| all.admit(&tcp("10.0.0.1:1")));
    let limit = Some(Displaced::Address { limit: 0 });
    assert_eq!(pending.each_mut().map(displaced), [limit, None]);
}

#[tokio::test]
async fn displaced_handshake_stops() {
    let all = limited(1, 1);
    let mut one = all.admit(&tcp("10.0.0.1:1"));
    let held =
        tokio::spawn(async move { one.run(pin!(pending::<Result<(), HandshakeFailure>>())).await });
    let mut newer = all.admit(&tcp("10.0.0.1:1"));
    let failure = held.await.unwrap().unwrap_err();
    assert!(matches!(failure, HandshakeFailure::Displaced(Displaced::Address { limit: 1 })));
    assert!(newer.run(pin!(ready(Ok(())))).await.is_ok());
}

#[tokio::test]
async fn descriptor_is_free_after_connection_ends() {
    let all = limited(10, 10);
    let mut one = all.admit(&tcp("10.0.0.1:1"));
    let mut freeing = Box::pin(all.free_descriptor());
    assert!(futures_util::poll!(&mut freeing).is_pending());
    assert_eq!(displaced(&mut one), Some(Displaced::Descriptors));
    drop(one);
    freeing.await;
}
