//! Connections and their decoder with arbitrary bytes, split anywhere.

use bytes::{Bytes, BytesMut};
use zmtp_codec::{
    Batch, Connection, ConnectionConfig, Decoder, Event, Inbound, Limits, Message, Null,
    ProtocolError, RoutingId, SocketType,
};

use crate::input::Input;

/// Limits that are small enough for fuzzing to reach them.
pub(crate) fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_message_size = Some(1 << 12);
    limits.max_frames_per_message = 6;
    limits.max_command_size = 1 << 10;
    limits.max_metadata_size = 1 << 9;
    limits.max_handshake_size = 1 << 11;
    limits
}

/// The received events and messages, the error, and the written bytes of a connection.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Transcript {
    events: Vec<String>,
    messages: Vec<Message>,
    pub(crate) error: Option<ProtocolError>,
    /// The bytes that this side wrote.
    pub(crate) written: Vec<u8>,
}

impl Transcript {
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.written
    }

    /// Feeds the bytes in pieces of these sizes, repeated.
    pub(crate) fn of(
        connection: &mut Connection,
        bytes: &[u8],
        sizes: &[usize],
        at_once: usize,
    ) -> Self {
        let mut transcript = Self::default();
        let mut input = BytesMut::new();
        let (mut rest, mut sizes) = (bytes, sizes.iter().copied().cycle());
        loop {
            while let Some(bytes) = connection.poll_transmit() {
                assert!(!bytes.is_empty());
                transcript.written.extend_from_slice(&bytes);
            }
            if transcript.error.is_some() || rest.is_empty() {
                return transcript;
            }
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
            let (piece, after) = rest.split_at(size);
            input.extend_from_slice(piece);
            rest = after;
            transcript.handle(connection, &mut input, at_once);
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
                    // The connection stays closed.
                    assert!(matches!(connection.handle_input(input, at_once), Ok(None)));
                    self.error = Some(error);
                    return;
                }
            }
        }
    }
}

/// Feeds the same bytes as a whole and in pieces, and compares the results.
pub(crate) fn check_pieces(
    make: impl Fn() -> Connection,
    bytes: &[u8],
    sizes: &[usize],
) -> Transcript {
    let mut whole = Transcript::of(&mut make(), bytes, &[usize::MAX], usize::MAX);
    let mut pieces = Transcript::of(&mut make(), bytes, sizes, 2);
    if whole.error.is_some() {
        // Output that was queued at the time of the error is discarded.
        assert!(
            pieces.written.starts_with(&whole.written)
                || whole.written.starts_with(&pieces.written)
        );
        let common = whole.written.len().min(pieces.written.len());
        whole.written.truncate(common);
        pieces.written.truncate(common);
    }
    assert_eq!(whole, pieces, "as a whole and in pieces of {sizes:?}");
    whole
}

/// A NULL connection of any socket type.
pub fn connection(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let socket_type = SocketType::ALL[input.below(SocketType::ALL.len())];
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let mut config = ConnectionConfig::new(socket_type, Null)
        .with_limits(small_limits())
        .with_routing_id(RoutingId::new("fuzzed").expect("a valid routing id"));
    config.authenticate_null = input.byte() & 1 == 1;
    check_pieces(|| Connection::new(&config), input.rest(), &sizes);
}

/// A ZMTP 2.0 peer.
pub fn zmtp_2(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let socket_type = SocketType::ALL[input.below(SocketType::ALL.len())];
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let config = ConnectionConfig::new(socket_type, Null).with_limits(small_limits());
    let wire = [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x01"[..], input.rest()].concat();
    let make = || {
        let mut connection = Connection::new(&config);
        connection.send(Message::from("held"));
        connection.subscribe("held");
        connection.send_command(&zmtp_codec::Command::Pong { context: Bytes::new() });
        connection
    };
    let transcript = check_pieces(make, &wire, &sizes);
    // A ZMTP 2.0 peer never gets a command.
    let written = transcript.written.get(11 + 1..).unwrap_or_default();
    let mut input = BytesMut::from(written);
    let mut decoder = Decoder::new(Limits::default());
    while let Some(inbound) = decoder.decode(&mut input, usize::MAX).expect("good frames") {
        assert!(matches!(inbound, Inbound::Messages(_)), "{inbound:?}");
    }
}

/// The decoder after a handshake. Compares the items as a whole and in pieces, and re-encodes and
/// decodes the messages.
pub fn decoder(bytes: &[u8]) {
    let mut input = Input::new(bytes);
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
                Ok(Some(other)) => items.push(Err(format!("{other:?}"))),
                Ok(None) => break,
                Err(error) => return (items, Some(error)),
            }
        }
        assert!(decoder.wanted(&input) <= 1 << 13, "the decoder wants more than the limits allow");
    }
    (items, None)
}
