//! Tokio's budget for work that a layer does itself.

use std::task::{Context, Poll, ready};

use tokio::task::coop;

/// Bytes that were compressed or decoded, and not yet paid for with the task's budget.
///
/// A task has 128 units, which pay for 2 MiB: about a millisecond of decompressing. More work than
/// that is paid for over several polls, and other tasks run in between.
#[derive(Debug, Default)]
pub(crate) struct BytesWorked(usize);

const BYTES_PER_UNIT: usize = 16 * 1024;

impl BytesWorked {
    #[inline]
    pub(crate) fn add(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(bytes);
    }

    /// Ready when less than a unit is left to pay.
    #[inline]
    pub(crate) fn poll_paid(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.0 >= BYTES_PER_UNIT {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.0 -= BYTES_PER_UNIT;
        }
        Poll::Ready(())
    }
}
