//! Numbers that differ from run to run; nothing secret hangs on them.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number to spread reconnects, or to begin a count with. Std seeds each hasher anew.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
