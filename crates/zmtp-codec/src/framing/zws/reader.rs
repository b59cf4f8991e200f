//! The read half: WebSocket frames become ZMTP 3 frames.

use bytes::{Buf, Bytes, BytesMut};

use super::close::CloseCode;
use super::control;
use super::fault::WebSocketFault;
use super::header::{Header, Opcode};
use super::mask::MaskKey;
use super::role::Role;
use crate::error::ProtocolError;
use crate::framing::{FrameReader, Reading};
use crate::metadata::Metadata;
use crate::wire::{Command, FrameHeader};

/// Reads WebSocket frames.
///
/// The body of a frame is passed on as it arrives, so nothing is held back but the start of a header or
/// of a control frame.
#[derive(Debug)]
pub(super) struct Reader {
    sender: Role,
    state: State,
    /// The first frame may be a routing id in place of READY.
    may_be_bare: bool,
}

#[derive(Debug)]
enum State {
    Header,
    Body(Body),
}

/// The part of a frame's body that has not arrived.
#[derive(Clone, Copy, Debug)]
struct Body {
    left: u64,
    /// The key of the next bytes.
    key: Option<MaskKey>,
}

/// The result of a step.
enum Step {
    Wait,
    /// The number of bytes read.
    Frames(usize),
    /// A control frame is next.
    Control(Header),
}

type Result<T, E = WebSocketFault> = std::result::Result<T, E>;

impl Reader {
    /// Reads what a peer of this role sends.
    pub(super) fn new(sender: Role) -> Self {
        Self { sender, state: State::Header, may_be_bare: false }
    }

    /// Accepts a first message with a routing id, and reads it as a READY of NULL.
    ///
    /// jszmq's server answers with the first sub-protocol that is offered, whatever its name, and then
    /// speaks the bare profile.
    pub(super) fn with_bare_server(self) -> Self {
        Self { may_be_bare: true, ..self }
    }

    fn read_frames(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<Reading> {
        let limit = frames.len().saturating_add(READ_TARGET);
        frames.reserve(input.len().min(READ_TARGET));
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            match self.step(rest, frames, limit) {
                Ok(Step::Frames(count)) => taken += count,
                // The frames first. The next call finds a control frame or a fault again.
                _ if taken > 0 => break,
                Ok(Step::Wait) => return Ok(Reading::Incomplete),
                Ok(Step::Control(header)) => return Self::control(header, input),
                Err(fault) => return Err(fault),
            }
        }
        input.advance(taken);
        Ok(Reading::Frames)
    }

    /// Reads a part of a body, or the header and flags of a message.
    #[inline]
    fn step(&mut self, bytes: &[u8], frames: &mut BytesMut, limit: usize) -> Result<Step> {
        let room = limit.saturating_sub(frames.len());
        if bytes.is_empty() || room == 0 {
            return Ok(Step::Wait);
        }
        if let State::Body(body) = &mut self.state {
            let (count, is_end) = body.take(bytes, room, frames);
            if is_end {
                self.state = State::Header;
            }
            return Ok(Step::Frames(count));
        }
        match Header::decode(bytes, self.sender)? {
            None => Ok(Step::Wait),
            Some(header) if header.opcode == Opcode::Binary => {
                self.begin_message(header, bytes, frames)
            }
            Some(header) => Ok(Step::Control(header)),
        }
    }

    /// Reads the flags of a message, and writes the header of its ZMTP frame.
    #[inline]
    fn begin_message(
        &mut self,
        header: Header,
        bytes: &[u8],
        frames: &mut BytesMut,
    ) -> Result<Step> {
        let left = header.payload.checked_sub(1).ok_or(WebSocketFault::NoFlags)?;
        let Some(&flags) = bytes.get(header.size) else { return Ok(Step::Wait) };
        let flags = header.key.map_or(flags, |MaskKey(key)| flags ^ key[0]);
        if flags & !(MORE | COMMAND) != 0 {
            return Err(WebSocketFault::ReservedFlags(flags));
        }
        if std::mem::take(&mut self.may_be_bare) && flags == 0 && left <= ROUTING_ID_MAX {
            return self.begin_bare(header, bytes, frames);
        }
        FrameHeader::with_size(left, flags & MORE != 0, flags & COMMAND != 0).encode_to(frames);
        let mut body = Body { left, key: header.key.map(|key| key.rotated(1)) };
        let start = header.size + 1;
        // A short body that is here is read at once.
        let count = match bytes.get(start..) {
            Some(rest) if left <= SHORT_BODY && left <= rest.len() as u64 => {
                body.take(rest, rest.len(), frames).0
            }
            _ if left == 0 => 0,
            _ => {
                self.state = State::Body(body);
                0
            }
        };
        Ok(Step::Frames(start + count))
    }

    /// Reads a routing id, and writes a READY.
    #[cold]
    fn begin_bare(&mut self, header: Header, bytes: &[u8], frames: &mut BytesMut) -> Result<Step> {
        let end = header.size + usize::try_from(header.payload).unwrap_or(usize::MAX);
        let Some(routing_id) = bytes.get(header.size + 1..end) else {
            self.may_be_bare = true;
            return Ok(Step::Wait);
        };
        let mut metadata = Metadata::new();
        if !routing_id.is_empty() {
            // It is short, and no other property is there.
            let _ = metadata.insert(Metadata::IDENTITY, Bytes::copy_from_slice(routing_id));
        }
        let (mut data, mut frame) = (Vec::new(), Vec::new());
        metadata.encode(&mut data);
        Command::Ready { data: data.into() }.encode(&mut frame);
        frames.extend_from_slice(&frame);
        Ok(Step::Frames(end))
    }

    #[cold]
    fn control(header: Header, input: &mut BytesMut) -> Result<Reading> {
        let size = usize::try_from(header.payload).unwrap_or(Header::CONTROL_MAX);
        let end = header.size + size;
        if input.len() < end {
            return Ok(Reading::Incomplete);
        }
        let mut payload = input.split_to(end)[header.size..].to_vec();
        if let Some(key) = header.key {
            key.apply(&mut payload);
        }
        Ok(match header.opcode {
            Opcode::Close => {
                Reading::End { reply: Some(control::close(CloseCode::decode(&payload)?)) }
            }
            Opcode::Pong => Reading::Command(Command::Pong { context: Bytes::from(payload) }),
            Opcode::Ping | Opcode::Binary => Reading::Reply(control::pong(payload)),
        })
    }
}

impl FrameReader for Reader {
    fn read(
        &mut self,
        input: &mut BytesMut,
        frames: &mut BytesMut,
    ) -> Result<Reading, ProtocolError> {
        Ok(self.read_frames(input, frames)?)
    }
}

impl Body {
    /// Appends the next bytes to `frames`, `room` at most. Returns their number, and whether they are
    /// the last.
    #[inline]
    fn take(&mut self, bytes: &[u8], room: usize, frames: &mut BytesMut) -> (usize, bool) {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let count = left.min(room).min(bytes.len());
        let start = frames.len();
        frames.extend_from_slice(&bytes[..count]);
        if let Some(key) = &mut self.key {
            key.apply(&mut frames[start..]);
            if (count as u64) < self.left {
                *key = key.rotated(count);
            }
        }
        self.left -= count as u64;
        (count, self.left == 0)
    }
}

/// The flags of 45/ZWS.
pub(super) const MORE: u8 = 1;
pub(super) const COMMAND: u8 = 2;

/// The largest body that is read at once with its header, in bytes.
const SHORT_BODY: u64 = 4096;

/// The largest routing id, in bytes.
const ROUTING_ID_MAX: u64 = 255;

/// The bytes to read at once.
const READ_TARGET: usize = 64 * 1024;

#[cfg(test)]
mod tests;
