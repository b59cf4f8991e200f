//! Random numbers: cheap ones, and those of the operating system for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number to spread reconnects or to start a counter. No secret may depend on it. Std seeds each
/// hasher anew.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Fills `bytes` with randomness of the operating system.
#[cfg(any(feature = "curve", feature = "noise", feature = "ws"))]
pub(crate) fn entropy(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives randomness");
}
