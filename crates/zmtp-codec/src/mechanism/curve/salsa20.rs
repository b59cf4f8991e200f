//! Salsa20, several blocks side by side: of one stream, or of as many as there are blocks.
//!
//! Only additions, rotations and exclusive ors, and nothing depends on what is secret: so it takes
//! the same time for every key. The rest of the cipher is in `boxes.rs` and its library.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};
use zeroize::Zeroizing;

/// The bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The blocks that are made at once: as many as the widest processors work on side by side.
pub(super) const BLOCKS: usize = 16;

/// The bytes of those blocks, one block behind the other.
pub(super) type Blocks = [u8; BLOCK * BLOCKS];

/// A key. Overwritten when dropped.
pub(super) struct Salsa20 {
    key: Zeroizing<[u32; 8]>,
    level: Level,
}

/// Which block it is to be.
pub(super) struct Place {
    /// The nonce of its stream.
    pub(super) nonce: [u8; 8],
    /// Where it is in that stream.
    pub(super) block: u64,
}

impl Salsa20 {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: Zeroizing::new(words(key)), level: Level::new() }
    }

    /// Makes all of `blocks`, each the one that `place` says for its index.
    #[inline]
    pub(super) fn fill(&self, blocks: &mut Blocks, place: impl Fn(usize) -> Place) {
        dispatch!(self.level, simd => make(simd, &self.key, place, blocks));
    }

    /// Encrypts or decrypts as many of `bytes` as there are of `stream`.
    #[inline]
    pub(super) fn apply(&self, stream: &[u8], bytes: &mut [u8]) {
        dispatch!(self.level, _simd => {
            bytes.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        });
    }
}

/// Makes as many blocks at a time as a vector has places: each of the sixteen words of all of them.
#[inline(always)]
fn make<S: Simd>(simd: S, key: &[u32; 8], place: impl Fn(usize) -> Place, blocks: &mut Blocks) {
    // The words in which the blocks differ.
    let [mut n0, mut n1, mut b0, mut b1] = [[0; BLOCKS]; 4];
    let words_of_each = n0.iter_mut().zip(&mut n1).zip(b0.iter_mut().zip(&mut b1));
    for (index, ((n0, n1), (b0, b1))) in words_of_each.enumerate() {
        let Place { nonce, block } = place(index);
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
        // Four perfect shuffles bring the words of a block next to each other.
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

/// Bytes as the words that Salsa20 takes them for.
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
