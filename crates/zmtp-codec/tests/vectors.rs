//! Bytes on the wire, recorded from libzmq.
//!
//! The constants of libzmq are from version 4.3.

use bytes::{Bytes, BytesMut};
use zmtp_codec::wire::{Command, Greeting, MechanismName, Ttl};
use zmtp_codec::{
    Batch, Connection, ConnectionConfig, Decoder, Encoder, Event, Inbound, Limits, Message, Null,
    RoutingId, SocketType, Subscription,
};

/// The greeting of a libzmq socket with the routing id `worker-1`: its length, and one, is in the
/// padding of the signature.
const LIBZMQ_GREETING: [u8; 64] = {
    let mut greeting = [0; 64];
    greeting.split_at_mut(16).0.copy_from_slice(b"\xff\0\0\0\0\0\0\0\x09\x7f\x03\x01NULL");
    greeting
};

/// The READY of a libzmq DEALER with that routing id.
const LIBZMQ_DEALER_READY: &[u8] =
    b"\x04\x31\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x08worker-1";

/// The READY of a libzmq REQ without a routing id: it announces an empty one.
const LIBZMQ_REQ_READY: &[u8] =
    b"\x04\x26\x05READY\x0bSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0\0";

/// The READY of a libzmq PULL: it announces no routing id.
const LIBZMQ_PULL_READY: &[u8] = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL";

fn config(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null)
}

fn transmitted(connection: &mut Connection) -> Vec<u8> {
    std::iter::from_fn(|| connection.poll_transmit()).flatten().collect()
}

/// The READY of a connection, to a peer with the greeting of libzmq.
fn ready_of(config: &ConnectionConfig) -> Vec<u8> {
    let mut connection = Connection::new(config);
    transmitted(&mut connection);
    let event = connection.handle_input(&mut BytesMut::from(&LIBZMQ_GREETING[..]), 1);
    assert!(matches!(event, Ok(None)), "{event:?}");
    let wire = transmitted(&mut connection);
    let (_rest_of_greeting, ready) = wire.split_at(53);
    ready.to_vec()
}

fn encoded(command: &Command) -> Vec<u8> {
    let mut wire = Vec::new();
    command.encode(&mut wire);
    wire
}

fn subscription(version: (u8, u8), subscription: &Subscription) -> Vec<u8> {
    let mut batch = Batch::new();
    Encoder::new(version).subscription(&mut batch, subscription);
    assert_eq!(batch.messages(), 0, "a subscription is no message");
    batch.first_chunk().to_vec()
}

fn decoded(wire: &[u8]) -> Command {
    let mut input = BytesMut::from(wire);
    match Decoder::new(Limits::default()).decode(&mut input, 0) {
        Ok(Some(Inbound::Command(command))) if input.is_empty() => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn greeting_matches_37_zmtp() {
    let mut expected = b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01NULL".to_vec();
    expected.resize(64, 0);
    let rest = Greeting::new(MechanismName::NULL).rest();
    assert_eq!([&Greeting::OPENING[..], &rest].concat(), expected);
}

#[test]
fn greeting_is_sent_in_two_parts() {
    let mut connection = Connection::new(&config(SocketType::Req));
    assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    let mut input = BytesMut::from(&LIBZMQ_GREETING[..10]);
    connection.handle_input(&mut input, 1).unwrap();
    assert_eq!(transmitted(&mut connection), b"", "the major version is still to come");
    input.extend_from_slice(&LIBZMQ_GREETING[10..11]);
    connection.handle_input(&mut input, 1).unwrap();
    assert_eq!(transmitted(&mut connection)[..5], *b"\x01NULL");
    input.extend_from_slice(&LIBZMQ_GREETING[11..63]);
    connection.handle_input(&mut input, 1).unwrap();
    assert_eq!(transmitted(&mut connection), b"", "READY waits for the whole greeting");
    input.extend_from_slice(&LIBZMQ_GREETING[63..]);
    connection.handle_input(&mut input, 1).unwrap();
    assert_eq!(transmitted(&mut connection), LIBZMQ_REQ_READY);
}

#[test]
fn ready_matches_libzmq() {
    let routing_id = RoutingId::new("worker-1").unwrap();
    let dealer = config(SocketType::Dealer).with_routing_id(routing_id);
    assert_eq!(ready_of(&dealer), LIBZMQ_DEALER_READY);
    assert_eq!(ready_of(&config(SocketType::Req)), LIBZMQ_REQ_READY);
    assert_eq!(ready_of(&config(SocketType::Pull)), LIBZMQ_PULL_READY);
}

#[test]
fn libzmq_handshake_is_decoded() {
    let mut router = Connection::new(&config(SocketType::Router));
    let mut input = BytesMut::from(&LIBZMQ_GREETING[..]);
    input.extend_from_slice(LIBZMQ_DEALER_READY);
    let Ok(Some(Event::Ready(peer))) = router.handle_input(&mut input, 1) else {
        panic!("ready");
    };
    assert_eq!(peer.socket_type(), SocketType::Dealer);
    assert_eq!(peer.routing_id(), "worker-1");
    assert_eq!(peer.version(), (3, 1));
    assert_eq!(peer.mechanism(), MechanismName::NULL);
    assert_eq!(peer.metadata().get("socket-type").unwrap(), "DEALER");
}

#[test]
fn short_frame_holds_up_to_255_bytes() {
    let wire = |size| {
        let mut batch = Batch::new();
        batch.push(Message::from(vec![b'x'; size]));
        batch.first_chunk().to_vec()
    };
    assert_eq!(wire(0), b"\0\0");
    assert_eq!(wire(255)[..3], *b"\0\xffx");
    assert_eq!(wire(256)[..10], *b"\x02\0\0\0\0\0\0\x01\0x");
}

#[test]
fn all_frames_but_the_last_set_more() {
    let mut batch = Batch::new();
    batch.push(Message::multipart([&b"a"[..], b"", &[b'x'; 300]]));
    assert_eq!(batch.first_chunk()[..15], *b"\x01\x01a\x01\0\x02\0\0\0\0\0\0\x01\x2cx");
}

#[test]
fn subscription_is_a_command() {
    let subscribe = |size| Subscription::Subscribe(vec![b'x'; size].into());
    assert_eq!(subscription((3, 1), &subscribe(1)), b"\x04\x0b\x09SUBSCRIBEx");
    assert_eq!(subscription((3, 1), &Subscription::Cancel("x".into())), b"\x04\x08\x06CANCELx");
    // The longest topic that fits a short frame, and the next.
    assert_eq!(subscription((3, 1), &subscribe(245))[..5], *b"\x04\xff\x09SU");
    assert_eq!(subscription((3, 1), &subscribe(246))[..12], *b"\x06\0\0\0\0\0\0\x01\0\x09SU");
}

#[test]
fn subscription_is_a_message_in_zmtp_3_0() {
    let subscribe = |size| Subscription::Subscribe(vec![b'x'; size].into());
    assert_eq!(subscription((3, 0), &subscribe(1)), b"\0\x02\x01x");
    assert_eq!(subscription((3, 0), &Subscription::Cancel("x".into())), b"\0\x02\0x");
    assert_eq!(subscription((3, 0), &subscribe(254))[..4], *b"\0\xff\x01x");
    assert_eq!(subscription((3, 0), &subscribe(255))[..11], *b"\x02\0\0\0\0\0\0\x01\0\x01x");
}

#[test]
fn subscription_without_long_flag_is_decoded() {
    for size in [246, 255_u8] {
        let topic = vec![b'y'; size.into()];
        let wire = [b"\x04\0\0\0\0\0\0\x01", &[size - 246][..], b"\x09SUBSCRIBE", &topic];
        assert_eq!(decoded(&wire.concat()), Command::Subscribe { topic: topic.into() });
    }
    let topic = vec![b'y'; 249];
    let wire = [b"\x04\0\0\0\0\0\0\x01\0\x06CANCEL", &topic[..]].concat();
    assert_eq!(decoded(&wire), Command::Cancel { topic: topic.into() });
}

#[test]
fn ping_and_pong() {
    // From a libzmq socket with ZMQ_HEARTBEAT_TTL at 1250 ms.
    let ttl = Ttl::from_duration(std::time::Duration::from_millis(1250));
    let ping = Command::Ping { ttl, context: Bytes::new() };
    assert_eq!(encoded(&ping), b"\x04\x07\x04PING\0\x0c");
    assert_eq!(decoded(b"\x04\x07\x04PING\0\x0c"), ping);
    let pong = Command::Pong { context: "ctx".into() };
    assert_eq!(encoded(&pong), b"\x04\x08\x04PONGctx");
}

#[test]
fn error_reason_has_a_length_prefix() {
    let error = Command::Error { reason: "no".into() };
    assert_eq!(encoded(&error), b"\x04\x09\x05ERROR\x02no");
}

#[test]
fn join_and_leave_group_has_no_length() {
    assert_eq!(encoded(&Command::Join { group: "news".into() }), b"\x04\x09\x04JOINnews");
    assert_eq!(encoded(&Command::Leave { group: "news".into() }), b"\x04\x0a\x05LEAVEnews");
}
