//! Two connections driven against each other, in any order and in pieces of any size.

mod support;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{End, Pair};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Event, Message, Metadata, Null, PeerIncompatible,
    RoutingId, SocketType, Subscription, Ttl,
};

fn config(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null)
}

#[test]
fn each_side_learns_the_peer_identity() {
    let mut metadata = Metadata::new();
    metadata.insert("X-Region", "eu-north").unwrap();
    let dealer = config(SocketType::Dealer)
        .with_routing_id(RoutingId::new("worker-1").unwrap())
        .with_metadata(metadata);
    let mut pair = Pair::new(&dealer, &config(SocketType::Router));
    pair.drive();
    let [dealer, router] = &pair.ends;
    let peer = router.connection.peer().unwrap();
    assert_eq!(peer.socket_type(), SocketType::Dealer);
    assert_eq!(peer.routing_id(), "worker-1");
    assert_eq!(peer.metadata().get("x-region").unwrap(), "eu-north");
    let peer = dealer.connection.peer().unwrap();
    assert_eq!(peer.socket_type(), SocketType::Router);
    assert_eq!(peer.routing_id(), "", "announced, and empty");
}

#[test]
fn early_messages_arrive_after_handshake() {
    let mut pair = Pair::new(&config(SocketType::Push), &config(SocketType::Pull));
    pair.ends[0].connection.send(Message::from("early"));
    pair.drive();
    pair.ends[0].connection.send(Message::from("late"));
    pair.drive();
    assert!(matches!(pair.ends[1].events[0], Event::Ready(_)));
    assert_eq!(pair.ends[1].messages(), ["early", "late"].map(Message::from));
}

#[test]
fn subscriptions_reach_pub_at_any_time() {
    let mut pair = Pair::new(&config(SocketType::Sub), &config(SocketType::Pub));
    pair.ends[0].connection.subscribe("early");
    pair.drive();
    pair.ends[0].connection.cancel("early");
    pair.drive();
    let topic = Bytes::from_static(b"early");
    let expected = [Command::Subscribe { topic: topic.clone() }, Command::Cancel { topic }];
    assert_eq!(pair.ends[1].commands(), expected);
}

#[test]
fn connection_answers_ping() {
    let mut pair = Pair::new(&config(SocketType::Pair), &config(SocketType::Pair));
    let ping = Command::Ping { ttl: Ttl::NONE, context: "round".into() };
    pair.ends[0].connection.send_command(&ping);
    pair.drive();
    assert_eq!(pair.ends[1].commands(), [ping]);
    assert_eq!(pair.ends[0].commands(), [Command::Pong { context: "round".into() }]);
}

/// A peer that sends PINGs and reads nothing fills no memory, and is answered when it reads again.
#[test]
fn unwritten_answers_are_limited() {
    let mut pair = Pair::new(&config(SocketType::Pair), &config(SocketType::Pair));
    pair.drive();
    let [near, far] = &mut pair.ends;
    near.connection.send(Message::from("in front"));
    for _ in 0..3 {
        near.read(&b"\x04\x07\x04PING\0\0".repeat(10_000));
        near.connection.send(Message::from("behind"));
        far.read(&near.sent());
        assert_eq!(far.commands().len(), 1024);
        far.events.clear();
    }
}

#[test]
fn incompatible_types_fail_on_both_sides() {
    let mut pair = Pair::new(&config(SocketType::Req), &config(SocketType::Pub));
    pair.drive();
    let reason = "a PUB socket cannot talk to a REQ socket";
    // The first side to detect it sends an ERROR; the other may have detected it too.
    let [req, publisher] = &pair.ends;
    let expected = PeerIncompatible::SocketType { ours: SocketType::Pub, theirs: SocketType::Req };
    assert_eq!(publisher.error, Some(expected.into()));
    assert_eq!(publisher.error.as_ref().unwrap().to_string(), reason);
    assert!(req.error.is_some());
}

#[test]
fn received_error_reason_is_reported() {
    let mut rep = End::new(&config(SocketType::Rep));
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    greeting.resize(64, 0);
    rep.read(&greeting);
    rep.read(b"\x04\x0f\x05ERROR\x08go away!");
    let refused = rep.error.unwrap();
    assert_eq!(refused.to_string(), "peer refused the connection: \"go away!\"");
    assert!(!refused.may_reconnect());
}

#[test]
fn refused_peer_is_sent_the_reason() {
    let mut publisher = Connection::new(&config(SocketType::Pub));
    let mut input = BytesMut::from(&b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"[..]);
    input.resize(64, 0);
    input.extend_from_slice(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03REQ");
    assert!(publisher.handle_input(&mut input, 1).is_err());
    let sent: Vec<u8> = std::iter::from_fn(|| publisher.poll_transmit()).flatten().collect();
    assert!(sent.ends_with(b"\x05ERROR\x28a PUB socket cannot talk to a REQ socket"));
}

#[test]
fn traffic_halves_need_an_empty_output() {
    let push = Connection::new(&config(SocketType::Push));
    assert!(push.into_traffic().is_err(), "not before the handshake");
    let mut pair = Pair::new(&config(SocketType::Push), &config(SocketType::Pull));
    pair.drive();
    let [mut push, pull] = pair.ends;
    push.connection.send(Message::from("unsent"));
    let Err(mut push) = push.connection.into_traffic() else {
        panic!("not with something unsent");
    };
    while push.poll_transmit().is_some() {}
    assert_eq!(push.into_traffic().unwrap().peer.socket_type(), SocketType::Pull);
    assert_eq!(pull.connection.into_traffic().unwrap().peer.socket_type(), SocketType::Push);
}

#[test]
fn messages_are_not_decoded_unless_wanted() {
    let mut pull = Connection::new(&config(SocketType::Pull));
    let mut input = BytesMut::from(&b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"[..]);
    input.resize(64, 0);
    input.extend_from_slice(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH\0\x01a\0\x01b");
    let event = pull.handle_input(&mut input, 0).unwrap();
    assert!(matches!(event, Some(Event::Ready(_))));
    assert!(pull.handle_input(&mut input, 0).unwrap().is_none());
    assert_eq!(input, b"\0\x01a\0\x01b"[..], "left for later");
    let Ok(Some(Event::Messages(run))) = pull.handle_input(&mut input, 1) else {
        panic!("one message");
    };
    assert_eq!(run.messages(), 1);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(piece_sizes in vec(1..40_usize, 1..8)) {
        let (sub, publisher) = (config(SocketType::XSub), config(SocketType::XPub));
        let mut pair = Pair::in_pieces(&sub, &publisher, piece_sizes);
        let updates = [
            Message::from("a"),
            Message::multipart(["weather/oslo", "", "-4"]),
            Message::from(vec![b'x'; 10_000]),
        ];
        pair.ends[0].connection.send_subscription(Subscription::Subscribe("weather".into()));
        updates.iter().for_each(|update| pair.ends[1].connection.send(update.clone()));
        pair.drive();
        let [sub, publisher] = &pair.ends;
        prop_assert!(sub.error.is_none() && publisher.error.is_none());
        prop_assert_eq!(sub.messages(), updates);
        prop_assert_eq!(publisher.commands(), [Command::Subscribe { topic: "weather".into() }]);
    }
}
