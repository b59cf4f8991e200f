//! Tasks that wait for the same thing, and the senders among them that wait for room.

use std::task::{Context, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};

/// Tasks to wake together, each held once.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(crate) fn register(&mut self, cx: &Context<'_>) {
        if !self.0.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.0.push(cx.waker().clone());
        }
    }

    pub(crate) fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    pub(crate) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

/// The senders of a socket that wait until some pipe has room, or until there is a pipe at all.
///
/// A sender registers first and looks at the pipes afterwards: whoever makes room takes this lock
/// after the pipe's, so a sender that saw no room is sure to be found here.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Whether anybody waits, so that making room costs no lock where nobody does.
    awaited: AtomicBool,
    wakers: Mutex<Wakers>,
}

impl Room {
    pub(crate) fn register(&self, cx: &Context<'_>) {
        let mut wakers = self.wakers.lock();
        wakers.register(cx);
        self.awaited.store(true, Ordering::Relaxed);
        // Before the sender looks for room, as the other is after room was made: one of the two sees
        // what the other has done.
        fence(Ordering::SeqCst);
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
}
