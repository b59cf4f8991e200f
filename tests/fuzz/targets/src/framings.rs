//! Connections that carry frames in another way than ZMTP 3.

use bytes::BytesMut;
use zmtp_codec::framing::Raw;
use zmtp_codec::{Connection, ConnectionConfig, Event, Message, Null, RoutingId, SocketType};

use crate::connection::{Transcript, check_pieces, small_limits};
use crate::input::Input;

/// ZMTP 1.0, where it is allowed, or raw bytes.
pub fn framings(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let socket_type = SocketType::ALL[input.below(SocketType::ALL.len())];
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let is_raw = input.byte() & 1 == 1;
    let config = ConnectionConfig::new(socket_type, Null)
        .with_limits(small_limits())
        .with_allow_zmtp_1(true)
        .with_routing_id(RoutingId::new("fuzzed").expect("a valid routing id"));
    if is_raw {
        return raw(&config, input.rest(), &sizes);
    }
    let transcript = check_pieces(|| Connection::new(&config), input.rest(), &sizes);
    if transcript.written() == b"\xff\0\0\0\0\0\0\0\x07\x7ffuzzed" {
        resend(&config, &transcript);
    }
}

/// Bytes stay the same, however they are cut.
fn raw(config: &ConnectionConfig, bytes: &[u8], sizes: &[usize]) {
    let mut connection = Connection::new(config).with_framing(Box::new(Raw));
    let transcript = Transcript::of(&mut connection, bytes, sizes, 2);
    let received: Vec<u8> = transcript
        .messages()
        .iter()
        .flat_map(Message::frames)
        .flat_map(|frame| frame.to_vec())
        .collect();
    assert_eq!(received, bytes);
    for message in transcript.messages() {
        connection.send(message.clone());
    }
    assert_eq!(transmitted(&mut connection), received);
}

/// Sends each message that came over ZMTP 1.0, and receives it again.
fn resend(config: &ConnectionConfig, transcript: &Transcript) {
    let [mut one, mut other] = [(); 2].map(|()| Connection::new(config));
    let mut input = BytesMut::from(&b"\x01\0"[..]);
    while one.handle_input(&mut input, 9).expect("a routing id").is_some() {}
    transmitted(&mut one);
    for message in transcript.messages() {
        one.send(message.clone());
    }
    let mut input = BytesMut::from(&b"\x01\0"[..]);
    input.extend_from_slice(&transmitted(&mut one));
    let mut messages = Vec::new();
    while let Some(event) = other.handle_input(&mut input, 9).expect("good frames") {
        if let Event::Messages(run) = event {
            messages.extend(run);
        }
    }
    if matches!(config.socket_type, SocketType::Pub | SocketType::XPub) {
        assert_eq!(messages.remove(0), b"\x01", "the subscription made for it");
    }
    assert_eq!(messages, transcript.messages());
}

fn transmitted(connection: &mut Connection) -> Vec<u8> {
    std::iter::from_fn(|| connection.poll_transmit()).flatten().collect()
}
