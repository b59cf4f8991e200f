//! Tasks that wait for the same thing, and the senders among them that wait for room.

use std::task::{Context, Waker};

use crate::sync::Mutex;

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
pub(crate) struct Room(Mutex<Wakers>);

impl Room {
    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.0.lock().register(cx);
    }

    pub(crate) fn wake(&self) {
        let wakers = self.0.lock().take();
        wakers.wake();
    }
}
