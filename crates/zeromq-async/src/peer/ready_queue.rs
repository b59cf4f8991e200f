//! Which pipes of a socket have messages waiting.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Pipe;
use super::look::only_looks;
use crate::identity::PeerId;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Pipes that have become readable since the receiver last looked.
#[derive(Debug, Default)]
pub(crate) struct ReadyQueue {
    /// True while `ready` is not empty, so that a busy receiver need not lock to know.
    pending: AtomicBool,
    /// Whether there is a receiver: what arrives for nobody is not kept.
    heard: AtomicBool,
    state: Mutex<State>,
    popped: Popped,
}

/// How many messages the receiver has popped, in a cache line of its own: it is written for every
/// message, and those who fill the queues read what is beside it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Popped(std::sync::atomic::AtomicU64);

/// What the receiver has to know of a pipe.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// It has become readable.
    Readable(Arc<Pipe>),
    /// It takes the place of one that has left, whose messages come first.
    Successor { of: PeerId, pipe: Arc<Pipe> },
    /// What has been taken from it is not to be received any more.
    Silenced(Arc<Pipe>),
}

#[derive(Debug, Default)]
struct State {
    ready: Vec<Arrival>,
    receiver: Option<Waker>,
    closed: bool,
}

impl ReadyQueue {
    /// A receiver is there from now on.
    pub(crate) fn listen(&self) {
        self.heard.store(true, Ordering::Release);
    }

    /// The receiver is gone. Returns the pipes that it had still to hear of.
    pub(crate) fn deafen(&self) -> Vec<Arc<Pipe>> {
        let mut state = self.state.lock();
        self.heard.store(false, Ordering::Release);
        state.receiver = None;
        let ready = std::mem::take(&mut state.ready);
        let readable = ready.into_iter().filter_map(|arrival| match arrival {
            Arrival::Readable(pipe) | Arrival::Successor { pipe, .. } => Some(pipe),
            Arrival::Silenced(_) => None,
        });
        readable.collect()
    }

    #[inline]
    pub(super) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Acquire)
    }

    /// Says that a pipe has become readable; false where nobody is there to hear it.
    #[must_use]
    pub(super) fn announce(&self, pipe: &Arc<Pipe>) -> bool {
        self.tell(Arrival::Readable(pipe.clone()))
    }

    /// Says that a pipe, which has become readable, comes in the place of another; false where
    /// nobody is there to hear it.
    #[must_use]
    pub(super) fn succeed(&self, of: PeerId, pipe: &Arc<Pipe>) -> bool {
        self.tell(Arrival::Successor { of, pipe: pipe.clone() })
    }

    /// What the receiver has taken of this pipe is not to be received any more.
    pub(super) fn silence(&self, pipe: &Arc<Pipe>) {
        // Without a receiver there is nothing that it has taken.
        let _ = self.tell(Arrival::Silenced(pipe.clone()));
    }

    fn tell(&self, arrival: Arrival) -> bool {
        let mut state = self.state.lock();
        if !self.is_heard() {
            return false;
        }
        state.ready.push(arrival);
        self.pending.store(true, Ordering::Release);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        true
    }

    /// The pipe has nothing more for the receiver; false where the receiver has the pipe already.
    pub(super) fn forget(&self, pipe: &Arc<Pipe>) -> bool {
        let mut state = self.state.lock();
        let before = state.ready.len();
        state
            .ready
            .retain(|ready| !matches!(ready, Arrival::Readable(ready) if Arc::ptr_eq(ready, pipe)));
        if state.ready.is_empty() && !state.closed {
            self.pending.store(false, Ordering::Release);
        }
        state.ready.len() < before
    }

    /// The receiver, of which there is one, has popped so many so far.
    #[inline]
    pub(crate) fn set_popped(&self, messages: u64) {
        self.popped.0.store(messages, Ordering::Relaxed);
    }

    pub(super) fn popped(&self) -> u64 {
        self.popped.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Swaps what there is to know of pipes for the empty list `arrived`; `None` once the socket is
    /// closed and nothing is left.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        arrived: &mut Vec<Arrival>,
    ) -> Poll<Option<()>> {
        let mut state = self.state.lock();
        if state.ready.is_empty() {
            if state.closed {
                return Poll::Ready(None);
            }
            if !only_looks(cx) {
                state.receiver = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        self.pending.store(false, Ordering::Release);
        std::mem::swap(&mut state.ready, arrived);
        Poll::Ready(Some(()))
    }

    /// Ends the stream of messages, after those that are here, and wakes the receiver to see it.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.pending.store(true, Ordering::Release);
        if let Some(receiver) = state.receiver.take() {
            receiver.wake();
        }
    }
}
