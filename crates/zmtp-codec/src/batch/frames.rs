//! The frames of a batch: finding them, and iterating over the unwritten ones.

use std::fmt;

use super::Batch;
use super::cursor::{Chained, Cursor, Piece};
use crate::wire::FrameHeader;

/// A frame found in a batch.
pub(super) struct FoundFrame {
    /// Whether it is the last, or only, frame of a message or command.
    pub(super) is_last: bool,
    pub(super) is_command: bool,
    /// The bytes of header and body.
    pub(super) size: usize,
    /// The position of the next frame.
    pub(super) next: Cursor,
}

impl Batch {
    /// The unwritten frames behind the first `offset` unwritten bytes, which must end with a frame.
    ///
    /// For a [`Sealer`](crate::mechanism::Sealer) that encrypts frame by frame.
    pub fn frames_from(&self, offset: usize) -> Frames<'_> {
        Frames { batch: self, cursor: self.cursor_from(offset) }
    }

    /// Appends up to `count` unwritten bytes to `into`, without the first `offset` of them.
    ///
    /// For a [`Sealer`](crate::mechanism::Sealer) that encrypts the stream of frames as bytes.
    pub fn copy_from(&self, offset: usize, mut count: usize, into: &mut Vec<u8>) {
        let mut cursor = self.cursor_from(offset);
        while count > 0
            && let Some((chunk, next)) = self.chunk_at(cursor)
        {
            let chunk = chunk.get(..count).unwrap_or(chunk);
            into.extend_from_slice(chunk);
            count -= chunk.len();
            cursor = next;
        }
    }

    fn cursor_from(&self, mut offset: usize) -> Cursor {
        let mut cursor = self.first_unwritten();
        while offset > 0
            && let Some((chunk, next)) = self.chunk_at(cursor)
        {
            if offset < chunk.len() {
                return match self.chained_at(cursor) {
                    Some(_) => Cursor { inner: cursor.inner + offset, ..cursor },
                    None => cursor.past_small(offset),
                };
            }
            offset -= chunk.len();
            cursor = next;
        }
        cursor
    }

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

    /// The position `bytes` into the frame at `cursor`. `bytes` is less than the frame's size.
    pub(super) fn cursor_in_frame(&self, cursor: Cursor, bytes: usize) -> Cursor {
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

    /// The contiguous bytes at `cursor` and the position behind them; `None` at the end.
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

    /// The piece at `cursor`; `None` if a small byte comes next.
    #[inline]
    pub(super) fn chained_at(&self, cursor: Cursor) -> Option<&Piece> {
        let chained = self.chained_behind(cursor)?;
        (chained.at == cursor.small).then_some(&chained.piece)
    }

    /// The pieces between two positions.
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

    /// Makes `cursor` the start and drops the pieces before it.
    pub(super) fn release_to(&mut self, cursor: Cursor) {
        while self.chain_origin != cursor.chain && self.chained.pop_front().is_some() {
            self.chain_origin = self.chain_origin.wrapping_add(1);
        }
        self.start = cursor;
    }
}

/// The unwritten frames of a [`Batch`]: see [`Batch::frames_from`].
pub struct Frames<'a> {
    batch: &'a Batch,
    cursor: Cursor,
}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (FrameHeader, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(FrameHeader, &'a [u8])> {
        let batch = self.batch;
        if let Some(piece) = batch.chained_at(self.cursor) {
            let bytes = piece.bytes().get(self.cursor.inner..)?;
            let (header, body) = split_frame(bytes)?;
            self.cursor = match self.cursor.inner + header.size() + body.len() {
                end if end < piece.len() => Cursor { inner: end, ..self.cursor },
                _ => self.cursor.past_chained(),
            };
            return Some((header, body));
        }
        let bytes = batch.small_from(self.cursor);
        let header = FrameHeader::decode(bytes).ok()??;
        let body_at = self.cursor.past_small(header.size());
        if let Some(Piece::Body(body)) = batch.chained_at(body_at) {
            self.cursor = body_at.past_chained();
            return Some((header, body));
        }
        let (header, body) = split_frame(bytes)?;
        self.cursor = body_at.past_small(body.len());
        Some((header, body))
    }
}

/// The frame at the front of `bytes`.
#[inline]
fn split_frame(bytes: &[u8]) -> Option<(FrameHeader, &[u8])> {
    let header = FrameHeader::decode(bytes).ok()??;
    let body = bytes.get(header.size()..)?.get(..usize::try_from(header.body_size()).ok()?)?;
    Some((header, body))
}
