//! Octets that are not ZMTP: refused for what they are, and never a panic.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use zmtp_codec::wire::{CommandError, FrameError, UnsupportedVersion};
use zmtp_codec::{
    Connection, ConnectionConfig, Decoder, Event, Inbound, Limits, Mechanism, MetadataError,
    PeerIncompatible, PeerMisbehaved, ProtocolError, SocketType,
};

fn pull() -> Connection {
    Connection::new(&ConnectionConfig::new(SocketType::Pull, Mechanism::Null))
}

fn greeting(mechanism: &[u8]) -> Vec<u8> {
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01".to_vec();
    greeting.extend_from_slice(mechanism);
    greeting.resize(64, 0);
    greeting
}

/// What becomes of a connection that reads these octets.
fn error_for(octets: &[u8]) -> ProtocolError {
    let mut connection = pull();
    let mut input = BytesMut::from(octets);
    loop {
        match connection.handle_input(&mut input, usize::MAX) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error, {} octets left", input.len()),
            Err(error) => return error,
        }
    }
}

fn error_after_greeting(octets: &[u8]) -> ProtocolError {
    error_for(&[&greeting(b"NULL"), octets].concat())
}

fn error_after_ready(octets: &[u8]) -> ProtocolError {
    error_after_greeting(&[b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH", octets].concat())
}

#[test]
fn other_protocols_are_recognised_by_their_first_octet() {
    for octets in [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0-x", b"\x16\x03\x01", b"\x01\x00"] {
        let expected = PeerIncompatible::Version(UnsupportedVersion::NotZmtp(octets[0]));
        assert_eq!(error_for(octets), expected.into());
    }
}

#[test]
fn older_versions_are_named() {
    for revision in [0, 2] {
        let error = error_for(&[&b"\xff\0\0\0\0\0\0\0\x01\x7f"[..], &[revision]].concat());
        assert_eq!(error, PeerIncompatible::Version(UnsupportedVersion::TooOld(revision)).into());
        assert!(error.to_string().contains(&format!("ZMTP revision {revision}")), "{error}");
        assert!(error.may_reconnect());
    }
}

#[test]
fn a_mechanism_mismatch_names_both_mechanisms() {
    let error = error_for(&greeting(b"CURVE"));
    let expected = "peer wants the CURVE security mechanism, this side is set to NULL";
    assert_eq!(error.to_string(), expected);
    // Exactly the same, or it is another one.
    assert!(error_for(&greeting(b"NULLS")).to_string().contains("NULLS"));
    assert!(error_for(&greeting(b"null")).to_string().contains("null"));
}

#[test]
fn a_message_before_ready_is_refused_by_its_header() {
    let expected = ProtocolError::from(PeerMisbehaved::MessageBeforeReady);
    assert_eq!(error_after_greeting(b"\x00\xff"), expected);
    assert_eq!(error_after_greeting(b"\x02\0\0\0\0\0\0\xff\xff"), expected);
}

#[test]
fn another_command_than_ready_is_refused_by_name() {
    let error = error_after_greeting(b"\x04\x06\x05HELLO");
    assert_eq!(error.to_string(), "peer sent \"HELLO\" in the handshake where READY was due");
    error_after_greeting(b"\x04\x07\x04PING\0\0");
}

#[test]
fn metadata_has_to_be_whole() {
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
fn metadata_has_to_say_who_the_peer_is() {
    let error = error_after_greeting(b"\x04\x06\x05READY");
    assert_eq!(error, PeerMisbehaved::NoSocketType.into());
    let error = error_after_greeting(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PASH");
    assert_eq!(error, PeerIncompatible::UnknownSocketType("PASH".into()).into());
}

#[test]
fn a_routing_id_beyond_255_octets_is_refused() {
    let mut ready = b"\x06\0\0\0\0\0\0\x01\x27\x05READY\x0bSocket-Type\0\0\0\x04PUSH".to_vec();
    ready.extend_from_slice(b"\x08Identity\0\0\x01\0");
    ready.extend_from_slice(&[b'x'; 256]);
    assert_eq!(error_after_greeting(&ready), PeerMisbehaved::RoutingIdTooLong(256).into());
}

#[test]
fn broken_frames_are_refused() {
    assert_eq!(error_after_ready(b"\x08"), FrameError::ReservedFlags(8).into());
    assert_eq!(error_after_ready(b"\x05\x05\x04PONG"), FrameError::CommandWithMore(5).into());
    assert_eq!(error_after_ready(b"\x04\0\0\0\0\0\0\0\0"), FrameError::EmptyCommand.into());
    assert_eq!(error_after_ready(b"\x04\x05\x05PONG"), CommandError::NoName(5).into());
    assert_eq!(error_after_ready(b"\x04\x06\x04PING\0"), CommandError::NoTtl(1).into());
}

#[test]
fn messages_before_a_fault_are_still_received() {
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
fn unknown_commands_are_shown_and_harm_nothing() {
    let mut connection = pull();
    let mut input = BytesMut::from(&greeting(b"NULL")[..]);
    input.extend_from_slice(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
    input.extend_from_slice(b"\x04\x07\x05FRESHx\0\x01a");
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Ready(_)))));
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Command(_)))));
    assert!(matches!(connection.handle_input(&mut input, 1), Ok(Some(Event::Messages(_)))));
}

#[test]
fn nothing_is_taken_from_the_input_after_an_error() {
    let mut connection = pull();
    let mut input = BytesMut::from(&b"HTTP"[..]);
    connection.handle_input(&mut input, 1).unwrap_err();
    assert!(connection.handle_input(&mut input, 1).unwrap().is_none());
    assert_eq!(input, b"HTTP"[..]);
}

/// Octets that get further than noise does: valid pieces, whole or cut.
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
    fn no_input_makes_a_connection_panic(
        octets in plausible(),
        is_greeted in any::<bool>(),
        cut in 1..20_usize,
        max_messages in 0..3_usize,
    ) {
        let mut connection = pull();
        let mut input = BytesMut::new();
        let start = if is_greeted { greeting(b"NULL") } else { Vec::new() };
        for piece in [start, octets].concat().chunks(cut) {
            input.extend_from_slice(piece);
            while let Ok(Some(event)) = connection.handle_input(&mut input, max_messages) {
                if let Event::Messages(run) = event {
                    prop_assert_eq!(run.clone().into_iter().count(), run.messages());
                }
            }
        }
    }

    #[test]
    fn no_input_makes_a_decoder_panic(octets in vec(any::<u8>(), 0..64)) {
        let mut decoder = Decoder::new(Limits::default());
        let mut input = BytesMut::from(&octets[..]);
        while let Ok(Some(_)) = decoder.decode(&mut input, usize::MAX) {}
        decoder.wanted(&input);
    }
}
