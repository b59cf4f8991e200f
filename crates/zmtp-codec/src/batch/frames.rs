//! The unwritten frames of a batch, one by one.

use super::Batch;
use super::walk::{Cursor, Piece};
use crate::wire::FrameHeader;

impl Batch {
    /// The frames behind the first `bytes` unwritten bytes, which have to end with a frame:
    /// headers and bodies.
    pub(crate) fn frames_behind(&self, bytes: usize) -> Frames<'_> {
        Frames { batch: self, cursor: self.place_behind(bytes) }
    }

    /// Appends to `into` the next `count` bytes behind the first `bytes` unwritten ones.
    #[cfg(feature = "noise")]
    pub(crate) fn copy_behind(&self, bytes: usize, mut count: usize, into: &mut Vec<u8>) {
        let mut cursor = self.place_behind(bytes);
        while count > 0
            && let Some((chunk, next)) = self.chunk_at(cursor)
        {
            let chunk = chunk.get(..count).unwrap_or(chunk);
            into.extend_from_slice(chunk);
            count -= chunk.len();
            cursor = next;
        }
    }

    /// The place `bytes` behind the first unwritten byte.
    fn place_behind(&self, mut bytes: usize) -> Cursor {
        let mut cursor = self.first_unwritten();
        while bytes > 0
            && let Some((chunk, next)) = self.chunk_at(cursor)
        {
            if bytes < chunk.len() {
                return match self.chained_at(cursor) {
                    Some(_) => Cursor { inner: cursor.inner + bytes, ..cursor },
                    None => cursor.past_small(bytes),
                };
            }
            bytes -= chunk.len();
            cursor = next;
        }
        cursor
    }
}

/// Frames of a batch.
pub(crate) struct Frames<'a> {
    batch: &'a Batch,
    cursor: Cursor,
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
