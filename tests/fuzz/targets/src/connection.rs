//! Whole connections, and their decoder: any octets, cut anywhere.

use bytes::{Bytes, BytesMut};
use zmtp_codec::{
    Batch, Connection, ConnectionConfig, Decoder, Event, Inbound, Limits, Mechanism, Message,
    ProtocolError, RoutingId, SocketType,
};

use crate::input::Input;

/// Limits so small that fuzzing meets them.
pub(crate) fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_message_size = Some(1 << 12);
    limits.max_frames_per_message = 6;
    limits.max_command_size = 1 << 10;
    limits.max_metadata_size = 1 << 9;
    limits.max_handshake_size = 1 << 11;
    limits
}

/// What has been heard of a peer, and how it ended.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    events: Vec<String>,
    messages: Vec<Message>,
    error: Option<ProtocolError>,
    /// What this side has said.
    said: Vec<u8>,
}

impl Heard {
    /// Hands over octets in pieces of these sizes, over and over.
    pub(crate) fn of(
        connection: &mut Connection,
        octets: &[u8],
        sizes: &[usize],
        at_once: usize,
    ) -> Self {
        let mut heard = Self::default();
        let mut input = BytesMut::new();
        let (mut rest, mut sizes) = (octets, sizes.iter().copied().cycle());
        loop {
            while let Some(octets) = connection.poll_transmit() {
                assert!(!octets.is_empty());
                heard.said.extend_from_slice(&octets);
            }
            if heard.error.is_some() || rest.is_empty() {
                return heard;
            }
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
            let (piece, after) = rest.split_at(size);
            input.extend_from_slice(piece);
            rest = after;
            heard.handle(connection, &mut input, at_once);
        }
    }

    fn handle(&mut self, connection: &mut Connection, input: &mut BytesMut, at_once: usize) {
        loop {
            match connection.handle_input(input, at_once) {
                Ok(None) => return,
                Ok(Some(Event::Messages(run))) => {
                    assert!((1..=at_once).contains(&run.messages()));
                    self.messages.extend(run);
                }
                Ok(Some(Event::Authenticate(request))) => {
                    self.events.push(format!("{request:?}"));
                    connection.authenticate(zmtp_codec::Decision::allow());
                }
                Ok(Some(other)) => self.events.push(format!("{other:?}")),
                Err(error) => {
                    // It stays closed.
                    assert!(matches!(connection.handle_input(input, at_once), Ok(None)));
                    self.error = Some(error);
                    return;
                }
            }
        }
    }
}

/// Hears the same octets whole and in pieces, and compares.
pub(crate) fn hear_alike(make: impl Fn() -> Connection, octets: &[u8], sizes: &[usize]) -> Heard {
    let mut whole = Heard::of(&mut make(), octets, &[usize::MAX], usize::MAX);
    let mut pieces = Heard::of(&mut make(), octets, sizes, 2);
    if whole.error.is_some() {
        // What was queued when the fault came is not said any more.
        assert!(pieces.said.starts_with(&whole.said) || whole.said.starts_with(&pieces.said));
        let common = whole.said.len().min(pieces.said.len());
        whole.said.truncate(common);
        pieces.said.truncate(common);
    }
    assert_eq!(whole, pieces, "whole and in pieces of {sizes:?}");
    whole
}

/// A NULL connection of any socket type, the octets whole and in pieces.
pub fn connection(octets: &[u8]) {
    let mut input = Input::new(octets);
    let socket_type = SocketType::ALL[input.below(SocketType::ALL.len())];
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let mut config = ConnectionConfig::new(socket_type, Mechanism::Null)
        .with_limits(small_limits())
        .with_routing_id(RoutingId::new("fuzzed").expect("a good one"));
    config.authenticate_null = input.octet() & 1 == 1;
    hear_alike(|| Connection::new(&config), input.rest(), &sizes);
}

/// A peer that opens as ZMTP 2.0 does.
pub fn zmtp_2(octets: &[u8]) {
    let mut input = Input::new(octets);
    let socket_type = SocketType::ALL[input.below(SocketType::ALL.len())];
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let config = ConnectionConfig::new(socket_type, Mechanism::Null).with_limits(small_limits());
    let wire = [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x01"[..], input.rest()].concat();
    let make = || {
        let mut connection = Connection::new(&config);
        connection.send(Message::from("held"));
        connection.subscribe("held");
        connection.send_command(&zmtp_codec::Command::Pong { context: Bytes::new() });
        connection
    };
    let heard = hear_alike(make, &wire, &sizes);
    // It is told no command, whatever happens.
    let said = heard.said.get(11 + 1..).unwrap_or_default();
    let mut input = BytesMut::from(said);
    let mut decoder = Decoder::new(Limits::default());
    while let Some(inbound) = decoder.decode(&mut input, usize::MAX).expect("good frames") {
        assert!(matches!(inbound, Inbound::Messages(_)), "{inbound:?}");
    }
}

/// The decoder alone, past a handshake: the same items whole and in pieces, and the messages among
/// them again when they are written and read.
pub fn decoder(octets: &[u8]) {
    let mut input = Input::new(octets);
    let (size, at_once) = (1 + input.below(256), 1 + input.below(8));
    let wire = input.rest();
    let whole = decode(wire, usize::MAX, usize::MAX);
    assert_eq!(decode(wire, size, at_once), whole);
    let mut batch = Batch::new();
    let messages: Vec<_> = whole.0.iter().filter_map(|item| item.as_ref().ok()).collect();
    for message in &messages {
        batch.push((*message).clone());
    }
    for message in messages {
        assert_eq!(batch.pop().as_ref(), Some(message));
    }
    assert!(batch.is_empty());
}

type Items = (Vec<Result<Message, String>>, Option<ProtocolError>);

fn decode(wire: &[u8], size: usize, at_once: usize) -> Items {
    let mut decoder = Decoder::new(small_limits());
    let (mut input, mut items) = (BytesMut::new(), Vec::new());
    for piece in wire.chunks(size) {
        input.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut input, at_once) {
                Ok(Some(Inbound::Messages(run))) => items.extend(run.into_iter().map(Ok)),
                Ok(Some(Inbound::Command(command))) => items.push(Err(format!("{command:?}"))),
                Ok(None) => break,
                Err(error) => return (items, Some(error)),
            }
        }
        assert!(decoder.wanted(&input) <= 1 << 13, "more than the limits allow is wanted");
    }
    (items, None)
}
