//! The queues of a socket that wait for a connection task to write them.

use std::mem::{replace, take};
use std::vec::IntoIter;

use tokio::runtime::{self, Handle};

use crate::sync::Mutex;

/// A queue that a connection task writes: its own, or that of another connection.
pub(crate) trait WrittenByTask: Clone {
    /// Writes the queue in place of its own task and returns the number of bytes written.
    fn write_for_task(&self) -> usize;

    /// Wakes the queue's own task.
    fn wake_task(&self);

    /// The state of the queue's own task.
    fn task(&self) -> &Mutex<TaskState>;
}

/// Where the connection task of a queue runs, and whether it still does.
#[derive(Debug, Default)]
pub(crate) struct TaskState {
    runtime: Option<runtime::Id>,
    /// It writes no more. Set under the lock of the list.
    ended: bool,
}

impl TaskState {
    /// The present task becomes the task of the queue.
    pub(crate) fn start(&mut self) {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        *self = Self { runtime, ended: false };
    }
}

/// Queues that one task writes. Only the task of the first queue is woken.
///
/// A send to many peers would otherwise wake many tasks, and the runtime would start threads for
/// them that compete with the sender for its locks. The one task mostly runs on the sender's own
/// thread, as soon as that thread is free.
///
/// A task that ends wakes the tasks of all queues it would have written. Its own queue is not added
/// after that.
#[derive(Debug)]
pub(crate) struct PendingWrites<H>(Mutex<Waiting<H>>);

#[derive(Debug)]
struct Waiting<H> {
    queues: Vec<H>,
    /// The runtime of the task that was woken. Tasks of other runtimes are woken one by one: this
    /// runtime may not be driven for a while.
    runtime: Option<runtime::Id>,
}

/// The most queues that one task writes. The next task takes those behind, perhaps on another thread.
const MAX_SHARE: usize = 64;

/// The most bytes that one task writes for others in one turn.
const MAX_BYTES: usize = 1024 * 1024;

/// The queues that one task writes. When dropped, it wakes the tasks of those not yet written.
struct Share<H: WrittenByTask>(IntoIter<H>);

impl<H: WrittenByTask> PendingWrites<H> {
    /// Has `queue` written by a task.
    pub(crate) fn schedule(&self, queue: &H) {
        if self.add(queue) {
            queue.wake_task();
        }
    }

    /// Adds a queue and says whether its task must be woken.
    fn add(&self, queue: &H) -> bool {
        let mut waiting = self.0.lock();
        let TaskState { runtime, ended } = *queue.task().lock();
        if ended {
            return true;
        }
        if waiting.queues.is_empty() {
            waiting.runtime = runtime;
        } else if waiting.runtime != runtime {
            return true;
        }
        waiting.queues.push(queue.clone());
        waiting.queues.len() == 1
    }

    /// Writes some of the queues for their tasks, and wakes the task of the next.
    pub(crate) fn write_share(&self) {
        let (share, next) = {
            let queues = &mut self.0.lock().queues;
            if queues.is_empty() {
                return;
            }
            let rest = queues.split_off(queues.len().min(MAX_SHARE));
            (replace(queues, rest), queues.first().cloned())
        };
        if let Some(next) = next {
            next.wake_task();
        }
        let mut share = Share(share.into_iter());
        let mut written = 0;
        while written < MAX_BYTES
            && let Some(queue) = share.0.next()
        {
            written += queue.write_for_task();
        }
    }

    /// The task of `queue` ends. Wakes the task of each queue that it might have written.
    pub(crate) fn end_task(&self, queue: &H) {
        let queues = {
            let mut waiting = self.0.lock();
            queue.task().lock().ended = true;
            take(&mut waiting.queues)
        };
        drop(Share(queues.into_iter()));
    }
}

impl<H> Default for PendingWrites<H> {
    fn default() -> Self {
        Self(Mutex::new(Waiting { queues: Vec::new(), runtime: None }))
    }
}

impl<H: WrittenByTask> Drop for Share<H> {
    fn drop(&mut self) {
        self.0.by_ref().for_each(|queue| queue.wake_task());
    }
}
