//! The queues of a socket that have messages for the receiver.

use std::mem::{swap, take};
use std::task::{Context, Poll, Waker};

use super::look::only_looks;
use crate::identity::PeerId;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A queue that the receiver takes messages from.
pub(crate) trait Readable: Clone {
    fn id(&self) -> PeerId;
}

/// Queues that have become readable since the receiver last looked.
#[derive(Debug)]
pub(crate) struct ReadyQueue<H> {
    /// Set while `arrivals` is not empty, so that a busy receiver need not lock to know.
    pending: AtomicBool,
    /// Whether there is a receiver. Without one nothing is kept.
    attached: AtomicBool,
    state: Mutex<State<H>>,
    popped: Popped,
}

/// How many messages the receiver has popped. It is written for every message, so it has a cache
/// line of its own: other threads read the fields beside it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Popped(std::sync::atomic::AtomicU64);

/// A change that the receiver must know of.
#[derive(Debug)]
pub(crate) enum Arrival<H> {
    /// The queue has become readable.
    Readable(H),
    /// The queue has become readable and continues the queue `of` a peer that left. The messages of
    /// that one come first.
    Successor { of: PeerId, pipe: H },
    /// Messages already taken from this queue are to be dropped.
    Silenced(H),
}

#[derive(Debug)]
struct State<H> {
    arrivals: Vec<Arrival<H>>,
    receiver: Option<Waker>,
    closed: bool,
}

impl<H: Readable> ReadyQueue<H> {
    /// Adds the receiver.
    pub(crate) fn attach(&self) {
        self.attached.store(true, Ordering::Release);
    }

    /// Removes the receiver and returns the readable queues it has not seen.
    pub(crate) fn detach(&self) -> Vec<H> {
        let mut state = self.state.lock();
        self.attached.store(false, Ordering::Release);
        state.receiver = None;
        let arrivals = take(&mut state.arrivals);
        let readable = arrivals.into_iter().filter_map(|arrival| match arrival {
            Arrival::Readable(queue) | Arrival::Successor { pipe: queue, .. } => Some(queue),
            Arrival::Silenced(_) => None,
        });
        readable.collect()
    }

    #[inline]
    pub(crate) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Acquire)
    }

    /// Tells the receiver of a change. Returns false where there is no receiver.
    #[must_use]
    pub(crate) fn announce(&self, arrival: Arrival<H>) -> bool {
        let mut state = self.state.lock();
        if !self.is_attached() {
            return false;
        }
        state.arrivals.push(arrival);
        self.pending.store(true, Ordering::Release);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        true
    }

    /// Takes back the announcement of a queue that is empty again. Returns false where the receiver
    /// has seen it.
    pub(crate) fn retract(&self, id: PeerId) -> bool {
        let mut state = self.state.lock();
        let before = state.arrivals.len();
        state
            .arrivals
            .retain(|arrival| !matches!(arrival, Arrival::Readable(queue) if queue.id() == id));
        if state.arrivals.is_empty() && !state.closed {
            self.pending.store(false, Ordering::Release);
        }
        state.arrivals.len() < before
    }

    /// Publishes how many messages the one receiver has popped.
    #[inline]
    pub(crate) fn set_popped(&self, messages: u64) {
        self.popped.0.store(messages, Ordering::Relaxed);
    }

    pub(crate) fn popped(&self) -> u64 {
        self.popped.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Swaps the changes with `arrivals`, which is empty. Ready with `None` once the socket is closed
    /// and nothing is left.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        arrivals: &mut Vec<Arrival<H>>,
    ) -> Poll<Option<()>> {
        let mut state = self.state.lock();
        if state.arrivals.is_empty() {
            if state.closed {
                return Poll::Ready(None);
            }
            if !only_looks(cx) {
                state.receiver = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        self.pending.store(false, Ordering::Release);
        swap(&mut state.arrivals, arrivals);
        Poll::Ready(Some(()))
    }

    /// Ends the stream of messages after the present ones.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.pending.store(true, Ordering::Release);
        if let Some(receiver) = state.receiver.take() {
            receiver.wake();
        }
    }
}

impl<H> Default for ReadyQueue<H> {
    fn default() -> Self {
        Self {
            pending: AtomicBool::new(false),
            attached: AtomicBool::new(false),
            state: Mutex::new(State { arrivals: Vec::new(), receiver: None, closed: false }),
            popped: Popped::default(),
        }
    }
}
