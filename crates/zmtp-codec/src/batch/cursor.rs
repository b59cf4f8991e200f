//! Positions in a batch, and the pieces of shared memory between its small bytes.

use bytes::Bytes;

/// A piece of shared memory between two small bytes of a batch.
#[derive(Clone)]
pub(super) struct Chained {
    /// The small byte behind this piece, counted from when the batch was last empty.
    pub(super) at: usize,
    pub(super) piece: Piece,
}

/// The content of a chained piece. It is never empty.
#[derive(Clone)]
pub(super) enum Piece {
    /// The body of a large frame. Its header is at the end of the small bytes before it.
    Body(Bytes),
    /// Frames of whole messages.
    Run(Bytes),
    /// One frame that the peer decodes as a message and that acts as a command.
    Control(Bytes),
}

impl Piece {
    pub(super) fn bytes(&self) -> &Bytes {
        match self {
            Self::Body(bytes) | Self::Run(bytes) | Self::Control(bytes) => bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// The same piece, sharing memory, without its first `count` bytes.
    pub(super) fn without_front(&self, count: usize) -> Self {
        match self {
            Self::Run(bytes) => Self::Run(bytes.slice(count.min(bytes.len())..)),
            whole => whole.clone(),
        }
    }
}

/// A position in a batch. It stays valid when bytes before it are released.
///
/// `small` and `chain` count from when the batch was last empty. If both a small byte and a chained
/// piece are at a position, the piece comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Small bytes passed.
    pub(super) small: usize,
    /// Chained pieces passed.
    pub(super) chain: usize,
    /// Bytes passed of the chained piece that comes next; less than its length.
    pub(super) inner: usize,
}

impl Cursor {
    pub(super) const ORIGIN: Self = Self { small: 0, chain: 0, inner: 0 };

    pub(super) fn past_small(self, bytes: usize) -> Self {
        Self { small: self.small.wrapping_add(bytes), ..self }
    }

    pub(super) fn past_chained(self) -> Self {
        Self { chain: self.chain.wrapping_add(1), inner: 0, ..self }
    }
}

/// How far a batch has been written beyond its start. That is inside its first message.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    /// Bytes written beyond the start.
    pub(super) bytes: usize,
    /// The start of the frame that holds the first unwritten byte. Remembering it makes a message of
    /// many frames cost one walk, not one walk per write.
    pub(super) frame: Cursor,
    /// Bytes from the start to that frame.
    pub(super) frame_bytes: usize,
}

impl Written {
    pub(super) const NOTHING: Self = Self { bytes: 0, frame: Cursor::ORIGIN, frame_bytes: 0 };
}
