//! Sealed octets on their way to the kernel.

use std::collections::VecDeque;
use std::fmt;

/// Frames of a [`Batch`](crate::Batch) as a mechanism that encrypts sends them.
///
/// Messages stay in their batch, in clear, until they are written: so they can still be counted,
/// and sent over another connection when this one is lost. What is about to be written is
/// [sealed](crate::Encoder::seal) into this buffer, some 56 KiB at a time, and written from it;
/// [`advance`](Self::advance) says how much of the batch that was.
///
/// ```
/// use zmtp_codec::{Batch, Encoder, SealBuffer};
///
/// /// Writes what can be written; returns how many messages went out whole.
/// fn write(
///     encoder: &mut Encoder,
///     batch: &mut Batch,
///     sealed: &mut SealBuffer,
///     mut connection: impl std::io::Write,
/// ) -> std::io::Result<usize> {
///     let mut messages = 0;
///     while !batch.is_empty() {
///         if sealed.is_empty() {
///             encoder.seal(batch, sealed);
///         }
///         let written = connection.write(sealed.first_chunk())?;
///         messages += batch.advance(sealed.advance(written));
///     }
///     Ok(messages)
/// }
/// ```
///
/// Between sealing and [`clear`](Self::clear) the batch may be appended to and advanced by what
/// `advance` says. To discard messages of it, use
/// [`Batch::discard_behind`](crate::Batch::discard_behind): what is sealed is as good as written.
/// When the connection is lost, clear this buffer and [rewind](crate::Batch::rewind) the batch.
///
/// An emptied buffer keeps its memory when that is at most 128 KiB and frees it otherwise.
#[derive(Default)]
pub struct SealBuffer {
    octets: Vec<u8>,
    /// How many of the octets have been written.
    written: usize,
    /// The records in `octets` of which some have not been written.
    records: VecDeque<Record>,
    /// Octets of the first record that have been written.
    written_of_first: usize,
    /// What the records are in clear, together.
    plain: usize,
}

/// The octets of a record.
struct Record {
    sealed: usize,
    /// What it is in clear.
    plain: usize,
}

impl SealBuffer {
    /// Makes an empty buffer, without allocating.
    pub const fn new() -> Self {
        Self {
            octets: Vec::new(),
            written: 0,
            records: VecDeque::new(),
            written_of_first: 0,
            plain: 0,
        }
    }

    /// The sealed octets that are to be written next: all there are.
    pub fn first_chunk(&self) -> &[u8] {
        self.octets.get(self.written..).unwrap_or_default()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.octets.len() == self.written
    }

    /// The octets of the batch that are sealed here and not wholly written.
    pub fn plain_octets(&self) -> usize {
        self.plain
    }

    /// Notes that the next `octets` have been written. Returns how many octets of the batch are
    /// now wholly written: [advance](crate::Batch::advance) it by those.
    pub fn advance(&mut self, octets: usize) -> usize {
        let octets = octets.min(self.first_chunk().len());
        self.written += octets;
        self.written_of_first += octets;
        let before = self.plain;
        while let Some(first) = self.records.front()
            && first.sealed <= self.written_of_first
        {
            self.written_of_first -= first.sealed;
            self.plain -= first.plain;
            self.records.pop_front();
        }
        let completed = before - self.plain;
        if self.is_empty() {
            self.clear();
        }
        completed
    }

    /// Forgets everything, and keeps a moderate buffer for what comes next: the connection that it
    /// was sealed for is gone.
    pub fn clear(&mut self) {
        if self.octets.capacity() > KEPT_CAPACITY {
            *self = Self::new();
            return;
        }
        self.octets.clear();
        self.records.clear();
        (self.written, self.written_of_first, self.plain) = (0, 0, 0);
    }
}

// Without a mechanism that encrypts nobody seals.
#[cfg_attr(not(any(feature = "__cipher", test)), expect(dead_code))]
impl SealBuffer {
    /// Whether to write first before sealing more.
    pub(crate) fn is_full(&self) -> bool {
        self.first_chunk().len() >= SEAL_TARGET
    }

    /// Appends a record of `plain` octets of the batch, made by `seal` at the end of what it gets.
    #[inline]
    pub(crate) fn record(&mut self, plain: usize, seal: impl FnOnce(&mut Vec<u8>)) {
        if self.written > 0 {
            self.octets.drain(..std::mem::take(&mut self.written));
        }
        let before = self.octets.len();
        seal(&mut self.octets);
        self.records.push_back(Record { sealed: self.octets.len() - before, plain });
        self.plain += plain;
    }
}

impl fmt::Debug for SealBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealBuffer")
            .field("sealed", &self.first_chunk().len())
            .field("plain", &self.plain)
            .finish_non_exhaustive()
    }
}

/// How much to seal before it is written, in octets: about what a kernel takes at once.
const SEAL_TARGET: usize = 56 * 1024;

/// The largest buffer an empty one keeps, in octets.
const KEPT_CAPACITY: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(records: &[(usize, usize)]) -> SealBuffer {
        let mut buffer = SealBuffer::new();
        for &(sealed, plain) in records {
            buffer.record(plain, |octets| octets.extend(vec![0; sealed]));
        }
        buffer
    }

    #[test]
    fn plain_octets_are_written_when_their_record_is() {
        let mut buffer = buffer(&[(10, 3), (20, 4), (30, 5)]);
        assert_eq!((buffer.first_chunk().len(), buffer.plain_octets()), (60, 12));
        assert_eq!(buffer.advance(9), 0);
        assert_eq!(buffer.advance(1), 3);
        assert_eq!(buffer.advance(25), 4);
        buffer.record(6, |octets| octets.extend([0; 5]));
        assert_eq!((buffer.first_chunk().len(), buffer.plain_octets()), (30, 11));
        assert_eq!(buffer.advance(24), 0);
        assert_eq!(buffer.advance(usize::MAX), 11);
        assert!(buffer.is_empty());
        assert_eq!((buffer.first_chunk(), buffer.plain_octets()), (&[][..], 0));
        assert_eq!(buffer.advance(1), 0);
    }

    #[test]
    fn a_lost_connection_leaves_nothing() {
        let mut buffer = buffer(&[(10, 3), (20, 4)]);
        buffer.advance(12);
        buffer.clear();
        assert!(buffer.is_empty());
        buffer.record(1, |octets| octets.push(9));
        assert_eq!(buffer.first_chunk(), [9]);
        assert_eq!(buffer.advance(1), 1);
    }

    #[test]
    fn large_buffers_are_not_kept() {
        let mut buffer = buffer(&[(1000, 1000)]);
        buffer.advance(1000);
        assert!(buffer.octets.capacity() >= 1000);
        buffer.record(1 << 20, |octets| octets.extend(vec![0; 1 << 20]));
        assert!(buffer.is_full());
        assert_eq!(buffer.advance(1 << 20), 1 << 20);
        assert_eq!(buffer.octets.capacity(), 0);
    }
}
