//! Random numbers.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A random number that is not secret, to spread reconnects. Std seeds each hasher anew.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Fills the bytes with the operating system's randomness, for secrets.
#[cfg(any(feature = "curve", feature = "noise"))]
pub(crate) fn entropy(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives randomness");
}
