//! The one lock this crate uses: std's, without poisoning.

use std::sync::{MutexGuard, PoisonError};

/// A mutex whose data stays usable after a panic in another thread.
///
/// Every critical section here leaves its data consistent at each step that could panic, and a
/// panic in one user's layer must not take a socket's other peers with it.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
