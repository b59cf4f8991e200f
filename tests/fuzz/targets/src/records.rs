//! Encrypted records: one side seals frames, and the other opens the records.

use bytes::BytesMut;
use zmtp_codec::{
    Batch, Command, Connection, Decision, Event, Inbound, Message, SealBuffer, Traffic,
};

use crate::handshake::Sides;
use crate::input::Input;

/// CURVE.
pub fn curve_records(bytes: &[u8]) {
    records(&Sides::curve(), Input::new(bytes));
}

/// NOISE, in any pattern.
pub fn noise_records(bytes: &[u8]) {
    let (pattern, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    records(&Sides::noise(*pattern), Input::new(bytes));
}

fn records(sides: &Sides, mut input: Input<'_>) {
    let sides = sides.unlimited();
    let (mut sealing, mut opening) = meet(sides.client(), sides.server());
    let (mut batch, mut sealed, mut wire) = (Batch::new(), SealBuffer::new(), BytesMut::new());
    let (mut sent, mut received, mut is_tampered) = (Vec::new(), Vec::new(), false);
    while !input.is_empty() {
        match input.byte() & 7 {
            0 | 1 => {
                let body = input.slice();
                let message = Message::multipart([&body[..body.len() / 3], body]);
                sent.push(message.clone());
                batch.push(message);
            }
            // A chained body that needs several NOISE records.
            2 => {
                let message = Message::from(vec![input.byte(); input.below(1 << 16)]);
                sent.push(message.clone());
                batch.push(message);
            }
            3 => batch.push_command(&Command::Pong { context: input.slice().to_vec().into() }),
            4 => {
                sealing.encoder.seal(&batch, &mut sealed);
                let count = input.below(1 << 16).min(sealed.first_chunk().len());
                wire.extend_from_slice(&sealed.first_chunk()[..count]);
                let completed = sealed.advance(count);
                assert!(completed <= batch.bytes());
                batch.advance(completed);
            }
            5 => {
                // Like a queue that keeps only the latest message. Sealed messages stay.
                let discarded = batch.discard_behind(sealed.plain_bytes());
                assert!(discarded <= sent.len());
                sent.truncate(sent.len() - discarded);
            }
            6 => {
                let at = input.below(1 << 16);
                let bits = input.byte();
                if let Some(byte) = wire.get_mut(at) {
                    *byte ^= bits;
                    is_tampered |= bits != 0;
                }
            }
            _ => {
                if !open(&mut opening, &mut wire, input.below(4), &mut received) {
                    assert!(is_tampered, "a valid record was rejected");
                    break;
                }
            }
        }
    }
    assert!(sent.starts_with(&received), "{} of {}", received.len(), sent.len());
}

/// Opens all complete records. Returns false after an error.
fn open(
    opening: &mut Traffic,
    wire: &mut BytesMut,
    at_once: usize,
    received: &mut Vec<Message>,
) -> bool {
    loop {
        match opening.decoder.decode(wire, at_once) {
            Ok(Some(Inbound::Messages(run))) => received.extend(run),
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn meet(client: Connection, server: Connection) -> (Traffic, Traffic) {
    let mut sides = [(client, BytesMut::new()), (server, BytesMut::new())];
    let mut ready = 0;
    while ready < 2 {
        for to in [0, 1] {
            let written: Vec<u8> =
                std::iter::from_fn(|| sides[1 - to].0.poll_transmit()).flatten().collect();
            let (connection, input) = &mut sides[to];
            input.extend_from_slice(&written);
            while let Some(event) = connection.handle_input(input, 0).expect("a good handshake") {
                match event {
                    Event::Authenticate(_) => connection.authenticate(Decision::allow()),
                    Event::Ready(_) => ready += 1,
                    _ => {}
                }
            }
        }
    }
    let [(client, _), (server, _)] = sides;
    let traffic =
        |connection: Connection| connection.into_traffic().expect("the handshake is complete");
    (traffic(client), traffic(server))
}
