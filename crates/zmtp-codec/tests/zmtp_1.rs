//! Peers of ZMTP 1.0 (13/ZMTP), where the configuration allows them.

use bytes::{Bytes, BytesMut};
use zmtp_codec::wire::{FrameError, Ttl, UnsupportedVersion};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Event, LimitExceeded, Limits, Message, Null,
    PeerIncompatible, PlainServer, ProtocolError, RoutingId, SocketType,
};

const SIGNATURE: &[u8; 10] = b"\xff\0\0\0\0\0\0\0\x01\x7f";

fn config(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null).with_allow_zmtp_1(true)
}

fn transmitted(connection: &mut Connection) -> Vec<u8> {
    std::iter::from_fn(|| connection.poll_transmit()).flatten().collect()
}

/// A connection that has read these bytes, in pieces of a size.
fn after(
    config: &ConnectionConfig,
    bytes: &[u8],
    piece: usize,
) -> (Connection, Vec<Event>, Option<ProtocolError>) {
    let (mut connection, mut input) = (Connection::new(config), BytesMut::new());
    let mut events = Vec::new();
    for piece in bytes.chunks(piece) {
        input.extend_from_slice(piece);
        loop {
            match connection.handle_input(&mut input, usize::MAX) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (connection, events, Some(error)),
            }
        }
    }
    (connection, events, None)
}

fn error_after(config: &ConnectionConfig, bytes: &[u8]) -> ProtocolError {
    after(config, bytes, usize::MAX).2.expect("a fault")
}

fn messages(events: Vec<Event>) -> Vec<Message> {
    let run = |event| if let Event::Messages(run) = event { Some(run) } else { None };
    events.into_iter().filter_map(run).flatten().collect()
}

#[test]
fn zmtp_1_peer_gets_signature_then_routing_id() {
    let dealer = config(SocketType::Dealer).with_routing_id(RoutingId::new("our-id").unwrap());
    let mut connection = Connection::new(&dealer);
    assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\x07\x7f");
    assert!(connection.handle_input(&mut BytesMut::new(), 1).unwrap().is_none());
    let mut input = BytesMut::from(&b"\x03\0me"[..]);
    let Some(Event::Ready(peer)) = connection.handle_input(&mut input, 1).unwrap() else {
        panic!("ready");
    };
    assert_eq!((peer.version(), peer.routing_id()), ((1, 0), &Bytes::from("me")));
    assert_eq!(transmitted(&mut connection), b"our-id");
    connection.send("hi".into());
    assert_eq!(transmitted(&mut connection), b"\x03\0hi", "as libzmq 4.3.5 sends it");
}

#[test]
fn zmtp_1_frames_are_short_or_long() {
    let sizes = [0, 1, 253, 254, 255, 256, 70_000];
    let frames: Vec<Vec<u8>> = sizes.iter().map(|&size| vec![b'x'; size]).collect();
    let (mut connection, ..) = after(&config(SocketType::Pair), b"\x01\0", 9);
    transmitted(&mut connection);
    let message = Message::multipart(frames);
    connection.send(message.clone());
    let wire = transmitted(&mut connection);
    assert_eq!(wire[..5], *b"\x01\x01\x02\x01x");
    for piece in [1, 7, usize::MAX] {
        let input = [b"\x01\0", &wire[..]].concat();
        let (_, events, error) = after(&config(SocketType::Pair), &input, piece);
        assert_eq!(error, None);
        assert!(messages(events) == [message.clone()]);
    }
}

#[test]
fn long_zmtp_1_routing_id_is_no_signature() {
    let id = [b'i'; 255];
    let wire = [b"\xff\0\0\0\0\0\0\x01\0\0", &id[..], b"\x02\0a"].concat();
    for piece in [1, usize::MAX] {
        let (connection, events, error) = after(&config(SocketType::Router), &wire, piece);
        assert_eq!(error, None);
        assert_eq!(connection.peer().expect("ready").routing_id(), &id[..]);
        assert_eq!(messages(events), ["a"]);
    }
}

#[test]
fn zmtp_1_subscribers_get_everything() {
    for socket_type in [SocketType::Pub, SocketType::XPub] {
        let (_, events, _) = after(&config(socket_type), b"\x01\0\x03\0\x01a", 1);
        assert_eq!(messages(events), [&b"\x01"[..], b"\x01a"]);
    }
}

#[test]
fn zmtp_1_gets_subscriptions_as_messages() {
    let (mut connection, ..) = after(&config(SocketType::Sub), b"\x01\0", 9);
    transmitted(&mut connection);
    connection.subscribe("A");
    connection.cancel("A");
    connection.send_command(&Command::Ping { ttl: Ttl::NONE, context: Bytes::new() });
    assert_eq!(transmitted(&mut connection), b"\x03\0\x01A\x03\0\0A");
}

#[test]
fn newer_peers_are_served_where_zmtp_1_is_allowed() {
    let mut pair = [Connection::new(&config(SocketType::Pair)), {
        Connection::new(&ConnectionConfig::new(SocketType::Pair, Null))
    }];
    let mut inputs = [BytesMut::new(), BytesMut::new()];
    for round in 0..8 {
        let (to, from) = (round % 2, 1 - round % 2);
        inputs[to].extend_from_slice(&transmitted(&mut pair[from]));
        while pair[to].handle_input(&mut inputs[to], 9).unwrap().is_some() {}
    }
    assert!(pair.iter().all(|side| side.peer().is_some_and(|peer| peer.version() == (3, 1))));

    let both = [config(SocketType::Pair), config(SocketType::Pair)];
    let mut pair = both.map(|config| Connection::new(&config));
    let mut inputs = [BytesMut::new(), BytesMut::new()];
    for round in 0..10 {
        let (to, from) = (round % 2, 1 - round % 2);
        inputs[to].extend_from_slice(&transmitted(&mut pair[from]));
        while pair[to].handle_input(&mut inputs[to], 9).unwrap().is_some() {}
    }
    assert!(pair.iter().all(|side| side.peer().is_some_and(|peer| peer.version() == (3, 1))));
}

#[test]
fn zmtp_2_is_served_where_zmtp_1_is_allowed() {
    let pull = config(SocketType::Pull);
    let (mut connection, events, error) =
        after(&pull, b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x08\0\0\0\x01a", 1);
    assert_eq!((error, messages(events)), (None, vec!["a".into()]));
    assert_eq!(connection.peer().unwrap().version(), (2, 0));
    assert_eq!(transmitted(&mut connection), [&SIGNATURE[..], b"\x03\x07\0\0"].concat());
}

#[test]
fn zmtp_1_never_bypasses_security() {
    for config in [
        ConnectionConfig::new(SocketType::Pull, PlainServer).with_allow_zmtp_1(true),
        config(SocketType::Pull).with_authenticate_null(true),
        config(SocketType::Pull).with_allow_zmtp_1(false),
    ] {
        let (mut connection, events, error) = after(&config, b"\x01\0\x02\0a", usize::MAX);
        let not_zmtp = PeerIncompatible::Version(UnsupportedVersion::NotZmtp(1));
        assert_eq!(error, Some(not_zmtp.into()));
        assert!(events.is_empty());
        assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    }
    let text = UnsupportedVersion::NotZmtp(1).to_string();
    assert!(text.contains("`allow_zmtp_1`"), "{text}");
}

#[test]
fn broken_zmtp_1_frames_are_errors() {
    let pull = config(SocketType::Pull);
    assert_eq!(error_after(&pull, b"\0"), FrameError::Flagless.into());
    assert_eq!(error_after(&pull, b"\x01\0\0"), FrameError::Flagless.into());
    assert_eq!(error_after(&pull, b"\xff\0\0\0\0\0\0\0\0\0"), FrameError::Flagless.into());
    assert_eq!(error_after(&pull, b"GET /"), FrameError::ReservedFlags(b'E').into());
    assert_eq!(error_after(&pull, b"\x01\0\x02\x02a"), FrameError::ReservedFlags(2).into());
    let not_zmtp = PeerIncompatible::Version(UnsupportedVersion::NotZmtp(1));
    assert_eq!(error_after(&pull, b"\x01\x01"), not_zmtp.into());
    // A newer greeting may not come behind the routing id.
    let mixture = [b"\x01\0", &SIGNATURE[..]].concat();
    assert_eq!(error_after(&pull, &mixture), FrameError::ReservedFlags(0x7f).into());
    let huge = b"\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\0";
    assert!(matches!(
        error_after(&pull, huge),
        ProtocolError::Malformed(_) | ProtocolError::LimitExceeded(_)
    ));
}

#[test]
fn zmtp_1_messages_before_a_fault_arrive() {
    let (_, events, error) = after(&config(SocketType::Pull), b"\x01\0\x02\0a\x02\0b\0", 99);
    assert_eq!(messages(events), ["a", "b"]);
    assert_eq!(error, Some(FrameError::Flagless.into()));
}

#[test]
fn limits_apply_to_zmtp_1() {
    let mut limits = Limits::default();
    limits.max_message_size = Some(2);
    limits.max_frames_per_message = 3;
    let pull = config(SocketType::Pull).with_limits(limits.clone());
    let error = error_after(&pull, b"\x01\0\x04\0");
    assert_eq!(error, LimitExceeded::MessageSize { announced: 3, limit: 2 }.into());
    let error = error_after(&pull, b"\x01\0\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0");
    assert!(matches!(error, ProtocolError::LimitExceeded(LimitExceeded::MessageSize { .. })));
    let error = error_after(&pull, b"\x01\0\x01\x01\x01\x01\x01\x01\x01\x01");
    assert_eq!(error, LimitExceeded::FrameCount { limit: 3 }.into());
    let limit = limits.max_metadata_size;
    let error = error_after(&pull, b"\xff\0\0\0\0\0\0\x40\x02\0");
    assert_eq!(error, LimitExceeded::HandshakeSize { announced: 16_385, limit }.into());
}

#[test]
fn truncated_zmtp_1_input_waits() {
    let wire = b"\x03\0id\xff\0\0\0\0\0\0\x01\x2d\x01";
    for len in 0..wire.len() {
        let (_, events, error) = after(&config(SocketType::Pull), &wire[..len], 1);
        assert_eq!(error, None);
        assert_eq!(events.len(), usize::from(len >= 4), "ready after its routing id");
    }
}
