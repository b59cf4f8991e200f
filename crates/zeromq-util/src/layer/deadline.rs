//! A time by which something should have happened.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

/// Runs out once after each time that it was set; costs nothing while it is not waited for.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    /// The timer, made when it is first waited for, and set anew when `at` is another time.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn is_set(&self) -> bool {
        self.at.is_some()
    }

    pub(super) fn set_after(&mut self, delay: Duration) {
        // What is too far away for a clock is never.
        self.at = Instant::now().checked_add(delay);
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.at = None;
    }

    /// Ready once when the time has come, and pending while none is set.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        // Unconstrained: where messages have used up the task's budget, the time runs all the same.
        let elapsed = pin!(coop::unconstrained(timer.as_mut())).poll(cx);
        if elapsed.is_ready() {
            self.clear();
        }
        elapsed
    }
}
