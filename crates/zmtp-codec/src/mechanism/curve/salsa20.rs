//! Salsa20 with SIMD: several blocks at once, of one stream or of several.
//!
//! It uses only additions, rotations and exclusive ors, so its time does not depend on secrets. The
//! rest of the cipher is in `boxes.rs`.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};
use zeroize::Zeroizing;

/// The bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The blocks generated at once: the lanes of the widest processors.
pub(super) const BLOCKS: usize = 16;

/// The bytes of these blocks, contiguous.
pub(super) type Keystream = [u8; BLOCK * BLOCKS];

/// The cipher with its key. Overwritten when dropped.
pub(super) struct Salsa20 {
    key: Zeroizing<[u32; 8]>,
    level: Level,
}

/// The position of a block.
pub(super) struct BlockPosition {
    pub(super) nonce: [u8; 8],
    /// The index of the block in its stream.
    pub(super) block: u64,
}

impl Salsa20 {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: Zeroizing::new(words(key)), level: Level::new() }
    }

    /// Generates all of `blocks`. `position` maps an index to a position.
    #[inline]
    pub(super) fn fill(&self, blocks: &mut Keystream, position: impl Fn(usize) -> BlockPosition) {
        dispatch!(self.level, simd => make(simd, &self.key, position, blocks));
    }

    /// Encrypts or decrypts `bytes` up to the length of `stream`.
    #[inline]
    pub(super) fn apply(&self, stream: &[u8], bytes: &mut [u8]) {
        dispatch!(self.level, _simd => {
            bytes.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        });
    }
}

/// Generates as many blocks at a time as a vector has lanes. Each vector holds one word of each block.
#[inline(always)]
fn make<S: Simd>(
    simd: S,
    key: &[u32; 8],
    position: impl Fn(usize) -> BlockPosition,
    blocks: &mut Keystream,
) {
    // The words that differ between blocks.
    let [mut n0, mut n1, mut b0, mut b1] = [[0; BLOCKS]; 4];
    let words_of_each = n0.iter_mut().zip(&mut n1).zip(b0.iter_mut().zip(&mut b1));
    for (index, ((n0, n1), (b0, b1))) in words_of_each.enumerate() {
        let BlockPosition { nonce, block } = position(index);
        [*n0, *n1] = words(&nonce);
        [*b0, *b1] = words(&block.to_le_bytes());
    }
    let width = S::u32s::LEN;
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [c0, c1, c2, c3] = words(b"expand 32-byte k");
    let fixed = [c0, k0, k1, k2, k3, c1, 0, 0, 0, 0, c2, k4, k5, k6, k7, c3];
    for (at, blocks) in blocks.chunks_exact_mut(width * BLOCK).enumerate() {
        let mut input = fixed.map(|word| S::u32s::splat(simd, word));
        for (word, inputs) in input[6..].iter_mut().zip([&n0, &n1, &b0, &b1]) {
            *word = S::u32s::from_slice(simd, &inputs[at * width..(at + 1) * width]);
        }
        let mut x = input;
        (0..10).for_each(|_| double_round(&mut x));
        x.iter_mut().zip(input).for_each(|(word, input)| *word += input);
        // Four perfect shuffles transpose words to blocks.
        for _ in 0..4 {
            let y = x;
            (0..8).for_each(|i| (x[2 * i], x[2 * i + 1]) = y[i].interleave(y[i + 8]));
        }
        for (words, bytes) in x.iter().zip(blocks.chunks_exact_mut(width * 4)) {
            words.to_bytes().store_slice(bytes);
            if cfg!(target_endian = "big") {
                bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
            }
        }
    }
}

#[inline(always)]
fn double_round<S: Simd, V: SimdInt<S, Element = u32>>(x: &mut [V; 16]) {
    quarter_round(x, [0, 4, 8, 12]);
    quarter_round(x, [5, 9, 13, 1]);
    quarter_round(x, [10, 14, 2, 6]);
    quarter_round(x, [15, 3, 7, 11]);
    quarter_round(x, [0, 1, 2, 3]);
    quarter_round(x, [5, 6, 7, 4]);
    quarter_round(x, [10, 11, 8, 9]);
    quarter_round(x, [15, 12, 13, 14]);
}

#[inline(always)]
fn quarter_round<S: Simd, V: SimdInt<S, Element = u32>>(x: &mut [V; 16], at: [usize; 4]) {
    let [a, b, c, d] = at;
    for (to, from, with, by) in [(b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18)] {
        let sum = x[from] + x[with];
        x[to] ^= (sum << by) | (sum >> (32 - by));
    }
}

/// Bytes as little-endian words.
#[inline(always)]
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

#[cfg(test)]
mod tests;
