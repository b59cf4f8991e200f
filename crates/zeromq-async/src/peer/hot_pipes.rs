//! The queues of a socket that wait for a connection task to write them.

use std::mem::take;
use std::sync::Arc;

use super::Pipe;
use crate::sync::Mutex;

/// Pipes that are hot and whose tasks have not been woken: the task of the first has, and writes
/// for all.
///
/// A sender to many peers would wake many tasks, and the runtime a thread for them, that then
/// competes with the sender for its locks. One task mostly runs on the sender's own thread, as soon
/// as that has time.
///
/// Whoever takes a pipe out sees to it that it is written. A task that ends hands on what it would
/// have taken, and its own pipe must not become hot again before that.
#[derive(Debug, Default)]
pub(crate) struct HotPipes(Mutex<Vec<Arc<Pipe>>>);

/// As many as one task writes for; with more, others help, perhaps on other threads.
const SHARE: usize = 16;

impl HotPipes {
    /// Adds a pipe, and says whether its task is to be woken.
    pub(super) fn add(&self, pipe: &Arc<Pipe>) -> bool {
        let mut pipes = self.0.lock();
        pipes.push(pipe.clone());
        pipes.len() == 1
    }

    /// Writes what some of the pipes hold, for the tasks of these, and has the others written.
    pub(crate) fn write_share(&self) {
        let (share, next) = {
            let mut pipes = self.0.lock();
            if pipes.is_empty() {
                return;
            }
            let left = pipes.len().saturating_sub(SHARE);
            (pipes.split_off(left), pipes.first().cloned())
        };
        if let Some(next) = next {
            next.outbound.wake();
        }
        for pipe in share {
            pipe.write_for_task();
        }
    }

    /// Wakes the task of each pipe, for one that would have written for them is ending.
    pub(super) fn hand_on(&self) {
        for pipe in take(&mut *self.0.lock()) {
            pipe.outbound.wake();
        }
    }
}
