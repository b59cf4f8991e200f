//! Control frames as commands: PING, PONG and CLOSE.

use bytes::Bytes;

use super::close::CloseCode;
use super::header::Opcode;
use crate::wire::Command;

/// The answer to a PING: its whole payload, which may be longer than that of a ZMTP PING.
pub(super) fn pong(payload: Vec<u8>) -> Command {
    named(b"PONG", payload)
}

/// A CLOSE.
pub(super) fn close(code: Option<CloseCode>) -> Command {
    named(b"CLOSE", code.map_or_else(Vec::new, |CloseCode(code)| code.to_be_bytes().to_vec()))
}

fn named(name: &'static [u8], data: Vec<u8>) -> Command {
    Command::Unknown { name: Bytes::from_static(name), data: data.into() }
}

/// The control frame for the body of a command: its opcode and its payload.
pub(super) fn of_command(body: &[u8]) -> Option<(Opcode, &[u8])> {
    let (&length, rest) = body.split_first()?;
    let (name, data) = rest.split_at_checked(length.into())?;
    match name {
        b"PING" => Some((Opcode::Ping, data.get(TTL..).unwrap_or_default())),
        b"PONG" => Some((Opcode::Pong, data)),
        b"CLOSE" => Some((Opcode::Close, data)),
        _ => None,
    }
}

/// The bytes of a PING's time to live, which a WebSocket PING has not.
const TTL: usize = 2;
