//! Tasks that wait for the same event, and the senders that wait for room.

use std::collections::BTreeMap;
use std::task::{Context, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};

/// Tasks to wake together, one for each waiter id.
#[derive(Debug, Default)]
pub(crate) struct Wakers(BTreeMap<u64, Waker>);

impl Wakers {
    /// Sets the task of a waiter, in place of the one it had before.
    pub(crate) fn register(&mut self, waiter: u64, cx: &Context<'_>) {
        match self.0.get_mut(&waiter) {
            Some(waker) => waker.clone_from(cx.waker()),
            None => drop(self.0.insert(waiter, cx.waker().clone())),
        }
    }

    pub(crate) fn forget(&mut self, waiter: u64) {
        self.0.remove(&waiter);
    }

    pub(crate) fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    pub(crate) fn wake(self) {
        self.0.into_values().for_each(Waker::wake);
    }
}

/// The senders of a socket that wait until a queue has room, or until there is a peer at all.
///
/// A sender registers first and looks at the queues afterwards. Room is made first, and the waiters
/// are looked at afterwards. So one of the two sees the other.
///
/// All are woken, and the first to be polled may take all the room. So another one is woken first each
/// time.
#[derive(Debug, Default)]
pub(crate) struct SendWaiters {
    /// Whether any sender waits. Making room costs no lock where none does.
    awaited: AtomicBool,
    state: Mutex<WaitState>,
}

#[derive(Debug, Default)]
struct WaitState {
    wakers: Wakers,
    /// The waiter to be woken first, or the next after it.
    first: u64,
}

impl SendWaiters {
    pub(crate) fn register(&self, waiter: u64, cx: &Context<'_>) {
        let mut state = self.state.lock();
        state.wakers.register(waiter, cx);
        self.awaited.store(true, Ordering::Relaxed);
        // Pairs with the fence in `wake`.
        fence(Ordering::SeqCst);
    }

    pub(crate) fn forget(&self, waiter: u64) {
        self.state.lock().wakers.forget(waiter);
    }

    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if !self.awaited.load(Ordering::Relaxed) {
            return;
        }
        let (first, rest) = {
            let mut state = self.state.lock();
            self.awaited.store(false, Ordering::Relaxed);
            state.take()
        };
        first.wake();
        rest.wake();
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.state.lock().wakers.0.len()
    }
}

impl WaitState {
    /// All waiters, from `first` on and then from the lowest id on.
    fn take(&mut self) -> (Wakers, Wakers) {
        let mut rest = self.wakers.take();
        let first = Wakers(rest.0.split_off(&self.first));
        self.first = first.0.keys().chain(rest.0.keys()).next().map_or(0, |woken| woken + 1);
        (first, rest)
    }
}
