//! From the bytes of a connection to frames in clear: through its framing, then its encryption.

use bytes::BytesMut;

use crate::error::ProtocolError;
use crate::framing::{FrameReader, Reading, read_frames};
use crate::mechanism::{Opener, Opening};
use crate::wire::Command;

/// The framing of a connection, its encryption, or both.
#[derive(Debug, Default)]
pub(super) struct Translation {
    framing: Option<Carried>,
    pub(super) opener: Option<Box<dyn Opener>>,
    /// Frames in clear that have not been taken.
    plain: BytesMut,
}

#[derive(Debug)]
struct Carried {
    reader: Box<dyn FrameReader>,
    /// Encrypted frames that have not been opened. Empty if the connection does not encrypt.
    frames: BytesMut,
}

/// One step of a translation.
pub(super) enum Translated {
    /// There are more bytes in clear than before.
    Plain,
    /// More input is needed.
    Incomplete {
        /// The body size of the frame in the next record, if it is known.
        announced: Option<u64>,
    },
    Command(Command),
    Reply(Command),
    End {
        reply: Option<Command>,
    },
}

/// The bytes of the incomplete frame or record.
pub(super) enum Partial<'a> {
    /// A record, perhaps with its frame header.
    Record(&'a BytesMut),
    /// Frames in clear.
    Frame(&'a BytesMut),
}

impl Translation {
    pub(super) fn read_with(&mut self, reader: Box<dyn FrameReader>, frames: BytesMut) {
        match self.opener {
            Some(_) => self.framing = Some(Carried { reader, frames }),
            None => {
                self.plain = frames;
                self.framing = Some(Carried { reader, frames: BytesMut::new() });
            }
        }
    }

    pub(super) fn plain(&self) -> &BytesMut {
        &self.plain
    }

    pub(super) fn plain_mut(&mut self) -> &mut BytesMut {
        &mut self.plain
    }

    /// Bytes that have left the input and have not been taken.
    pub(super) fn buffered(&self) -> usize {
        self.plain.len() + self.framing.as_ref().map_or(0, |framing| framing.frames.len())
    }

    /// The bytes that the input continues.
    pub(super) fn partial<'a>(&'a self, input: &'a BytesMut) -> Partial<'a> {
        match (&self.framing, &self.opener) {
            (None, _) => Partial::Record(input),
            (Some(_), None) => Partial::Frame(&self.plain),
            (Some(framing), Some(_)) => Partial::Record(&framing.frames),
        }
    }

    /// Translates some more of `input`.
    pub(super) fn advance(&mut self, input: &mut BytesMut) -> Result<Translated, ProtocolError> {
        let Self { framing, opener, plain } = self;
        match (framing, opener) {
            (None, None) => Ok(Translated::Incomplete { announced: None }),
            (None, Some(opener)) => Ok(opener.open(input, plain)?.into()),
            (Some(framing), None) => Ok(read_frames(&mut *framing.reader, input, plain)?.into()),
            (Some(framing), Some(opener)) => {
                let announced = match opener.open(&mut framing.frames, plain)? {
                    Opening::Opened => return Ok(Translated::Plain),
                    Opening::Incomplete { announced } => announced,
                };
                if framing.frames.is_empty() {
                    // An empty remainder would keep the memory of the messages alive.
                    framing.frames = BytesMut::new();
                }
                let Carried { reader, frames } = framing;
                Ok(match read_frames(&mut **reader, input, frames)? {
                    Reading::Incomplete => Translated::Incomplete { announced },
                    reading => reading.into(),
                })
            }
        }
    }
}

impl From<Opening> for Translated {
    fn from(opening: Opening) -> Self {
        match opening {
            Opening::Opened => Self::Plain,
            Opening::Incomplete { announced } => Self::Incomplete { announced },
        }
    }
}

impl From<Reading> for Translated {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Frames => Self::Plain,
            Reading::Incomplete => Self::Incomplete { announced: None },
            Reading::Command(command) => Self::Command(command),
            Reading::Reply(command) => Self::Reply(command),
            Reading::End { reply } => Self::End { reply },
        }
    }
}
