//! Finding frames again in the bytes of a batch.

use bytes::Bytes;

use super::Batch;
use crate::wire::FrameHeader;

/// A piece of shared memory that stands between two small bytes of a batch.
#[derive(Clone)]
pub(super) struct Chained {
    /// The small byte this piece stands before, counted from when the batch was last empty.
    pub(super) at: usize,
    pub(super) piece: Piece,
}

/// What a chained piece is. It is never empty.
#[derive(Clone)]
pub(super) enum Piece {
    /// The body of a large frame, whose header ends the small bytes before it.
    Body(Bytes),
    /// Frames of whole messages.
    Run(Bytes),
    /// One frame that is a message to the peer's decoder and a command to everyone else.
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

/// A place in a batch. It stays valid when bytes before it are released.
///
/// `small` and `chain` count from when the batch was last empty. At a place where both a small
/// byte and a chained piece could come next, the piece comes first.
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

/// A frame found in a batch.
pub(super) struct FoundFrame {
    /// Whether it is the last, or only, frame of a message or command.
    pub(super) is_last: bool,
    pub(super) is_command: bool,
    /// The bytes of header and body.
    pub(super) size: usize,
    /// Where the next frame begins.
    pub(super) next: Cursor,
}

impl Batch {
    /// The frame that begins at `cursor`, or `None` at the end.
    pub(super) fn frame_at(&self, cursor: Cursor) -> Option<FoundFrame> {
        match self.chained_at(cursor) {
            Some(Piece::Run(bytes)) => {
                let header = FrameHeader::decode(bytes.get(cursor.inner..)?).ok()??;
                let size = header.size() + usize::try_from(header.body_size()).ok()?;
                let next = match cursor.inner + size {
                    end if end < bytes.len() => Cursor { inner: end, ..cursor },
                    _ => cursor.past_chained(),
                };
                Some(FoundFrame { is_last: !header.has_more(), is_command: false, size, next })
            }
            Some(piece) => Some(FoundFrame {
                is_last: true,
                is_command: true,
                size: piece.len(),
                next: cursor.past_chained(),
            }),
            None => self.small_frame_at(cursor),
        }
    }

    fn small_frame_at(&self, cursor: Cursor) -> Option<FoundFrame> {
        let header = FrameHeader::decode(self.small_from(cursor)).ok()??;
        let size = header.size() + usize::try_from(header.body_size()).ok()?;
        let body = cursor.past_small(header.size());
        let next = match self.chained_at(body) {
            Some(Piece::Body(_)) => body.past_chained(),
            _ => cursor.past_small(size),
        };
        let (is_last, is_command) = (!header.has_more(), header.is_command());
        Some(FoundFrame { is_last, is_command, size, next })
    }

    /// The place `bytes` into the frame that begins at `cursor`; less than the frame's size.
    pub(super) fn place_in_frame(&self, cursor: Cursor, bytes: usize) -> Cursor {
        if self.chained_at(cursor).is_some() {
            return Cursor { inner: cursor.inner + bytes, ..cursor };
        }
        let header = FrameHeader::decode(self.small_from(cursor)).ok().flatten();
        let header_size = header.map_or(0, FrameHeader::size);
        let body = cursor.past_small(header_size);
        match self.chained_at(body) {
            Some(Piece::Body(_)) if bytes >= header_size => {
                Cursor { inner: bytes - header_size, ..body }
            }
            _ => cursor.past_small(bytes),
        }
    }

    /// The contiguous bytes at `cursor` and the place behind them, or `None` at the end.
    pub(super) fn chunk_at(&self, cursor: Cursor) -> Option<(&[u8], Cursor)> {
        if let Some(piece) = self.chained_at(cursor) {
            return Some((piece.bytes().get(cursor.inner..)?, cursor.past_chained()));
        }
        let small = self.small_from(cursor);
        let len = match self.chained_behind(cursor) {
            Some(chained) => chained.at.wrapping_sub(cursor.small),
            None => small.len(),
        };
        let chunk = small.get(..len).filter(|chunk| !chunk.is_empty())?;
        Some((chunk, cursor.past_small(len)))
    }

    /// The piece that comes next at `cursor`, if it is a piece and not a small byte.
    #[inline]
    pub(super) fn chained_at(&self, cursor: Cursor) -> Option<&Piece> {
        let chained = self.chained_behind(cursor)?;
        (chained.at == cursor.small).then_some(&chained.piece)
    }

    /// The pieces from `from` on and before `to`.
    pub(super) fn chained_between(
        &self,
        from: Cursor,
        to: Cursor,
    ) -> impl Iterator<Item = &Chained> {
        let skipped = from.chain.wrapping_sub(self.chain_origin);
        self.chained.iter().skip(skipped).take(to.chain.wrapping_sub(from.chain))
    }

    #[inline]
    fn chained_behind(&self, cursor: Cursor) -> Option<&Chained> {
        self.chained.get(cursor.chain.wrapping_sub(self.chain_origin))
    }

    /// All small bytes from `cursor` on.
    #[inline]
    pub(super) fn small_from(&self, cursor: Cursor) -> &[u8] {
        self.small.get(cursor.small.wrapping_sub(self.small_origin)..).unwrap_or_default()
    }

    /// Makes `cursor` the start, and lets go of the pieces before it.
    pub(super) fn release_to(&mut self, cursor: Cursor) {
        while self.chain_origin != cursor.chain && self.chained.pop_front().is_some() {
            self.chain_origin = self.chain_origin.wrapping_add(1);
        }
        self.start = cursor;
    }
}
