//! Keystreams for records, generated in advance.
//!
//! Records are numbered, so their nonces are known in advance. The keystreams of several small records
//! are generated at once, which takes little longer than one on a processor with SIMD. The prefix of
//! the nonce never changes, so the key derived from it is computed once for a connection.
//!
//! It stays beside dryoc's box because of one measurement (`docs/performance.md`, "Two parts that a
//! library could replace"). To send and receive a message of 64 bytes takes 299 ns, and 725 ns with a
//! box for each record. With 1 KiB it is 1,417 and 1,692 ns. Without the choice of SIMD instructions at
//! run time it is 461 and 2,931 ns, so `salsa20.rs` has that choice.

use std::fmt;

use zeroize::Zeroizing;

use super::boxes::{BoxKey, TAG, has_tag, tag};
use super::nonce::Purpose;
use super::salsa20::{BLOCK, BLOCKS, BlockPosition, Keystream, Salsa20};

/// Seals or opens the records of one direction. Overwritten when dropped.
pub(super) struct RecordKey {
    key: BoxKey,
    purpose: Purpose,
    /// Allocated for the first record of at most [`SMALL`] bytes.
    keystreams: Option<Box<Keystreams>>,
}

/// Keystreams for the next records.
struct Keystreams {
    cipher: Salsa20,
    /// The record number of the first stream. The others follow.
    first: u64,
    /// The number of streams.
    streams: usize,
    /// The generated blocks of each stream.
    blocks_each: usize,
    blocks: Zeroizing<Keystream>,
    /// The blocks behind them, for one record.
    rest: Zeroizing<Keystream>,
}

impl RecordKey {
    pub(super) fn new(key: BoxKey, purpose: Purpose) -> Self {
        Self { key, purpose, keystreams: None }
    }

    /// Encrypts the record with this number in place. Returns its tag.
    #[inline]
    pub(super) fn seal(&mut self, number: u64, bytes: &mut [u8]) -> [u8; TAG] {
        if bytes.len() > SMALL {
            return self.key.seal_in_place(&self.purpose.nonce(number), bytes);
        }
        let keystreams = self.keystreams();
        let stream = keystreams.reach(number, bytes.len());
        keystreams.apply(stream, number, bytes);
        tag(keystreams.stream(stream).0, bytes)
    }

    /// Decrypts the record with this number in place. Leaves it unchanged if the tag is wrong.
    #[inline]
    #[must_use]
    pub(super) fn open(&mut self, number: u64, bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        if bytes.len() > SMALL {
            return self.key.open_in_place(&self.purpose.nonce(number), bytes, tag);
        }
        let keystreams = self.keystreams();
        let stream = keystreams.reach(number, bytes.len());
        let is_open = has_tag(keystreams.stream(stream).0, bytes, tag);
        if is_open {
            keystreams.apply(stream, number, bytes);
        }
        is_open
    }

    #[inline]
    fn keystreams(&mut self) -> &mut Keystreams {
        self.keystreams.get_or_insert_with(|| Keystreams::new(&self.key, self.purpose))
    }
}

impl Keystreams {
    fn new(key: &BoxKey, purpose: Purpose) -> Box<Self> {
        let blocks = || Zeroizing::new([0; BLOCK * BLOCKS]);
        Box::new(Self {
            cipher: Salsa20::new(&key.for_purpose(purpose)),
            first: 0,
            streams: 0,
            blocks_each: 1,
            blocks: blocks(),
            rest: blocks(),
        })
    }

    /// The index of the stream for a record with this number. Generates streams for records of this
    /// size if needed.
    #[inline]
    fn reach(&mut self, number: u64, size: usize) -> usize {
        let passed = number.checked_sub(self.first).and_then(|passed| usize::try_from(passed).ok());
        passed.filter(|&passed| passed < self.streams).unwrap_or_else(|| {
            self.begin(number, size);
            0
        })
    }

    #[inline(never)]
    fn begin(&mut self, first: u64, size: usize) {
        // A larger record uses the remainder here: `rest` holds the other blocks.
        let each = (TAG_KEY + size).div_ceil(BLOCK).saturating_sub(1) % BLOCKS + 1;
        (self.first, self.streams, self.blocks_each) = (first, BLOCKS / each, each);
        self.cipher.fill(&mut self.blocks, |index| BlockPosition {
            nonce: first.wrapping_add((index / each) as u64).to_be_bytes(),
            block: (index % each) as u64,
        });
    }

    /// The key of the tag, and the generated keystream behind it.
    #[inline]
    fn stream(&self, stream: usize) -> (&[u8; TAG_KEY], &[u8]) {
        let halves = self.blocks.as_chunks().0;
        let [start, end] = [stream, stream + 1].map(|stream| stream * self.blocks_each * 2);
        (&halves[start], halves[start + 1..end].as_flattened())
    }

    #[inline]
    fn apply(&mut self, stream: usize, number: u64, bytes: &mut [u8]) {
        let made = self.stream(stream).1;
        self.cipher.apply(made, bytes);
        let rest = bytes.get_mut(made.len()..).unwrap_or_default();
        let mut block = self.blocks_each as u64;
        for bytes in rest.chunks_mut(BLOCK * BLOCKS) {
            let nonce = number.to_be_bytes();
            self.cipher
                .fill(&mut self.rest, |index| BlockPosition { nonce, block: block + index as u64 });
            self.cipher.apply(&self.rest[..], bytes);
            block += BLOCKS as u64;
        }
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

/// The first bytes of each stream are the key of the tag.
const TAG_KEY: usize = 32;

/// The largest record with a keystream generated in advance, in bytes. A larger record alone fills
/// the SIMD lanes.
const SMALL: usize = 2048;

#[cfg(test)]
mod tests;
