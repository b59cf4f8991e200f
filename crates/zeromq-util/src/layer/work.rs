//! Work that a layer does itself, and that the socket knows nothing of.

use std::task::{Context, Poll, ready};

use tokio::task::coop;

/// Spends a unit of Tokio's budget for so many bytes that were worked on.
///
/// A task has 128 units in a turn, which are 2 MiB: about a millisecond of decompressing. Work that
/// was more than that is paid for in several turns, in which other tasks have theirs.
#[derive(Debug, Default)]
pub(crate) struct Work(usize);

const BYTES_PER_UNIT: usize = 16 * 1024;

impl Work {
    #[inline]
    pub(crate) fn add(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(bytes);
    }

    /// Ready when all work so far is paid for, but for less than a unit.
    #[inline]
    pub(crate) fn poll_paid(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.0 >= BYTES_PER_UNIT {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.0 -= BYTES_PER_UNIT;
        }
        Poll::Ready(())
    }
}
