//! The queues of a socket that wait for a connection task to write them.

use std::mem::{replace, take};
use std::sync::Arc;
use std::vec::IntoIter;

use tokio::runtime;

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
/// have taken, and its own pipe is not added again after that. Pipes are added under the lock of
/// their queue, so none of those may be taken under this one.
#[derive(Debug, Default)]
pub(crate) struct HotPipes(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    pipes: Vec<Arc<Pipe>>,
    /// Where their tasks run. Those of another runtime are woken each by itself: nobody knows when
    /// this one is driven.
    runtime: Option<runtime::Id>,
}

/// As many as one task writes for; with more, others help, perhaps on other threads.
const SHARE: usize = 64;

/// Bytes that one task writes for others in one turn.
const BYTES: usize = 1024 * 1024;

/// What one task writes. The tasks of those left see to them, should it panic or have done enough.
struct Share(IntoIter<Arc<Pipe>>);

impl HotPipes {
    /// Adds a pipe whose task is on this runtime, and says whether that task is to be woken.
    pub(super) fn add(&self, pipe: &Arc<Pipe>, runtime: Option<runtime::Id>) -> bool {
        let mut waiting = self.0.lock();
        if waiting.pipes.is_empty() {
            waiting.runtime = runtime;
        } else if waiting.runtime != runtime {
            return true;
        }
        waiting.pipes.push(pipe.clone());
        waiting.pipes.len() == 1
    }

    /// Writes what some of the pipes hold, for the tasks of these, and has the others written.
    pub(crate) fn write_share(&self) {
        let (share, next) = {
            let pipes = &mut self.0.lock().pipes;
            if pipes.is_empty() {
                return;
            }
            let left = pipes.split_off(pipes.len().min(SHARE));
            (replace(pipes, left), pipes.first().cloned())
        };
        if let Some(next) = next {
            next.outbound.wake();
        }
        let mut share = Share(share.into_iter());
        let mut written = 0;
        while written < BYTES
            && let Some(pipe) = share.0.next()
        {
            written += pipe.write_for_task();
        }
    }

    /// Wakes the task of each pipe, for one that would have written for them is ending.
    pub(super) fn hand_on(&self) {
        let pipes = take(&mut self.0.lock().pipes);
        drop(Share(pipes.into_iter()));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        for pipe in self.0.by_ref() {
            pipe.outbound.wake();
        }
    }
}
