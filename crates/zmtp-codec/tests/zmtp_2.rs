//! Peers of ZMTP 2.0 (15/ZMTP).
//!
//! The constants of libzmq are from version 3.2.

use bytes::{Bytes, BytesMut};
use zmtp_codec::wire::{FrameError, Ttl, UnsupportedVersion};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Event, LimitExceeded, Limits, Message, Null,
    PeerIncompatible, PlainClient, PlainServer, ProtocolError, RoutingId, SocketType,
};

/// The greeting of a libzmq 3.2 socket with the identity `old`, before its type. The padding has the
/// length of the identity plus one.
const OPENING: &[u8; 11] = b"\xff\0\0\0\0\0\0\0\x04\x7f\x01";

/// The rest of a DEALER's greeting, with the identity.
const DEALER: &[u8] = b"\x05\0\x03old";

fn config(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null)
}

fn transmitted(connection: &mut Connection) -> Vec<u8> {
    std::iter::from_fn(|| connection.poll_transmit()).flatten().collect()
}

/// A connection that has read these bytes behind the peer's opening.
fn after(
    config: &ConnectionConfig,
    bytes: &[u8],
) -> (Connection, Result<Vec<Event>, ProtocolError>) {
    let mut connection = Connection::new(config);
    let mut input = BytesMut::from(&[OPENING, bytes].concat()[..]);
    let mut events = Vec::new();
    loop {
        match connection.handle_input(&mut input, usize::MAX) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (connection, Ok(events)),
            Err(error) => return (connection, Err(error)),
        }
    }
}

fn error_after(config: &ConnectionConfig, bytes: &[u8]) -> ProtocolError {
    after(config, bytes).1.expect_err("a fault")
}

#[test]
fn type_and_identity_follow_the_revision() {
    let router = config(SocketType::Router).with_routing_id(RoutingId::new("here").unwrap());
    let mut connection = Connection::new(&router);
    assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    let mut input = BytesMut::from(&OPENING[..10]);
    assert!(connection.handle_input(&mut input, 1).unwrap().is_none());
    assert_eq!(transmitted(&mut connection), b"", "the revision is still to come");
    input.extend_from_slice(&OPENING[10..]);
    assert!(connection.handle_input(&mut input, 1).unwrap().is_none());
    // 15/ZMTP: 6 is ROUTER; the identity is a final short frame.
    assert_eq!(transmitted(&mut connection), b"\x06\0\x04here");
    input.extend_from_slice(DEALER);
    let Some(Event::Ready(peer)) = connection.handle_input(&mut input, 1).unwrap() else {
        panic!("ready");
    };
    assert_eq!((peer.socket_type(), peer.version()), (SocketType::Dealer, (2, 0)));
    assert_eq!(peer.routing_id(), "old");
    assert!(peer.metadata().is_empty());
    assert_eq!(transmitted(&mut connection), b"", "there is no READY");
}

#[test]
fn zmtp_2_decodes_byte_by_byte() {
    let mut connection = Connection::new(&config(SocketType::Pull));
    let wire = [OPENING, &b"\x08\0\0\x01\x01a\0\x01b\0\0"[..]].concat();
    let (mut input, mut messages, mut ready_at) = (BytesMut::new(), Vec::new(), None);
    for (at, byte) in wire.into_iter().enumerate() {
        input.extend_from_slice(&[byte]);
        while let Some(event) = connection.handle_input(&mut input, usize::MAX).unwrap() {
            match event {
                Event::Ready(_) => ready_at = Some(at),
                Event::Messages(run) => messages.extend(run),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(ready_at, Some(13));
    assert_eq!(messages, [Message::multipart(["a", "b"]), Message::from("")]);
}

#[test]
fn zmtp_2_gets_subscription_messages_only() {
    let mut connection = Connection::new(&config(SocketType::Sub));
    // Before the version is known, and after.
    connection.subscribe("a");
    connection.send_command(&Command::Ping { ttl: Ttl::NONE, context: Bytes::new() });
    transmitted(&mut connection);
    let mut input = BytesMut::from(&[OPENING, &b"\x01\0\0"[..]].concat()[..]);
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Ready(_)))));
    assert_eq!(transmitted(&mut connection), b"\x02\0\0\0\x02\x01a");
    connection.send_command(&Command::Ping { ttl: Ttl::NONE, context: Bytes::new() });
    connection.cancel("a");
    connection.subscribe(vec![b'x'; 255]);
    let wire = transmitted(&mut connection);
    // libzmq forgets the LONG flag here and corrupts the stream.
    assert_eq!(wire[..14], *b"\0\x02\0a\x02\0\0\0\0\0\0\x01\0\x01");
    assert_eq!(wire.len(), 4 + 9 + 256);
}

#[test]
fn zmtp_2_does_not_bypass_authentication() {
    let plain = PlainClient::new("name", "password").unwrap();
    let secured = [
        ConnectionConfig::new(SocketType::Pull, plain),
        ConnectionConfig::new(SocketType::Pull, PlainServer),
        config(SocketType::Pull).with_authenticate_null(true),
    ];
    for config in secured {
        let (mut connection, result) = after(&config, b"\x08\0\0\0\x01a");
        let error = PeerIncompatible::Version(UnsupportedVersion::NoSecurity);
        assert_eq!(result.unwrap_err(), error.into());
        // It gets only the opening of ZMTP 3.
        assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    }
}

#[test]
fn zmtp_2_wrong_type_gets_no_error_command() {
    let (mut connection, result) = after(&config(SocketType::Pull), b"\x03\0\0");
    let (ours, theirs) = (SocketType::Pull, SocketType::Req);
    assert_eq!(result.unwrap_err(), PeerIncompatible::SocketType { ours, theirs }.into());
    assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x07\0\0");
    let unknown = PeerIncompatible::UnknownSocketType("number 11".into());
    assert_eq!(error_after(&config(SocketType::Pull), b"\x0b"), unknown.into());
}

#[test]
fn newer_socket_type_rejects_zmtp_2() {
    let error = PeerIncompatible::Version(UnsupportedVersion::TooOld(1));
    assert_eq!(error_after(&config(SocketType::Client), b""), error.into());
}

#[test]
fn identity_is_one_frame_within_the_limit() {
    let pull = config(SocketType::Pull);
    let longest = [&b"\x08\0\xff"[..], &[b'i'; 255]].concat();
    assert_eq!(after(&pull, &longest).0.peer().unwrap().routing_id().len(), 255);
    let long = b"\x08\x02\0\0\0\0\0\0\0\x02id";
    assert_eq!(after(&pull, long).0.peer().unwrap().routing_id(), "id");

    // libzmq accepts any length and ignores MORE.
    let longer = [&b"\x08\x02\0\0\0\0\0\0\x01\0"[..], &[b'i'; 256]].concat();
    assert_eq!(after(&pull, &longer).0.peer().unwrap().routing_id().len(), 256);
    assert_eq!(after(&pull, b"\x08\x01\x02id").0.peer().unwrap().routing_id(), "id");

    // The header is enough to refuse it.
    let limit = Limits::default().max_metadata_size;
    let too_long = LimitExceeded::HandshakeSize { announced: limit as u64 + 1, limit };
    assert_eq!(error_after(&pull, b"\x08\x02\0\0\0\0\0\0\x40\x01"), too_long.into());
    assert_eq!(error_after(&pull, b"\x08\x04\x06"), FrameError::ReservedFlags(4).into());
    assert_eq!(error_after(&pull, b"\x08\x80\x06"), FrameError::ReservedFlags(0x80).into());
}

#[test]
fn zmtp_2_commands_are_rejected() {
    let ping = b"\x08\0\0\x04\x07\x04PING\0\0";
    let (mut connection, result) = after(&config(SocketType::Pull), ping);
    assert_eq!(result.unwrap_err(), FrameError::ReservedFlags(4).into());
    assert_eq!(transmitted(&mut connection), b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x07\0\0");
}

#[test]
fn limits_apply_to_zmtp_2() {
    let mut limits = Limits::default();
    limits.max_message_size = Some(2);
    let error = error_after(&config(SocketType::Pull).with_limits(limits), b"\x08\0\0\0\x03");
    assert_eq!(error, LimitExceeded::MessageSize { announced: 3, limit: 2 }.into());
}
