//! The lock and the atomics of this crate: those of std, or those of loom in its models.

#[cfg(all(test, zmq_loom))]
use loom::sync as source;
#[cfg(not(all(test, zmq_loom)))]
use std::sync as source;

use std::sync::PoisonError;

pub(crate) use source::MutexGuard;

/// The atomics.
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::Ordering;

    pub(crate) use super::source::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};
}

/// A mutex that ignores poisoning.
///
/// Every critical section keeps its data consistent at each step that could panic. A panic in the
/// code of an application must not stop the socket's other peers.
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

    /// The value, which no one else can have locked.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
