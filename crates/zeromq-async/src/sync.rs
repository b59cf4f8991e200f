//! The one lock and the atomics this crate uses: std's, or loom's where its models run.

#[cfg(all(test, zmq_loom))]
use loom::sync as source;
#[cfg(not(all(test, zmq_loom)))]
use std::sync as source;

use std::sync::PoisonError;

pub(crate) use source::MutexGuard;

/// The atomics of what tasks share without a lock.
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::Ordering;

    pub(crate) use super::source::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};
}

/// A mutex whose data stays usable after a panic in another thread.
///
/// Every critical section here leaves its data consistent at each step that could panic, and a
/// panic in one user's layer must not take a socket's other peers with it.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(source::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(source::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
