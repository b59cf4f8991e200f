//! Encrypted bytes that are about to be written.

use std::collections::VecDeque;
use std::fmt;

/// The encrypted form of the next frames of a [`Batch`](crate::Batch).
///
/// Messages stay in clear in their batch until they are written, so they can be counted, and sent over
/// another connection if this one is lost. [`Encoder::seal`](crate::Encoder::seal) encrypts about 56 KiB
/// at a time into this buffer. [`advance`](Self::advance) converts written bytes to bytes of the batch.
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
/// While something is sealed, only append to the batch, and advance it by the result of `advance`. To
/// discard messages, use [`Batch::discard_behind`](crate::Batch::discard_behind): sealed messages must be
/// written. If the connection is lost, clear this buffer and [rewind](crate::Batch::rewind) the batch.
///
/// An empty buffer keeps at most 128 KiB of memory.
#[derive(Default)]
pub struct SealBuffer {
    bytes: Vec<u8>,
    /// The number of bytes written.
    written: usize,
    /// The records in `bytes` that are not completely written.
    records: VecDeque<Record>,
    /// The written bytes of the first record.
    written_of_first: usize,
    /// The plain bytes of all records.
    plain: usize,
}

/// The sizes of a record, in bytes.
struct Record {
    sealed: usize,
    plain: usize,
}

impl SealBuffer {
    /// Makes an empty buffer, without allocating.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            written: 0,
            records: VecDeque::new(),
            written_of_first: 0,
            plain: 0,
        }
    }

    /// The sealed bytes to write.
    pub fn first_chunk(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Whether nothing is left to write.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == self.written
    }

    /// Whether some bytes of the first record have been written, but not all.
    pub fn is_partly_written(&self) -> bool {
        self.written_of_first > 0
    }

    /// The bytes of the batch that are sealed and not completely written.
    pub fn plain_bytes(&self) -> usize {
        self.plain
    }

    /// Marks the next `bytes` as written. Returns the bytes of the batch that are now completely written:
    /// [advance](crate::Batch::advance) it by them.
    pub fn advance(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.first_chunk().len());
        self.written += bytes;
        self.written_of_first += bytes;
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

    /// Removes everything, after the connection was lost.
    pub fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_CAPACITY {
            *self = Self::new();
            return;
        }
        self.bytes.clear();
        self.records.clear();
        (self.written, self.written_of_first, self.plain) = (0, 0, 0);
    }

    /// Whether enough is sealed for one write. A [`Sealer`](crate::mechanism::Sealer) stops here.
    pub fn is_full(&self) -> bool {
        self.first_chunk().len() >= SEAL_TARGET
    }

    /// Appends a record. `seal` appends its bytes to the buffer it gets, and `plain` is the number
    /// of bytes of the batch in it.
    #[inline]
    pub fn record(&mut self, plain: usize, seal: impl FnOnce(&mut Vec<u8>)) {
        if self.written > 0 {
            self.bytes.drain(..std::mem::take(&mut self.written));
        }
        let before = self.bytes.len();
        seal(&mut self.bytes);
        self.records.push_back(Record { sealed: self.bytes.len() - before, plain });
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

/// The bytes to seal before a write: about as much as a kernel accepts at once.
const SEAL_TARGET: usize = 56 * 1024;

/// The largest buffer an empty one keeps, in bytes.
const KEPT_CAPACITY: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(records: &[(usize, usize)]) -> SealBuffer {
        let mut buffer = SealBuffer::new();
        for &(sealed, plain) in records {
            buffer.record(plain, |bytes| bytes.extend(vec![0; sealed]));
        }
        buffer
    }

    #[test]
    fn plain_bytes_count_once_record_is_written() {
        let mut buffer = buffer(&[(10, 3), (20, 4), (30, 5)]);
        assert_eq!((buffer.first_chunk().len(), buffer.plain_bytes()), (60, 12));
        assert!(!buffer.is_partly_written());
        assert_eq!(buffer.advance(9), 0);
        assert!(buffer.is_partly_written());
        assert_eq!(buffer.advance(1), 3);
        assert!(!buffer.is_partly_written());
        assert_eq!(buffer.advance(25), 4);
        buffer.record(6, |bytes| bytes.extend([0; 5]));
        assert_eq!((buffer.first_chunk().len(), buffer.plain_bytes()), (30, 11));
        assert_eq!(buffer.advance(24), 0);
        assert_eq!(buffer.advance(usize::MAX), 11);
        assert!(buffer.is_empty());
        assert_eq!((buffer.first_chunk(), buffer.plain_bytes()), (&[][..], 0));
        assert_eq!(buffer.advance(1), 0);
    }

    #[test]
    fn clear_empties_the_seal_buffer() {
        let mut buffer = buffer(&[(10, 3), (20, 4)]);
        buffer.advance(12);
        buffer.clear();
        assert!(buffer.is_empty());
        buffer.record(1, |bytes| bytes.push(9));
        assert_eq!(buffer.first_chunk(), [9]);
        assert_eq!(buffer.advance(1), 1);
    }

    #[test]
    fn seal_buffer_frees_large_memory() {
        let mut buffer = buffer(&[(1000, 1000)]);
        buffer.advance(1000);
        assert!(buffer.bytes.capacity() >= 1000);
        buffer.record(1 << 20, |bytes| bytes.extend(vec![0; 1 << 20]));
        assert!(buffer.is_full());
        assert_eq!(buffer.advance(1 << 20), 1 << 20);
        assert_eq!(buffer.bytes.capacity(), 0);
    }
}
