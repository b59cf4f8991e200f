//! Tasks that wait for the same event, and the senders that wait for room.

use std::task::{Context, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};

/// Tasks to wake together, one for each waiter id.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<(u64, Waker)>);

impl Wakers {
    /// Sets the task of a waiter, in place of the one it had before.
    pub(crate) fn register(&mut self, waiter: u64, cx: &Context<'_>) {
        match self.0.iter_mut().find(|(known, _)| *known == waiter) {
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => self.0.push((waiter, cx.waker().clone())),
        }
    }

    pub(crate) fn forget(&mut self, waiter: u64) {
        self.0.retain(|(known, _)| *known != waiter);
    }

    pub(crate) fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    pub(crate) fn wake(self) {
        self.0.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

/// The senders of a socket that wait until a queue has room, or until there is a peer at all.
///
/// A sender registers first and looks at the queues afterwards. Room is made first, and the waiters
/// are looked at afterwards. So one of the two sees the other.
#[derive(Debug, Default)]
pub(crate) struct SendWaiters {
    /// Whether any sender waits. Making room costs no lock where none does.
    awaited: AtomicBool,
    wakers: Mutex<Wakers>,
}

impl SendWaiters {
    pub(crate) fn register(&self, waiter: u64, cx: &Context<'_>) {
        let mut wakers = self.wakers.lock();
        wakers.register(waiter, cx);
        self.awaited.store(true, Ordering::Relaxed);
        // Pairs with the fence in `wake`.
        fence(Ordering::SeqCst);
    }

    pub(crate) fn forget(&self, waiter: u64) {
        self.wakers.lock().forget(waiter);
    }

    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if !self.awaited.load(Ordering::Relaxed) {
            return;
        }
        let wakers = {
            let mut wakers = self.wakers.lock();
            self.awaited.store(false, Ordering::Relaxed);
            wakers.take()
        };
        wakers.wake();
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.wakers.lock().0.len()
    }
}
