use std::future::{pending, ready};
use std::net::SocketAddr;
use std::pin::pin;

use super::*;

fn room(per_listener: usize, per_address: usize) -> Arc<Antechamber> {
    Antechamber::new(PendingOptions { per_listener, per_address })
}

fn tcp(address: &str) -> PeerAddress {
    PeerAddress::Tcp(address.parse::<SocketAddr>().unwrap())
}

/// What sends the connection away, if anything does.
fn displaced(place: &mut Place) -> Option<Displaced> {
    place.displaced.try_recv().ok()
}

fn taken(antechamber: &Antechamber) -> usize {
    let room = antechamber.room.lock();
    assert_eq!(room.taken, room.places.values().map(BTreeMap::len).sum::<usize>());
    room.taken
}

#[test]
fn connections_are_admitted_up_to_limit() {
    let room = room(3, 3);
    let mut places = [1, 2, 3].map(|_| room.admit(&tcp("10.0.0.1:1")));
    assert!(places.iter_mut().all(|place| displaced(place).is_none()));
    assert_eq!(taken(&room), 3);
    drop(places);
    assert_eq!(taken(&room), 0);
    assert!(room.room.lock().places.is_empty(), "nothing is kept of who has gone");
}

#[test]
fn crowded_address_displaces_its_own_oldest() {
    let room = room(10, 2);
    let mut other = room.admit(&tcp("10.0.0.2:1"));
    let mut places = [1, 2, 3].map(|_| room.admit(&tcp("10.0.0.1:1")));
    let limit = Some(Displaced::Address { limit: 2 });
    assert_eq!(places.each_mut().map(displaced), [limit, None, None]);
    assert_eq!(displaced(&mut other), None);
    assert_eq!(taken(&room), 3);
}

#[test]
fn busiest_address_is_displaced_first() {
    let room = room(4, 4);
    let mut first = room.admit(&tcp("10.0.0.1:1"));
    let mut crowd = [1, 2, 3].map(|_| room.admit(&tcp("10.0.0.2:1")));
    let mut newcomers = [3, 4].map(|host| room.admit(&tcp(&format!("10.0.0.{host}:1"))));
    let limit = Some(Displaced::Listener { limit: 4 });
    assert_eq!(crowd.each_mut().map(displaced), [limit, limit, None]);
    assert_eq!(newcomers.each_mut().map(displaced), [None, None]);
    assert_eq!(displaced(&mut first), None);
}

#[test]
fn oldest_is_displaced_if_addresses_tie() {
    let room = room(3, 3);
    let mut places = [3, 1, 2].map(|host| room.admit(&tcp(&format!("10.0.0.{host}:1"))));
    let _newcomer = room.admit(&tcp("10.0.0.4:1"));
    let limit = Some(Displaced::Listener { limit: 3 });
    assert_eq!(places.each_mut().map(displaced), [limit, None, None]);
}

#[test]
fn ipv6_network_and_user_count_as_one_source() {
    let one = |address| Source::of(&tcp(address));
    assert_eq!(one("[2001:db8::1]:1"), one("[2001:db8::ffff:ffff:ffff:ffff]:2"));
    assert_ne!(one("[2001:db8::1]:1"), one("[2001:db8:0:1::1]:1"));
    assert_ne!(one("10.0.0.1:1"), one("10.0.0.2:1"));
    assert_eq!(one("10.0.0.1:1"), one("[::ffff:10.0.0.1]:1"), "however the system writes it");
    let user = |user_id, process_id| {
        Source::of(&PeerAddress::Ipc { user_id, group_id: 1, process_id: Some(process_id) })
    };
    assert_eq!(user(1, 1), user(1, 2));
    assert_ne!(user(1, 1), user(2, 1));
}

#[test]
fn zero_limit_still_admits_the_newest() {
    let room = room(0, 0);
    let mut places = [1, 2].map(|_| room.admit(&tcp("10.0.0.1:1")));
    let limit = Some(Displaced::Address { limit: 0 });
    assert_eq!(places.each_mut().map(displaced), [limit, None]);
}

#[tokio::test]
async fn displaced_handshake_stops() {
    let room = room(1, 1);
    let mut place = room.admit(&tcp("10.0.0.1:1"));
    let held =
        tokio::spawn(
            async move { place.hold(pin!(pending::<Result<(), HandshakeFailure>>())).await },
        );
    let mut newer = room.admit(&tcp("10.0.0.1:1"));
    let failure = held.await.unwrap().unwrap_err();
    assert!(matches!(failure, HandshakeFailure::Displaced(Displaced::Address { limit: 1 })));
    assert!(newer.hold(pin!(ready(Ok(())))).await.is_ok());
}

#[tokio::test]
async fn descriptor_is_free_after_connection_ends() {
    let room = room(10, 10);
    let mut place = room.admit(&tcp("10.0.0.1:1"));
    let mut freeing = Box::pin(room.free_descriptor());
    assert!(futures_util::poll!(&mut freeing).is_pending());
    assert_eq!(displaced(&mut place), Some(Displaced::Descriptors));
    drop(place);
    freeing.await;
}
