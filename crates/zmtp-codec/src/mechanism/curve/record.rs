//! Records: a frame of a message or a command in a box, as a MESSAGE.
//!
//! ```text
//!   | frame header | 07 "MESSAGE" (8) | number (8) | tag (16) | flags (1) | frame body |
//!                                                             '-------- boxed --------'
//!   flags:  bit 0 MORE   bit 1 COMMAND
//! ```
//!
//! The header is that of a message frame of its own, whatever is in the box. The flags are those
//! of libzmq, which 26/CURVEZMQ knows only the first of; in a frame header COMMAND is another bit.

use super::ahead::RecordKey;
use super::boxes::{BoxKey, TAG};
use super::nonce::Purpose;
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::Result;
use crate::mechanism::cipher::Record;
use crate::seal::SealBuffer;
use crate::wire::{FrameError, FrameHeader};

/// Puts frames into boxes.
#[derive(Debug)]
pub(crate) struct Sealer {
    key: RecordKey,
    last_number: u64,
}

impl Sealer {
    pub(super) fn new(key: BoxKey, purpose: Purpose, last_number: u64) -> Self {
        Self { key: RecordKey::new(key, purpose), last_number }
    }

    /// Seals the next frames of `batch` that are not in `sealed` yet, until that is full.
    pub(in crate::mechanism) fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        for (header, body) in batch.frames_behind(sealed.plain_octets()) {
            // 2^64 numbers are enough for 500 years of a thousand million a second.
            let Some(number) = self.last_number.checked_add(1) else { return };
            if sealed.is_full() {
                return;
            }
            self.last_number = number;
            sealed.record(header.size() + body.len(), |octets| {
                self.seal_frame(number, header, body, octets);
            });
        }
    }

    #[inline]
    fn seal_frame(&mut self, number: u64, header: FrameHeader, body: &[u8], octets: &mut Vec<u8>) {
        let command = if header.is_command() { COMMAND } else { 0 };
        let flags = u8::from(header.has_more()) | command;
        octets.reserve(FrameHeader::SIZE_MAX + OVERHEAD + body.len());
        FrameHeader::message(OVERHEAD + body.len(), false).encode(octets);
        octets.extend_from_slice(NAME);
        octets.extend_from_slice(&number.to_be_bytes());
        let tag_at = octets.len();
        octets.extend_from_slice(&[0; TAG]);
        octets.push(flags);
        octets.extend_from_slice(body);
        let (tag, boxed) = octets.split_at_mut(tag_at).1.split_at_mut(TAG);
        tag.copy_from_slice(&self.key.seal(number, boxed));
    }
}

/// Takes frames out of boxes.
#[derive(Debug)]
pub(crate) struct Opener {
    key: RecordKey,
    last_number: u64,
}

impl Opener {
    pub(super) fn new(key: BoxKey, purpose: Purpose, last_number: u64) -> Self {
        Self { key: RecordKey::new(key, purpose), last_number }
    }

    /// Opens the record at the front of `octets`.
    #[inline]
    pub(in crate::mechanism) fn open(&mut self, octets: &mut [u8]) -> Result<Record> {
        let Some(header) = FrameHeader::decode(octets)? else {
            return Ok(Record::Incomplete { announced: None });
        };
        if header.is_command() {
            return Err(PeerMisbehaved::Unsealed.into());
        }
        let layout = PeerMisbehaved::CommandLayout("MESSAGE");
        let announced = header.body_size().checked_sub(OVERHEAD as u64);
        let announced = announced.filter(|_| !header.has_more()).ok_or(layout.clone())?;
        let incomplete = Ok(Record::Incomplete { announced: Some(announced) });
        let Ok(body) = usize::try_from(header.body_size()) else { return incomplete };
        let Some(record) = octets.get_mut(header.size()..).and_then(|rest| rest.get_mut(..body))
        else {
            return incomplete;
        };
        let (front, boxed) = record.split_at_mut(OVERHEAD - 1);
        let (number, tag) = read_front(front).ok_or(layout)?;
        self.check(number)?;
        if !self.key.open(number, boxed, tag) {
            return Err(PeerUntrusted::Unopened("MESSAGE").into());
        }
        self.last_number = number;

        let plain = plain_header(boxed.first().copied().unwrap_or_default(), boxed.len() - 1)?;
        // The frame header takes the place of what stood before the frame body.
        let size = header.size() + body;
        let start = header.size() + OVERHEAD - plain.size();
        let (octets_of_header, len) = plain.to_octets();
        octets[start..start + len].copy_from_slice(&octets_of_header[..len]);
        Ok(Record::Opened { size, frames: start..size })
    }
}

impl Opener {
    /// 26/CURVEZMQ, "correctly incrementing short nonces": by one, so that whoever sits in between
    /// can neither repeat a record nor leave one out.
    #[inline]
    fn check(&self, number: u64) -> Result<()> {
        let last = self.last_number;
        match number.checked_sub(last) {
            Some(1) => Ok(()),
            None | Some(0) => Err(PeerUntrusted::Replayed { number, last }.into()),
            Some(_) => Err(PeerUntrusted::LeftOut { number, last }.into()),
        }
    }
}

/// The number and tag of a record.
fn read_front(front: &[u8]) -> Option<(u64, &[u8; TAG])> {
    let (name, rest) = front.split_first_chunk()?;
    let (number, tag) = rest.split_first_chunk()?;
    (name == NAME).then_some((u64::from_be_bytes(*number), tag.try_into().ok()?))
}

/// The header of the frame that was in a box.
fn plain_header(flags: u8, body: usize) -> Result<FrameHeader, FrameError> {
    match flags {
        0 | MORE => Ok(FrameHeader::message(body, flags == MORE)),
        COMMAND if body == 0 => Err(FrameError::EmptyCommand),
        COMMAND => Ok(FrameHeader::command(body)),
        _ if flags == MORE | COMMAND => Err(FrameError::CommandWithMore(flags)),
        _ => Err(FrameError::ReservedFlags(flags)),
    }
}

const NAME: &[u8; 8] = b"\x07MESSAGE";
const MORE: u8 = 1;
const COMMAND: u8 = 2;

/// What the body of a record has besides the body of the frame in it.
const OVERHEAD: usize = NAME.len() + 8 + TAG + 1;
