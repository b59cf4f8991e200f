//! What seals and opens the traffic of a connection, whatever the mechanism.

#[cfg(feature = "__cipher")]
use std::ops::Range;

#[cfg(feature = "__cipher")]
use bytes::Buf;
use bytes::BytesMut;

use super::Result;
#[cfg(feature = "curve")]
use super::curve::record as curve;
#[cfg(feature = "noise")]
use super::noise::record as noise;
use crate::batch::Batch;
use crate::seal::SealBuffer;

/// Both directions of a connection that encrypts.
#[derive(Debug)]
pub(crate) struct Ciphers {
    pub(crate) sealer: Sealer,
    pub(crate) opener: Opener,
}

/// Encrypts what is sent.
// There is none without a mechanism that encrypts.
#[derive(Debug)]
pub(crate) enum Sealer {
    #[cfg(feature = "curve")]
    Curve(curve::Sealer),
    #[cfg(feature = "noise")]
    Noise(noise::Sealer),
}

/// Decrypts what is received.
#[derive(Debug)]
pub(crate) enum Opener {
    #[cfg(feature = "curve")]
    Curve(curve::Opener),
    #[cfg(feature = "noise")]
    Noise(noise::Opener),
}

/// What comes of opening records.
#[cfg_attr(not(feature = "__cipher"), expect(dead_code))]
#[derive(Debug)]
pub(crate) enum Opening {
    /// There is more plain text than before.
    Opened,
    /// No whole record is there.
    Incomplete {
        /// The size of the body of the frame in the next record, if that is known by now.
        announced: Option<u64>,
    },
}

impl Ciphers {
    #[cfg(feature = "curve")]
    pub(super) fn curve(sealer: curve::Sealer, opener: curve::Opener) -> Self {
        Self { sealer: Sealer::Curve(sealer), opener: Opener::Curve(opener) }
    }

    #[cfg(feature = "noise")]
    pub(super) fn noise(sealer: noise::Sealer, opener: noise::Opener) -> Self {
        Self { sealer: Sealer::Noise(sealer), opener: Opener::Noise(opener) }
    }
}

// Without a mechanism that encrypts the arguments go unused.
#[cfg_attr(not(feature = "__cipher"), expect(unused_variables))]
impl Sealer {
    /// Seals what comes next in `batch` and is not in `sealed` yet, until that is full.
    pub(crate) fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        match *self {
            #[cfg(feature = "curve")]
            Self::Curve(ref mut sealer) => sealer.seal(batch, sealed),
            #[cfg(feature = "noise")]
            Self::Noise(ref mut sealer) => sealer.seal(batch, sealed),
        }
    }
}

#[cfg_attr(not(feature = "__cipher"), expect(unused_variables))]
impl Opener {
    /// Opens whole records at the front of `input` and moves the frames that were in them to the
    /// end of `plain`.
    ///
    /// # Errors
    ///
    /// Where the first record is not what it has to be. Nothing has been taken then.
    pub(crate) fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening> {
        match *self {
            #[cfg(feature = "curve")]
            Self::Curve(ref mut opener) => open_records(input, plain, |bytes| opener.open(bytes)),
            #[cfg(feature = "noise")]
            Self::Noise(ref mut opener) => open_records(input, plain, |bytes| opener.open(bytes)),
        }
    }
}

/// The record at the front of some bytes.
#[cfg(feature = "__cipher")]
pub(super) enum Record {
    /// It has been opened where it stands.
    Opened {
        /// The bytes of the record.
        size: usize,
        /// Where in it the frames now are.
        frames: Range<usize>,
    },
    /// It is not all there.
    Incomplete {
        /// The size of the body of the frame in it, if that is known by now.
        announced: Option<u64>,
    },
}

/// Opens whole records at the front of `input`, by `open`, and moves the frames that were in them
/// to the end of `plain`: without copying the first of them, and a little way the others.
#[cfg(feature = "__cipher")]
fn open_records(
    input: &mut BytesMut,
    plain: &mut BytesMut,
    mut open: impl FnMut(&mut [u8]) -> Result<Record>,
) -> Result<Opening> {
    let mut read = 0;
    // Where in the input the frames are, one behind the other.
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
    // A fault is found again, at the front, by the next call.
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

/// How much plain text to make at once, in bytes, if there are as many records: some of it may
/// have to wait for the receiver.
#[cfg(feature = "__cipher")]
const OPEN_TARGET: usize = 64 * 1024;
