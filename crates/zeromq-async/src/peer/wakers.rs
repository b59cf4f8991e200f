//! Tasks that wait for the same thing, and the senders among them that wait for room.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{PeerSet, Pipe};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering, fence};

/// Tasks to wake together, one for each waiter.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<(u64, Waker)>);

impl Wakers {
    /// Wakes this task from now on, and no other that the waiter was in before.
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

/// Somebody who waits for the pipes of a socket: for room, or for them to be empty.
///
/// Tasks come and go, and one that gives up waiting leaves its waker behind. A waiter has one at a
/// time, and takes it along when it goes.
#[derive(Debug)]
pub(crate) struct Waiter {
    peers: Arc<PeerSet>,
    id: u64,
    waits_for_room: bool,
    waits_for_flush: bool,
}

impl Waiter {
    pub(crate) fn new(peers: Arc<PeerSet>) -> Self {
        let id = peers.next_waiter();
        Self { peers, id, waits_for_room: false, waits_for_flush: false }
    }

    /// Wakes the task when there may be room.
    pub(crate) fn register(&mut self, cx: &Context<'_>) {
        self.waits_for_room = true;
        self.peers.room().register(self.id, cx);
    }

    /// Ready when the queue of this peer is empty.
    pub(crate) fn poll_flush_of(&mut self, pipe: &Pipe, cx: &Context<'_>) -> Poll<()> {
        let flushed = pipe.outbound.poll_flush(self.id, cx);
        self.waits_for_flush |= flushed.is_pending();
        flushed
    }

    /// Ready when the queues of all peers are empty.
    pub(crate) fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut result = Poll::Ready(());
        for pipe in self.peers.pipes() {
            if self.poll_flush_of(&pipe, cx).is_pending() {
                result = Poll::Pending;
            }
        }
        result
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.waits_for_room {
            self.peers.room().forget(self.id);
        }
        if self.waits_for_flush {
            for pipe in self.peers.pipes() {
                pipe.outbound.forget_flusher(self.id);
            }
        }
    }
}

/// The senders of a socket that wait until some pipe has room, or until there is a pipe at all.
///
/// A sender registers first and looks at the pipes afterwards: whoever makes room takes this lock
/// after the pipe's, so a sender that saw no room is sure to be found here.
#[derive(Debug, Default)]
pub(crate) struct SendWaiters {
    /// Whether anybody waits, so that making room costs no lock where nobody does.
    awaited: AtomicBool,
    wakers: Mutex<Wakers>,
}

impl SendWaiters {
    fn register(&self, waiter: u64, cx: &Context<'_>) {
        let mut wakers = self.wakers.lock();
        wakers.register(waiter, cx);
        self.awaited.store(true, Ordering::Relaxed);
        // Before the sender looks for room, as the other is after room was made: one of the two sees
        // what the other has done.
        fence(Ordering::SeqCst);
    }

    fn forget(&self, waiter: u64) {
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
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    fn another_task() -> Waker {
        Arc::new(Task).into()
    }

    /// A sender whose tasks give up, one after the other, leaves one waker and not a thousand; and
    /// none when it is dropped.
    #[test]
    fn abandoned_waiters_leave_no_wakers() {
        let peers = Arc::new(PeerSet::new(None));
        let mut patient = Waiter::new(peers.clone());
        patient.register(&Context::from_waker(Waker::noop()));
        let mut waiter = Waiter::new(peers.clone());
        for _ in 0..1000 {
            waiter.register(&Context::from_waker(&another_task()));
        }
        assert_eq!(peers.room().wakers.lock().0.len(), 2);
        for _ in 0..1000 {
            Waiter::new(peers.clone()).register(&Context::from_waker(&another_task()));
        }
        drop(waiter);
        assert_eq!(peers.room().wakers.lock().0.len(), 1);
    }
}
