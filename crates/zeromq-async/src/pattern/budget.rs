//! Yielding to the other tasks of the runtime, at little cost.

use std::task::{Context, Poll, ready};

use tokio::task::coop;

/// Spends one unit of Tokio's cooperation budget for every [`Budget::UNIT`] messages, or as many
/// bytes.
///
/// A loop over a socket that always has room, or always has messages, would never yield on its
/// own. Spending a unit on every message costs more than the message does.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(u32);

impl Budget {
    /// With Tokio's 128 units, a task yields after 4,096 messages: some 200 microseconds.
    /// With 256 two streams kept two threads to themselves for milliseconds; with 8 it cost a fifth
    /// of the throughput.
    const UNIT: u32 = 32;

    /// Bytes moved that count as another message.
    const BYTES: usize = 2048;

    /// Frames of one message that count as another message.
    const FRAMES: usize = 8;

    /// Counts a message that is about to be sent, and is ready unless the task has to yield.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_due(cx));
        self.0 += 1;
        Poll::Ready(())
    }

    /// Ready unless the task has to yield.
    #[inline]
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 >= Self::UNIT {
            ready!(self.poll_proceed(cx));
        }
        Poll::Ready(())
    }

    #[cold]
    fn poll_proceed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.0 >= Self::UNIT {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.0 -= Self::UNIT;
        }
        Poll::Ready(())
    }

    /// Counts a message that was decoded, and its frames where there are many.
    #[inline]
    pub(super) fn spend_message(&mut self, frames: usize) {
        self.0 = self.0.saturating_add(1);
        if frames >= Self::FRAMES {
            let more = u32::try_from(frames / Self::FRAMES).unwrap_or(u32::MAX);
            self.0 = self.0.saturating_add(more);
        }
    }

    /// Counts bytes that were moved, beyond their messages.
    #[inline]
    pub(super) fn spend(&mut self, bytes: usize) {
        let more = u32::try_from(bytes / Self::BYTES).unwrap_or(u32::MAX);
        self.0 = self.0.saturating_add(more);
    }
}
