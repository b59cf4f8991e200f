//! Being a good neighbour to the other tasks of the runtime, at little cost.

use std::task::{Context, Poll, ready};

use tokio::task::coop;

/// Spends one unit of Tokio's cooperation budget for every [`Budget::MESSAGES`] messages.
///
/// A loop over a socket that always has room, or always has messages, would never yield on its
/// own. Spending a unit on every message costs more than the message does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(u32);

impl Budget {
    /// With Tokio's 128 units, a task yields after 32,768 messages: about a millisecond's worth.
    const MESSAGES: u32 = 256;

    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 >= Self::MESSAGES {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.0 = 0;
        }
        self.0 += 1;
        Poll::Ready(())
    }
}
