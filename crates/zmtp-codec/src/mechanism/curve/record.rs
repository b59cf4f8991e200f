//! Records: a frame of a message or a command in a box, as a MESSAGE.
//!
//! ```text
//!   | frame header | 07 "MESSAGE" (8) | number (8) | tag (16) | flags (1) | frame body |
//!                                                             '-------- boxed --------'
//!   flags:  bit 0 MORE   bit 1 COMMAND
//! ```
//!
//! The header is that of a message frame, whatever is in the box. It is not authenticated, and only its
//! size is used. The flags in the box are those of libzmq: 26/CURVEZMQ has only MORE, and COMMAND is
//! another bit than in a frame header.

use bytes::BytesMut;

use super::boxes::{BoxKey, TAG};
use super::keystream::RecordKey;
use super::nonce::Purpose;
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::{Opener, Opening, Record, Result, Sealer, open_records};
use crate::seal::SealBuffer;
use crate::wire::FrameHeader;

/// Encrypts frames.
#[derive(Debug)]
pub(super) struct RecordSealer {
    key: RecordKey,
    last_number: u64,
}

impl RecordSealer {
    pub(super) fn new(key: BoxKey, purpose: Purpose, last_number: u64) -> Self {
        Self { key: RecordKey::new(key, purpose), last_number }
    }

    #[inline]
    fn seal_frame(&mut self, number: u64, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        let command = if header.is_command() { COMMAND } else { 0 };
        let flags = u8::from(header.has_more()) | command;
        bytes.reserve(FrameHeader::SIZE_MAX + OVERHEAD + body.len());
        FrameHeader::message(OVERHEAD + body.len(), false).encode(bytes);
        bytes.extend_from_slice(NAME);
        bytes.extend_from_slice(&number.to_be_bytes());
        let tag_at = bytes.len();
        bytes.extend_from_slice(&[0; TAG]);
        bytes.push(flags);
        bytes.extend_from_slice(body);
        let (tag, boxed) = bytes.split_at_mut(tag_at).1.split_at_mut(TAG);
        tag.copy_from_slice(&self.key.seal(number, boxed));
    }
}

impl Sealer for RecordSealer {
    fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        for (header, body) in batch.frames_from(sealed.plain_bytes()) {
            // 2^64 records take 500 years at 10^9 a second.
            let Some(number) = self.last_number.checked_add(1) else { return };
            if sealed.is_full() {
                return;
            }
            self.last_number = number;
            sealed.record(header.size() + body.len(), |bytes| {
                self.seal_frame(number, header, body, bytes);
            });
        }
    }
}

/// Decrypts frames.
#[derive(Debug)]
pub(super) struct RecordOpener {
    key: RecordKey,
    last_number: u64,
    /// The byte order of the peer's numbers, known from its first record on.
    order: Option<Order>,
    /// Whether more frames of a message must follow.
    is_inside_message: bool,
}

/// The byte order of a peer's record numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    BigEndian,
    /// libzmq 4.0, on most machines.
    LittleEndian,
}

impl RecordOpener {
    pub(super) fn new(key: BoxKey, purpose: Purpose, last_number: u64) -> Self {
        let key = RecordKey::new(key, purpose);
        Self { key, last_number, order: None, is_inside_message: false }
    }

    /// Opens the record at the front of `bytes` in place.
    #[inline]
    fn open_record(&mut self, bytes: &mut [u8]) -> Result<Record> {
        let Some(header) = FrameHeader::decode(bytes)? else {
            return Ok(Record::Incomplete { announced: None });
        };
        let no_record = if header.is_command() {
            PeerMisbehaved::Unsealed
        } else {
            PeerMisbehaved::CommandLayout("MESSAGE")
        };
        let announced = header.body_size().checked_sub(OVERHEAD as u64);
        let announced = announced.ok_or(no_record.clone())?;
        let incomplete = Ok(Record::Incomplete { announced: Some(announced) });
        let Ok(body) = usize::try_from(header.body_size()) else { return incomplete };
        let Some(record) = bytes.get_mut(header.size()..).and_then(|rest| rest.get_mut(..body))
        else {
            return incomplete;
        };
        let (front, boxed) = record.split_at_mut(OVERHEAD - 1);
        let (number, tag) = read_front(front).ok_or(no_record)?;
        let order = self.order.unwrap_or_else(|| Order::of(self.last_number, number));
        self.check(order, number)?;
        if !self.key.open(number, boxed, tag) {
            return Err(PeerUntrusted::Unopened("MESSAGE").into());
        }
        (self.last_number, self.order) = (number, Some(order));

        let plain = plain_header(boxed.first().copied().unwrap_or_default(), boxed.len() - 1);
        if !plain.is_command() {
            self.is_inside_message = plain.has_more();
        }
        // Writes the frame header directly before the frame body.
        let size = header.size() + body;
        let start = header.size() + OVERHEAD - plain.size();
        let (bytes_of_header, len) = plain.to_bytes();
        bytes[start..start + len].copy_from_slice(&bytes_of_header[..len]);
        Ok(Record::Opened { size, frames: start..size })
    }

    /// 26/CURVEZMQ, "correctly incrementing short nonces": a repeated number is rejected, a gap is
    /// not. Inside a message a gap is rejected too: a relay could otherwise join the parts of two
    /// messages.
    #[inline]
    fn check(&self, order: Order, number: u64) -> Result<()> {
        let [number, last] = [number, self.last_number].map(|number| order.count(number));
        match number.checked_sub(last) {
            Some(1) => Ok(()),
            None | Some(0) => Err(PeerUntrusted::Replayed { number, last }.into()),
            Some(_) if self.is_inside_message => {
                Err(PeerUntrusted::LeftOut { number, last }.into())
            }
            Some(_) => Ok(()),
        }
    }
}

impl Opener for RecordOpener {
    fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening> {
        open_records(input, plain, |bytes| self.open_record(bytes))
    }
}

impl Order {
    /// The byte order of a peer: its handshake ended with `last`, and its first record has `number`.
    ///
    /// It is big-endian as specified, unless only little-endian makes `number` the successor of
    /// `last`. Both numbers are authentic, because they open boxes, and no record can be replayed yet.
    fn of(last: u64, number: u64) -> Self {
        let is_next = |order: Self| order.count(last).checked_add(1) == Some(order.count(number));
        if !is_next(Self::BigEndian) && is_next(Self::LittleEndian) {
            Self::LittleEndian
        } else {
            Self::BigEndian
        }
    }

    #[inline]
    fn count(self, number: u64) -> u64 {
        match self {
            Self::BigEndian => number,
            Self::LittleEndian => number.swap_bytes(),
        }
    }
}

/// The number and tag of a record.
fn read_front(front: &[u8]) -> Option<(u64, &[u8; TAG])> {
    let (name, rest) = front.split_first_chunk()?;
    let (number, tag) = rest.split_first_chunk()?;
    (name == NAME).then_some((u64::from_be_bytes(*number), tag.try_into().ok()?))
}

/// The header of the frame in a box. Unknown flags are ignored, as in libzmq.
fn plain_header(flags: u8, body: usize) -> FrameHeader {
    if flags & COMMAND == 0 {
        FrameHeader::message(body, flags & MORE != 0)
    } else {
        FrameHeader::command(body)
    }
}

const NAME: &[u8; 8] = b"\x07MESSAGE";
const MORE: u8 = 1;
const COMMAND: u8 = 2;

/// The bytes that a record body adds to the frame body.
const OVERHEAD: usize = NAME.len() + 8 + TAG + 1;

#[cfg(test)]
mod tests;
