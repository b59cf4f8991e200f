//! Numbers that differ from run to run, and, where secrets hang on them, the operating system's.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number to spread reconnects, or to begin a count with: nothing secret hangs on it. Std seeds each
/// hasher anew.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The operating system's randomness.
#[cfg(any(feature = "curve", feature = "noise"))]
pub(crate) fn entropy(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives randomness");
}
