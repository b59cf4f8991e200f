//! Writing a batch, partial writes, and broken connections.

use std::io::IoSlice;

use bytes::Bytes;

use super::Batch;
use super::cursor::{Cursor, Written};

impl Batch {
    /// Fills `out` with up to `limit` unwritten bytes. Returns the number of slices filled.
    ///
    /// ```
    /// # use zmtp_codec::{Batch, Message};
    /// use std::io::{IoSlice, Write};
    ///
    /// let mut batch = Batch::new();
    /// batch.push(Message::from(vec![0; 10_000]));
    ///
    /// let mut connection = Vec::new();
    /// let mut slices = [IoSlice::new(&[]); 16];
    /// let filled = batch.io_slices(&mut slices, usize::MAX);
    /// let written = connection.write_vectored(&slices[..filled])?;
    /// assert_eq!((filled, written), (2, 10_009));
    /// assert_eq!(batch.advance(written), 1);
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn io_slices<'a>(&'a self, out: &mut [IoSlice<'a>], mut limit: usize) -> usize {
        let mut cursor = self.first_unwritten();
        let mut filled = 0;
        for slot in out {
            let Some((chunk, next)) = self.chunk_at(cursor) else {
                break;
            };
            let chunk = &chunk[..chunk.len().min(limit)];
            if chunk.is_empty() {
                break;
            }
            *slot = IoSlice::new(chunk);
            limit -= chunk.len();
            cursor = next;
            filled += 1;
        }
        filled
    }

    /// The first contiguous unwritten bytes; empty if all are written.
    ///
    /// This is mostly the whole batch, and a plain write is cheaper than a vectored one.
    pub fn first_chunk(&self) -> &[u8] {
        self.chunk_at(self.first_unwritten()).map_or(&[], |(chunk, _)| chunk)
    }

    /// Takes the first contiguous unwritten bytes, as if they were written. Large bodies are shared.
    pub(crate) fn take_chunk(&mut self) -> Option<Bytes> {
        let cursor = self.first_unwritten();
        let (chunk, _) = self.chunk_at(cursor)?;
        let chunk = match self.chained_at(cursor) {
            Some(piece) => piece.bytes().slice_ref(chunk),
            None => Bytes::copy_from_slice(chunk),
        };
        self.advance(chunk.len());
        Some(chunk)
    }

    /// Marks the next `bytes` as written and releases the messages that are now complete. Returns their
    /// number.
    ///
    /// A partly written message stays, so that it can be [sent again](Self::rewind).
    pub fn advance(&mut self, bytes: usize) -> usize {
        if bytes >= self.bytes {
            let completed = self.messages;
            self.clear();
            return completed;
        }
        self.bytes -= bytes;
        if self.written.bytes == 0 {
            self.written = Written { frame: self.start, ..Written::NOTHING };
        }
        self.written.bytes += bytes;
        let completed = self.release_written();
        self.messages -= completed;
        completed
    }

    /// Undoes a partial write after the connection was lost: the partly written message will be sent
    /// again from its first byte. Drops commands, which belong to the lost connection.
    pub fn rewind(&mut self) {
        let mut kept = Self::new();
        let mut from = self.start;
        let mut to = from;
        while let Some(frame) = self.frame_at(to) {
            if frame.is_command {
                kept.push_range(self, from, to);
                from = frame.next;
            }
            to = frame.next;
        }
        kept.push_range(self, from, to);
        kept.messages = self.messages;
        *self = kept;
    }

    /// Whether some bytes of the first message have been written, but not all.
    pub fn is_partly_written(&self) -> bool {
        self.written.bytes > 0 && self.starts_with_message()
    }

    /// Whether a message comes before all commands.
    pub fn starts_with_message(&self) -> bool {
        self.frame_at(self.start).is_some_and(|frame| !frame.is_command)
    }

    /// Discards every message without a written byte. Returns their number. Commands stay, and the rest
    /// can be written to the same connection.
    pub fn discard_unstarted(&mut self) -> usize {
        self.discard_behind(0)
    }

    /// Like [`discard_unstarted`](Self::discard_unstarted), but keeps the messages in the next `bytes`,
    /// which have been [sealed](crate::SealBuffer::plain_bytes).
    pub fn discard_behind(&mut self, bytes: usize) -> usize {
        let written = self.written.bytes;
        let started = written.saturating_add(bytes);
        let (mut passed, mut length) = (0, 0);
        let mut kept = Self::new();
        let (mut from, mut to) = (self.start, self.start);
        while let Some(frame) = self.frame_at(to) {
            to = frame.next;
            length += frame.size;
            if !frame.is_last {
                continue;
            }
            let is_started = passed < started;
            passed += std::mem::take(&mut length);
            if is_started || frame.is_command {
                kept.push_range(self, from, to);
                kept.messages += usize::from(!frame.is_command);
            }
            from = to;
        }
        kept.advance(written);
        let discarded = self.messages - kept.messages;
        *self = kept;
        discarded
    }

    /// Undoes a partial write.
    pub(super) fn forget_partial_write(&mut self) {
        self.bytes += self.written.bytes;
        self.written = Written::NOTHING;
    }

    /// Releases the completely written messages. Returns their number.
    fn release_written(&mut self) -> usize {
        let mut completed = 0;
        let mut released = self.start;
        while let Some(frame) = self.frame_at(self.written.frame) {
            let end = self.written.frame_bytes + frame.size;
            if end > self.written.bytes {
                break;
            }
            self.written.frame = frame.next;
            self.written.frame_bytes = end;
            if frame.is_last {
                completed += usize::from(!frame.is_command);
                released = frame.next;
                self.written.bytes -= end;
                self.written.frame_bytes = 0;
            }
        }
        self.release_to(released);
        completed
    }

    pub(super) fn first_unwritten(&self) -> Cursor {
        match self.written {
            Written { bytes: 0, .. } => self.start,
            Written { bytes, frame, frame_bytes } => {
                self.cursor_in_frame(frame, bytes - frame_bytes)
            }
        }
    }
}
