//! Messages on their way from the input to the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the messages that are read but not sent yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    pub(crate) fn messages(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, messages: usize) {
        self.0.fetch_add(messages, Ordering::Relaxed);
    }

    pub(super) fn remove_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
