//! Encryption and decryption of the traffic of a connection.

use std::fmt::Debug;
use std::ops::Range;

use bytes::{Buf, BytesMut};

use super::Result;
use crate::batch::Batch;
use crate::error::ProtocolError;
use crate::seal::SealBuffer;

/// Both directions of an encrypted connection.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a connection has two directions")]
pub struct Encryption {
    /// Encrypts outgoing frames.
    pub sealer: Box<dyn Sealer>,
    /// Decrypts incoming frames.
    pub opener: Box<dyn Opener>,
}

/// Encrypts outgoing frames. It is called once for each write, not for each message.
pub trait Sealer: Debug + Send + Sync {
    /// Encrypts frames of `batch` into `sealed`, from [`SealBuffer::plain_bytes`] on, until
    /// `sealed` [is full](SealBuffer::is_full) or the batch ends.
    fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer);

    /// Appends the bytes that end the connection: in order, or because of an error. Default: none.
    fn finish(&mut self, error: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        let _ = (error, bytes);
    }
}

/// Decrypts incoming frames. It is called once for each read, not for each message.
pub trait Opener: Debug + Send + Sync {
    /// Decrypts complete records at the front of `input` and appends their frames to `plain`:
    /// most likely with [`open_records`].
    ///
    /// # Errors
    ///
    /// If the first record is not valid. Nothing has been taken from `input` then.
    fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening>;
}

/// The result of [opening](Opener::open) records.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the decoder must know what to do")]
pub enum Opening {
    /// There is more plain text than before.
    Opened,
    /// The input has no complete record.
    Incomplete {
        /// The body size of the frame in the next record, if it is known.
        announced: Option<u64>,
    },
}

/// The record at the front of some bytes.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the result of a mechanism's own code")]
pub enum Record {
    /// It has been decrypted in place.
    Opened {
        /// The bytes of the record.
        size: usize,
        /// The range of the decrypted frames in it.
        frames: Range<usize>,
    },
    /// Some of its bytes are missing.
    Incomplete {
        /// The body size of the frame in it, if it is known.
        announced: Option<u64>,
    },
}

/// Decrypts complete records at the front of `input` with `open`, which decrypts one record in
/// place, and appends their frames to `plain`.
///
/// The first frames are not copied, the others are moved within `input`.
///
/// # Errors
///
/// If `open` fails for the first record. A later failure is reported by the next call.
pub fn open_records(
    input: &mut BytesMut,
    plain: &mut BytesMut,
    mut open: impl FnMut(&mut [u8]) -> Result<Record>,
) -> Result<Opening> {
    let mut read = 0;
    // The decrypted frames in `input`, contiguous.
    let mut opened = 0..0;
    let stopped = loop {
        match open(input.get_mut(read..).unwrap_or_default()) {
            Ok(Record::Opened { size, frames }) => {
                let frames = read + frames.start..read + frames.end;
                read += size;
                if opened.is_empty() {
                    opened = frames;
                } else {
                    let len = frames.len();
                    input.copy_within(frames, opened.end);
                    opened.end += len;
                }
            }
            Ok(Record::Incomplete { announced }) => break Ok(Opening::Incomplete { announced }),
            Err(error) => break Err(error),
        }
        if opened.len() >= OPEN_TARGET {
            break Ok(Opening::Opened);
        }
    };
    if read == 0 {
        return stopped;
    }
    let mut frames = input.split_to(read);
    frames.truncate(opened.end);
    frames.advance(opened.start);
    if plain.is_empty() {
        *plain = frames;
    } else {
        plain.extend_from_slice(&frames);
    }
    Ok(Opening::Opened)
}

/// The plain text to decrypt at once, in bytes. More may have to wait for the receiver.
const OPEN_TARGET: usize = 64 * 1024;
