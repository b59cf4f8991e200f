//! The boxes of records, whose nonces are known in advance: they are numbered.
//!
//! So the keystreams of small records are made before there are records, for several at once. That
//! takes little longer than for one, on processors that work on several blocks side by side. And
//! the part of the nonce that says what for does not change: what the key becomes by it is worked
//! out once for a connection.

use std::fmt;

use zeroize::Zeroizing;

use super::boxes::{BoxKey, TAG, has_tag, tag};
use super::nonce::Purpose;
use super::salsa20::{BLOCK, BLOCKS, Blocks, Place, Salsa20};

/// What the records of one direction are sealed or opened with. Overwritten when dropped.
pub(super) struct RecordKey {
    key: BoxKey,
    purpose: Purpose,
    /// From the first record on that is no larger than [`SMALL`].
    ahead: Option<Box<Ahead>>,
}

/// Keystream that was made ahead.
struct Ahead {
    /// With the key for this purpose.
    cipher: Salsa20,
    /// The number of the record that the first stream is for. The others are for those behind it.
    first: u64,
    /// How many streams there are.
    streams: usize,
    /// How many blocks from the beginning of each.
    blocks_each: usize,
    blocks: Zeroizing<Blocks>,
    /// What comes behind those in the stream of one record.
    rest: Zeroizing<Blocks>,
}

impl RecordKey {
    pub(super) fn new(key: BoxKey, purpose: Purpose) -> Self {
        Self { key, purpose, ahead: None }
    }

    /// Encrypts the record of that number where it stands and makes its tag.
    #[inline]
    pub(super) fn seal(&mut self, number: u64, bytes: &mut [u8]) -> [u8; TAG] {
        if bytes.len() > SMALL {
            return self.key.seal_in_place(&self.purpose.nonce(number), bytes);
        }
        let ahead = self.ahead();
        let stream = ahead.reach(number, bytes.len());
        ahead.apply(stream, number, bytes);
        tag(ahead.stream(stream).0, bytes)
    }

    /// Decrypts the record of that number where it stands, or leaves it as it is where the tag is
    /// not its own.
    #[inline]
    #[must_use]
    pub(super) fn open(&mut self, number: u64, bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        if bytes.len() > SMALL {
            return self.key.open_in_place(&self.purpose.nonce(number), bytes, tag);
        }
        let ahead = self.ahead();
        let stream = ahead.reach(number, bytes.len());
        let is_open = has_tag(ahead.stream(stream).0, bytes, tag);
        if is_open {
            ahead.apply(stream, number, bytes);
        }
        is_open
    }

    #[inline]
    fn ahead(&mut self) -> &mut Ahead {
        self.ahead.get_or_insert_with(|| Ahead::new(&self.key, self.purpose))
    }
}

impl Ahead {
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

    /// Which of the streams is that of a record of that number. Where there is none yet, makes it
    /// and those behind it, as far as records of this size go.
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
        // Where a record needs more blocks than these, the odd ones: the rest fills others.
        let each = (TAG_KEY + size).div_ceil(BLOCK).saturating_sub(1) % BLOCKS + 1;
        (self.first, self.streams, self.blocks_each) = (first, BLOCKS / each, each);
        self.cipher.fill(&mut self.blocks, |index| Place {
            nonce: first.wrapping_add((index / each) as u64).to_be_bytes(),
            block: (index % each) as u64,
        });
    }

    /// The key of a tag, and the keystream behind it as far as it was made.
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
            self.cipher.fill(&mut self.rest, |index| Place { nonce, block: block + index as u64 });
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

/// The bytes at the beginning of each stream that are the key of the tag.
const TAG_KEY: usize = 32;

/// The largest record, in bytes, whose keystream is made ahead. Beyond it one record is enough to
/// keep the processor busy.
const SMALL: usize = 2048;

#[cfg(test)]
mod tests;
