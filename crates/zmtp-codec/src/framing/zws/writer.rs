//! The write half: ZMTP 3 frames become WebSocket frames.

use super::close::CloseCode;
use super::control;
use super::header::{Front, Header, Opcode};
use super::mask::{MaskKey, MaskKeys};
use super::reader::{COMMAND, MORE};
use super::role::Role;
use crate::error::ProtocolError;
use crate::framing::FrameWriter;
use crate::wire::FrameHeader;

/// Writes WebSocket frames.
#[derive(Debug)]
pub(super) struct Writer {
    /// The keys of a client. A server does not mask.
    keys: Option<MaskKeys>,
    /// A CLOSE has been written.
    is_closed: bool,
}

impl Writer {
    /// Writes as this role. `secret` makes the keys of a client.
    pub(super) fn new(role: Role, secret: [u8; 16]) -> Self {
        let keys = match role {
            Role::Client => Some(MaskKeys::new(secret)),
            Role::Server => None,
        };
        Self { keys, is_closed: false }
    }

    /// Appends a control frame, with the first 125 bytes of the payload.
    fn put_control(&mut self, opcode: Opcode, payload: &[u8], bytes: &mut Vec<u8>) {
        self.is_closed |= opcode == Opcode::Close;
        let payload = payload.get(..Header::CONTROL_MAX).unwrap_or(payload);
        let key = self.keys.as_mut().map(MaskKeys::next_key);
        let (front, size) = Header::encode(opcode, payload.len(), key);
        bytes.extend_from_slice(&front.to_bytes()[..size]);
        let start = bytes.len();
        bytes.extend_from_slice(payload);
        if let Some(key) = key {
            key.apply(&mut bytes[start..]);
        }
    }

    #[inline]
    fn put_message(&mut self, flags: u8, body: &[u8], bytes: &mut Vec<u8>) {
        let key = self.keys.as_mut().map(MaskKeys::next_key);
        let (front, size) = Header::encode(Opcode::Binary, 1 + body.len(), key);
        let flags = key.map_or(flags, |MaskKey(key)| flags ^ key[0]);
        bytes.reserve(Front::SIZE + body.len());
        let start = bytes.len() + size + 1;
        bytes.extend_from_slice(&front.with(size, flags.into()).to_bytes());
        bytes.truncate(start);
        bytes.extend_from_slice(body);
        if let Some(key) = key {
            key.rotated(1).apply(&mut bytes[start..]);
        }
    }
}

impl FrameWriter for Writer {
    #[inline]
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        if !header.is_command() {
            return self.put_message(if header.has_more() { MORE } else { 0 }, body, bytes);
        }
        match control::of_command(body) {
            Some((opcode, payload)) => self.put_control(opcode, payload, bytes),
            None => self.put_message(COMMAND, body, bytes),
        }
    }

    fn is_control(&self, header: FrameHeader, body: &[u8]) -> bool {
        header.is_command() && control::of_command(body).is_some()
    }

    fn finish(&mut self, error: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        if !self.is_closed {
            let CloseCode(code) = error.map_or(CloseCode::NORMAL, CloseCode::of_error);
            self.put_control(Opcode::Close, &code.to_be_bytes(), bytes);
        }
    }
}

#[cfg(test)]
mod tests;
