//! A task that waits for the pipes of a socket: for room, or for empty queues.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::{PeerSet, Pipe};

/// The registration of a sender that waits.
///
/// A sender may be polled by one task after the other. A waiter keeps the waker of the last task
/// alone, and removes it when dropped.
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
        self.peers.send_waiters().register(self.id, cx);
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
            self.peers.send_waiters().forget(self.id);
        }
        if self.waits_for_flush {
            for pipe in self.peers.pipes() {
                pipe.outbound.forget_flusher(self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    fn another_task() -> Waker {
        Arc::new(Task).into()
    }

    /// A sender polled by a thousand tasks leaves one waker, and none when it is dropped.
    #[test]
    fn abandoned_waiters_leave_no_wakers() {
        let peers = Arc::new(PeerSet::new(None));
        let mut patient = Waiter::new(peers.clone());
        patient.register(&Context::from_waker(Waker::noop()));
        let mut waiter = Waiter::new(peers.clone());
        for _ in 0..1000 {
            waiter.register(&Context::from_waker(&another_task()));
        }
        assert_eq!(peers.send_waiters().count(), 2);
        for _ in 0..1000 {
            Waiter::new(peers.clone()).register(&Context::from_waker(&another_task()));
        }
        drop(waiter);
        assert_eq!(peers.send_waiters().count(), 1);
    }
}
