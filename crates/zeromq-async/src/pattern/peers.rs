//! The peers of a socket, as one strategy sees them.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::watch;
use zmtp::Message;

use super::{Budget, PeerHandle, QueueError};
use crate::error::SendErrorKind;
use crate::pipe::{PeerSet, Waiter};
use crate::stats::Dropped;

/// The peers of a socket, as one sender or receiver sees them.
///
/// It keeps a copy of the list, so that sending only locks the queue of one peer.
/// [`refresh`](Self::refresh) updates the copy. A clone sees the same peers, and waits for them on
/// its own: each clone of a strategy needs one.
#[derive(Debug)]
pub struct Peers {
    set: Arc<PeerSet>,
    /// In the order of ids, current as of `generation`.
    list: Vec<PeerHandle>,
    generation: u64,
    closed: bool,
    pub(super) budget: Budget,
    waiter: Waiter,
}

impl Peers {
    pub(crate) fn new(set: Arc<PeerSet>) -> Self {
        Self {
            waiter: Waiter::new(set.clone()),
            set,
            list: Vec::new(),
            generation: u64::MAX,
            closed: false,
            budget: Budget::default(),
        }
    }

    pub(super) fn set(&self) -> &Arc<PeerSet> {
        &self.set
    }

    /// Changes when a peer connects or disconnects, and when the socket closes.
    pub(super) fn connected(&self) -> watch::Receiver<usize> {
        self.set.connected()
    }

    /// Updates the list of peers. Returns whether it has changed.
    #[inline]
    pub fn refresh(&mut self) -> bool {
        let is_changed = self.set.generation() != self.generation;
        if is_changed {
            self.copy();
        }
        is_changed
    }

    #[cold]
    fn copy(&mut self) {
        self.generation = self.set.generation();
        self.list = self.set.pipes().into_iter().map(PeerHandle::new).collect();
        self.list.sort_unstable_by_key(PeerHandle::id);
        self.closed = self.set.is_closed();
    }

    /// The peers at the last [`refresh`](Self::refresh), in the order of their ids, which is the
    /// order in which they joined.
    #[inline]
    pub fn list(&self) -> &[PeerHandle] {
        &self.list
    }

    /// Whether the socket is closed.
    pub fn is_closed(&self) -> bool {
        self.set.is_closed()
    }

    /// Whether the socket was closed at the last [`refresh`](Self::refresh).
    #[inline]
    pub(super) fn was_closed(&self) -> bool {
        self.closed
    }

    /// Refuses to send once the socket is closed.
    ///
    /// # Errors
    ///
    /// [`Closed`](SendErrorKind::Closed).
    #[inline]
    pub fn check_open(&self) -> Result<(), SendErrorKind> {
        self.set.check_open()
    }

    /// Queues the whole message for a peer of the [list](Self::list), and counts its bytes for
    /// [`poll_proceed`](Self::poll_proceed).
    ///
    /// # Errors
    ///
    /// The message was not queued and is unchanged.
    ///
    /// # Panics
    ///
    /// If the list has no such index.
    #[inline]
    pub fn offer(&mut self, index: usize, message: &mut Message) -> Result<(), QueueError> {
        let written = self.list[index].pipe().send(message)?;
        self.budget.spend(written);
        Ok(())
    }

    /// Counts a message and is ready, unless the task has to yield to others first.
    ///
    /// Called once for each message, at the start of [`poll_ready`](super::SendStrategy::poll_ready).
    #[inline]
    pub fn poll_proceed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.budget.poll(cx)
    }

    /// Ready when some peer has room, or the socket is closed.
    ///
    /// # Errors
    ///
    /// [`Closed`](SendErrorKind::Closed).
    pub fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.poll_proceed(cx));
        self.refresh();
        if !self.closed && !self.has_room() {
            // Registered first, and then looked again: room that is made in between is seen.
            self.register(cx);
            self.refresh();
            if !self.closed && !self.has_room() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.check_open())
    }

    fn has_room(&self) -> bool {
        self.list.iter().any(PeerHandle::has_room)
    }

    /// Wakes the task when a peer may have room, when the list changes and when the socket closes.
    ///
    /// Look at the peers after this call: a change before it wakes no task.
    pub fn register(&mut self, cx: &Context<'_>) {
        self.waiter.register(cx);
    }

    /// Ready when the queues of all peers are empty.
    pub fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.waiter.poll_flush(cx)
    }

    /// Counts a message that is dropped and was not for a particular peer.
    pub fn count_dropped(&self, count: impl FnOnce(&mut Dropped)) {
        self.set.ledger().dropped(count);
    }
}

/// Another view of the same peers.
impl Clone for Peers {
    fn clone(&self) -> Self {
        Self::new(self.set.clone())
    }
}
