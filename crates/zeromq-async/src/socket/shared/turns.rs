//! The order in which tasks that wait for a message get one.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Tasks that wait to receive from one socket. One is woken at a time.
///
/// A woken task takes a message, or learns that the socket is closed, and wakes the next task if there
/// is more. A task that is woken and no longer wants a message passes its turn on. So no message is
/// left while a task waits for one.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How many tasks wait. Receiving does not lock the list where none does.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the order in which they began to wait.
    tasks: BTreeMap<u64, Task>,
    next: u64,
    /// A turn that no future has taken.
    spare: bool,
}

/// A task that waits.
#[derive(Debug)]
pub(super) struct Task {
    waker: Waker,
    waits_as: WaitsAs,
}

/// How a task waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitsAs {
    /// As a future, which is polled when it is woken, or dropped.
    Future,
    /// As a stream, which may be left alone for as long as it lives. Its turn never holds up others.
    Stream,
}

/// The place of a task in the order. [`Turns::pass_on`] must be called before it is dropped.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<u64>);

impl Turns {
    /// Waits for a turn. A task that has waited before keeps its place.
    ///
    /// Returns the task's earlier entry. To drop a waker can run code of the application, so the caller
    /// drops it without a lock.
    #[must_use]
    pub(super) fn wait(
        &self,
        turn: &mut Turn,
        waits_as: WaitsAs,
        cx: &Context<'_>,
    ) -> Option<Task> {
        let waker = cx.waker().clone();
        let (is_next, before) = self.change(|state| {
            let id = *turn.0.get_or_insert(state.next);
            state.next = state.next.max(id + 1);
            // A turn that came after this task had looked.
            let is_next = take(&mut state.spare);
            let before = match is_next {
                true => state.tasks.remove(&id),
                false => state.tasks.insert(id, Task { waker, waits_as }),
            };
            (is_next, before)
        });
        if is_next {
            cx.waker().wake_by_ref();
        }
        before
    }

    /// The task has what it waited for. Returns its entry, as [`wait`](Self::wait) does, and whether
    /// other tasks wait.
    #[inline]
    pub(super) fn end(&self, turn: &mut Turn) -> (Option<Task>, bool) {
        let id = turn.0.take();
        let before = id.and_then(|id| self.change(|state| state.tasks.remove(&id)));
        (before, self.waiting.load(Ordering::Relaxed) > 0)
    }

    /// The task no longer wants a message. If its turn has come, the next task gets it.
    pub(super) fn pass_on(&self, turn: &mut Turn) {
        let Some(id) = turn.0.take() else { return };
        let still_waited = self.change(|state| state.tasks.remove(&id)).is_some();
        if !still_waited {
            self.wake_next();
        }
    }

    /// Gives a turn to the future that has waited longest, or else to the next one that waits.
    pub(super) fn wake_next(&self) {
        let woken = self.change(|state| {
            let mut woken = Vec::new();
            state.spare = true;
            while state.spare
                && let Some((_, task)) = state.tasks.pop_first()
            {
                state.spare = task.waits_as == WaitsAs::Stream;
                woken.push(task.waker);
            }
            woken
        });
        woken.into_iter().for_each(Waker::wake);
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let result = change(&mut state);
        self.waiting.store(state.tasks.len(), Ordering::Relaxed);
        result
    }
}

/// The queues of a socket wake the task that is next.
impl Wake for Turns {
    fn wake(self: Arc<Self>) {
        self.wake_next();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_next();
    }
}
