//! A timer that is made when it is first needed.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

/// Elapses once after each time that it is set.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    /// Made at the first poll, and reset when `at` has changed.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn set_after(&mut self, delay: Duration) {
        // A time beyond the range of the clock never comes.
        self.at = Instant::now().checked_add(delay);
    }

    /// Ready once when the time has come. Pending while none is set.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        // Unconstrained: the timer fires though messages have used up the task's budget.
        let elapsed = pin!(coop::unconstrained(timer.as_mut())).poll(cx);
        if elapsed.is_ready() {
            self.at = None;
        }
        elapsed
    }
}
