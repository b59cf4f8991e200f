//! Bytes that are not ZMTP: each gets its error, and none causes a panic.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use zmtp_codec::wire::{FrameError, UnsupportedVersion};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Decoder, Event, Inbound, LimitExceeded, Limits,
    MetadataError, Null, PeerIncompatible, PeerMisbehaved, ProtocolError, SocketType, Ttl,
};

fn pull() -> Connection {
    Connection::new(&ConnectionConfig::new(SocketType::Pull, Null))
}

fn greeting(mechanism: &[u8]) -> Vec<u8> {
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01".to_vec();
    greeting.extend_from_slice(mechanism);
    greeting.resize(64, 0);
    greeting
}

/// The result of reading these bytes.
fn error_for(bytes: &[u8]) -> ProtocolError {
    let mut connection = pull();
    let mut input = BytesMut::from(bytes);
    loop {
        match connection.handle_input(&mut input, usize::MAX) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error, {} bytes left", input.len()),
            Err(error) => return error,
        }
    }
}

fn error_after_greeting(bytes: &[u8]) -> ProtocolError {
    error_for(&[&greeting(b"NULL"), bytes].concat())
}

fn error_after_ready(bytes: &[u8]) -> ProtocolError {
    error_after_greeting(&[b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH", bytes].concat())
}

#[test]
fn other_protocols_are_detected_by_first_byte() {
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0-x", b"\x16\x03\x01", b"\x01\x00"] {
        let expected = PeerIncompatible::Version(UnsupportedVersion::NotZmtp(bytes[0]));
        assert_eq!(error_for(bytes), expected.into());
    }
}

#[test]
fn old_version_error_names_the_version() {
    for revision in [0, 2] {
        let error = error_for(&[&b"\xff\0\0\0\0\0\0\0\x01\x7f"[..], &[revision]].concat());
        assert_eq!(error, PeerIncompatible::Version(UnsupportedVersion::TooOld(revision)).into());
        assert!(error.to_string().contains(&format!("ZMTP revision {revision}")), "{error}");
        assert!(error.may_reconnect());
    }
}

#[test]
fn mechanism_mismatch_names_both_sides() {
    let error = error_for(&greeting(b"CURVE"));
    let expected = "peer wants the CURVE security mechanism, this side is set to NULL";
    assert_eq!(error.to_string(), expected);
    // Any other name is another mechanism.
    assert!(error_for(&greeting(b"NULLS")).to_string().contains("NULLS"));
    assert!(error_for(&greeting(b"null")).to_string().contains("null"));
}

#[test]
fn message_before_ready_is_rejected() {
    let expected = ProtocolError::from(PeerMisbehaved::MessageBeforeReady);
    for message in [&b"\x00\x05hello"[..], b"\x01\x05\x04hell", b"\x00\x00", b"\x00\x01\x00"] {
        assert_eq!(error_after_greeting(message), expected);
    }
    let limit = b"\x05READY".len() + Limits::default().max_metadata_size;
    let large = LimitExceeded::CommandSize { announced: 0xffff, limit };
    assert_eq!(error_after_greeting(b"\x02\0\0\0\0\0\0\xff\xff"), large.into());
}

#[test]
fn unexpected_command_is_rejected_by_name() {
    let error = error_after_greeting(b"\x04\x06\x05HELLO");
    assert_eq!(error.to_string(), "peer sent \"HELLO\" in the handshake where READY was expected");
    error_after_greeting(b"\x04\x07\x04PING\0\0");
}

#[test]
fn truncated_ready_metadata_is_rejected() {
    let error = error_after_greeting(b"\x04\x15\x05READY\x0bSocket-Type\0\0\0");
    assert_eq!(error, MetadataError::CutShort(1).into());
    let error = error_after_greeting(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x05PUSH");
    assert_eq!(error, MetadataError::CutShort(1).into());
    let error = error_after_greeting(b"\x04\x1a\x05READY\x0bSocket-Type\xff\xff\xff\xffPUSH");
    assert_eq!(error, MetadataError::CutShort(1).into());
    let error = error_after_greeting(b"\x04\x1b\x05READY\x0bSocket-Type\0\0\0\x04PUSH\x01");
    assert_eq!(error, MetadataError::CutShort(2).into());
}

#[test]
fn metadata_must_name_a_known_socket_type() {
    let error = error_after_greeting(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PASH");
    assert_eq!(error, PeerIncompatible::UnknownSocketType("PASH".into()).into());
}

/// The events of a connection after READY.
fn events_after(ready: &[u8], bytes: &[u8]) -> (Connection, Vec<Event>) {
    let mut connection = pull();
    let mut input = BytesMut::from(&[&greeting(b"NULL"), ready, bytes].concat()[..]);
    let mut events = Vec::new();
    while let Some(event) =
        connection.handle_input(&mut input, usize::MAX).expect("nothing that is refused")
    {
        events.push(event);
    }
    assert!(input.is_empty());
    (connection, events)
}

const READY: &[u8] = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH";

#[test]
fn ready_needs_no_command_flag() {
    for flags in [0, 1, 5] {
        let ready = [&[flags], &READY[1..]].concat();
        let (connection, _) = events_after(&ready, b"");
        assert_eq!(connection.peer().unwrap().socket_type(), SocketType::Push, "{flags}");
    }
}

#[test]
fn ready_needs_no_socket_type() {
    let (connection, _) = events_after(b"\x04\x06\x05READY", b"");
    let peer = connection.peer().unwrap();
    assert_eq!((peer.socket_type(), peer.metadata().len()), (SocketType::Push, 0));
}

#[test]
fn peer_routing_id_may_exceed_255_bytes() {
    let mut ready = b"\x06\0\0\0\0\0\0\x01\x27\x05READY\x0bSocket-Type\0\0\0\x04PUSH".to_vec();
    ready.extend_from_slice(b"\x08Identity\0\0\x01\0");
    ready.extend_from_slice(&[b'x'; 256]);
    let (connection, _) = events_after(&ready, b"");
    assert_eq!(connection.peer().unwrap().routing_id().len(), 256);
}

#[test]
fn malformed_frames_are_rejected() {
    assert_eq!(error_after_ready(b"\x08"), FrameError::ReservedFlags(8).into());
    let oversized = FrameError::Oversized(1 << 63);
    assert_eq!(error_after_ready(b"\x02\x80\0\0\0\0\0\0\0"), oversized.into());
}

#[test]
fn odd_commands_behind_ready_harm_nothing() {
    let unknown = |data: &'static [u8]| Command::Unknown {
        name: Bytes::new(),
        data: Bytes::from_static(data),
    };
    let ping = Command::Ping { ttl: Ttl::NONE, context: Bytes::new() };
    let error = Command::Error { reason: "no".into() };
    let pong = Command::Pong { context: Bytes::new() };
    for (bytes, expected) in [
        (&b"\x04\x00"[..], unknown(b"")),
        (b"\x06\0\0\0\0\0\0\0\0", unknown(b"")),
        (b"\x04\x01\x00", unknown(b"\0")),
        (b"\x04\x05\x05PONG", unknown(b"\x05PONG")),
        (b"\x04\x05\x04PING", ping.clone()),
        (b"\x04\x06\x04PING\0", ping),
        (b"\x05\x05\x04PONG", pong),
        (b"\x04\x09\x05ERROR\x02no", error),
        (READY, Command::Ready { data: Bytes::from_static(&READY[8..]) }),
    ] {
        let (_, events) = events_after(READY, &[bytes, b"\x00\x01a"].concat());
        let [Event::Ready(_), Event::Command(command), Event::Messages(run)] = &events[..] else {
            panic!("{bytes:?}: {events:?}");
        };
        assert_eq!((command, run.messages()), (&expected, 1));
    }
}

#[test]
fn an_error_is_final_in_the_handshake_only() {
    let error = b"\x04\x09\x05ERROR\x02no";
    let refused = ProtocolError::Refused { reason: "no".into() };
    assert_eq!(error_after_greeting(error), refused);
    assert!(!refused.may_reconnect());
    let (connection, events) = events_after(READY, &error.repeat(2));
    assert!(connection.peer().is_some());
    assert_eq!(events.len(), 3);
}

#[test]
fn messages_before_an_error_are_received() {
    let mut decoder = Decoder::new(Limits::default());
    let mut input = BytesMut::from(&b"\0\x01a\0\x01b\xff"[..]);
    let Ok(Some(Inbound::Messages(run))) = decoder.decode(&mut input, usize::MAX) else {
        panic!("messages");
    };
    assert_eq!(run.messages(), 2);
    let error = decoder.decode(&mut input, usize::MAX).unwrap_err();
    assert_eq!(error, FrameError::ReservedFlags(0xff).into());
}

#[test]
fn unknown_commands_are_passed_on() {
    let mut connection = pull();
    let mut input = BytesMut::from(&greeting(b"NULL")[..]);
    input.extend_from_slice(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
    input.extend_from_slice(b"\x04\x07\x05FRESHx\0\x01a");
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Ready(_)))));
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Command(_)))));
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Messages(_)))));
}

#[test]
fn input_is_not_consumed_after_an_error() {
    let mut connection = pull();
    let mut input = BytesMut::from(&b"HTTP"[..]);
    connection.handle_input(&mut input, 1).unwrap_err();
    assert!(connection.handle_input(&mut input, 1).unwrap().is_none());
    assert_eq!(input, b"HTTP"[..]);
}

/// Valid pieces, complete or cut, which get further than random bytes.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        b"\0\x01a".to_vec(),
        b"\x01\x01a".to_vec(),
        b"\x02\0\0\0\0\0\0\0\x02ab".to_vec(),
        b"\x04\x07\x04PING\0\0".to_vec(),
        b"\x04\x0b\x09SUBSCRIBEx".to_vec(),
        b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH".to_vec(),
        greeting(b"NULL"),
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces),
        1 => vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_input_does_not_panic_connection(
        bytes in plausible(),
        is_greeted in any::<bool>(),
        cut in 1..20_usize,
        max_messages in 0..3_usize,
    ) {
        let mut connection = pull();
        let mut input = BytesMut::new();
        let start = if is_greeted { greeting(b"NULL") } else { Vec::new() };
        for piece in [start, bytes].concat().chunks(cut) {
            input.extend_from_slice(piece);
            while let Ok(Some(event)) = connection.handle_input(&mut input, max_messages) {
                if let Event::Messages(run) = event {
                    prop_assert_eq!(run.clone().into_iter().count(), run.messages());
                }
            }
        }
    }

    #[test]
    fn arbitrary_input_does_not_panic_decoder(bytes in vec(any::<u8>(), 0..64)) {
        let mut decoder = Decoder::new(Limits::default());
        let mut input = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = decoder.decode(&mut input, usize::MAX) {}
        decoder.wanted(&input);
    }
}
