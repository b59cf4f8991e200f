//! The messages that wait to be received, of all peers.

use std::hint::black_box;
use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::{Batch, Message};

use super::{Budget, PeerHandle, Peers};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::pipe::{Arrival, Pipe, ReadyQueue, Refill};

/// The peers that have messages, and the messages of each in order.
///
/// A receive strategy chooses one of the peers with messages, and takes a message of that peer. The
/// list is small even if a socket has many peers: it only has peers that had messages at the last
/// look.
///
/// ```
/// use std::task::{Context, Poll, ready};
/// use zeromq_async::pattern::Inbox;
/// use zeromq_async::{Message, RecvError};
///
/// /// Receives from one peer until it has no more, and then from the next.
/// fn poll_recv(inbox: &mut Inbox, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
///     loop {
///         ready!(inbox.poll_peers(cx))?;
///         if let Some(message) = inbox.pop(0) {
///             return Poll::Ready(Ok(message));
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Inbox {
    arrivals: Arc<ReadyQueue<Arc<Pipe>>>,
    active: Vec<Active>,
    /// News of pipes: empty between two polls.
    arrived: Vec<Arrival<Arc<Pipe>>>,
    /// The length of `active` at which gone peers without messages are looked for.
    prune_at: usize,
    /// The empty batch of the peer removed last, for the next peer.
    spare: Batch,
    last: Last,
    /// Messages popped so far.
    popped: u64,
    budget: Budget,
}

/// The peer of the last message. A handle of its own would be cloned and dropped for each message
/// where many peers take turns, and their reference counts are in no cache.
#[derive(Debug)]
enum Last {
    Active(usize),
    /// The peer has been removed, or there is none yet.
    Gone(Option<(PeerHandle, Option<Peer>)>),
}

#[derive(Debug)]
struct Active {
    peer: PeerHandle,
    /// Messages taken from the pipe, popped one at a time.
    batch: Batch,
    /// The sender of the batch.
    from: Option<Peer>,
    /// The number of messages left at which the pipe is told, so that its peer may go on.
    credit_at: usize,
    /// How many fewer are left when it is told again.
    credit_step: usize,
    /// The number of bytes left at which the next ones are fetched into the cache.
    fetch_at: usize,
}

/// From this many peers on, what has arrived is in no cache by the time it is popped.
const MANY: usize = 32;

/// Bytes of a peer that are fetched into the cache together: a few messages, and so few bytes that
/// those of 1,000 peers are still cached when their turn comes.
const STRETCH: usize = 512;

/// Bytes of a line of the cache.
const CACHE_LINE: usize = 64;

/// A batch of fewer messages is small.
const FEW: usize = 64;

/// The pipe is told after this many popped bytes at the latest, so that memory for new messages is
/// memory that has just been freed.
const CREDIT_IN_BYTES: usize = 1024 * 1024;

/// The largest batch that is kept for the next peer, in bytes.
const SPARE_CAPACITY: usize = 1024;

/// The smallest list in which gone peers are looked for.
pub(super) const PRUNE_AT: usize = 256;

impl Inbox {
    /// Makes the inbox of a socket. A socket has one. Messages that arrive when it has none are
    /// dropped.
    pub fn new(peers: &Peers) -> Self {
        let arrivals = peers.set().ready_queue();
        arrivals.attach();
        Self {
            arrivals: arrivals.clone(),
            active: Vec::new(),
            arrived: Vec::new(),
            prune_at: PRUNE_AT,
            spare: Batch::new(),
            last: Last::Gone(None),
            popped: 0,
            budget: Budget::default(),
        }
    }

    /// Ready when some peer probably has a message, or the task has to yield to others.
    ///
    /// A peer of the list may have no message after all. [`pop`](Self::pop) then removes it.
    ///
    /// # Errors
    ///
    /// [`RecvError::Closed`] when the socket is closed and every message has been received.
    #[inline]
    pub fn poll_peers(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        ready!(self.budget.poll_due(cx));
        if !self.arrivals.pending() && !self.active.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.poll_arrivals(cx)
    }

    /// The rest of `poll_peers`, which is seldom needed and kept apart so that the rest is small.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let news = self.arrivals.poll_take(cx, &mut self.arrived);
        if let Poll::Ready(Some(())) = news {
            let Self { arrived, active, spare, .. } = self;
            arrived.drain(..).for_each(|arrival| enter(active, spare, arrival));
            self.prune();
        }
        match news {
            _ if !self.active.is_empty() => Poll::Ready(Ok(())),
            Poll::Ready(None) => Poll::Ready(Err(RecvError::Closed)),
            Poll::Ready(Some(())) => self.poll_arrivals(cx),
            Poll::Pending => Poll::Pending,
        }
    }

    /// How many peers are in the list.
    #[inline]
    pub fn len(&self) -> usize {
        self.active.len()
    }

    /// Whether no peer is in the list.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// The peers in the list, by the indexes that [`pop`](Self::pop) takes.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = &PeerHandle> {
        self.active.iter().map(|active| &active.peer)
    }

    /// The next message of the peer at an index.
    ///
    /// If the peer has none, it is removed, and the last peer of the list takes its index.
    ///
    /// # Panics
    ///
    /// If the list has no such index.
    #[inline]
    pub fn pop(&mut self, index: usize) -> Option<Message> {
        let are_many = self.active.len() >= MANY;
        let active = &mut self.active[index];
        let Some(message) = active.pop(&mut self.budget) else {
            self.remove(index);
            return None;
        };
        if are_many {
            active.fetch();
        }
        self.last = Last::Active(index);
        self.popped += 1;
        self.budget.spend_message(message.frame_count());
        self.arrivals.set_popped(self.popped);
        Some(message)
    }

    /// Whether the peer at an index has a message, which stays where it is. If not, the peer is
    /// removed as by [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// If the list has no such index.
    pub fn has_message(&mut self, index: usize) -> bool {
        let has_message = self.active[index].fill(&mut self.budget);
        if !has_message {
            self.remove(index);
        }
        has_message
    }

    /// The peer of the last message. See
    /// [`ReceiveStrategy::last_handle`](super::ReceiveStrategy::last_handle).
    pub fn last_handle(&self) -> Option<&PeerHandle> {
        match &self.last {
            Last::Active(index) => self.active.get(*index).map(|active| &active.peer),
            Last::Gone(last) => last.as_ref().map(|(peer, _)| peer),
        }
    }

    /// The sender of the last message. See
    /// [`ReceiveStrategy::last_peer`](super::ReceiveStrategy::last_peer).
    pub fn last_peer(&self) -> Option<&Peer> {
        match &self.last {
            Last::Active(index) => self.active.get(*index)?.from.as_ref(),
            Last::Gone(last) => last.as_ref()?.1.as_ref(),
        }
    }

    /// Drops the messages of all peers in the list, as no reply to a request.
    pub fn drop_unasked(&mut self) {
        self.active.iter_mut().for_each(Active::drop_unasked);
    }

    /// Removes a peer, and keeps its empty batch where that is small.
    fn remove(&mut self, index: usize) {
        let Active { peer, batch, from, .. } = self.active.swap_remove(index);
        match self.last {
            Last::Active(last) if last == index => self.last = Last::Gone(Some((peer, from))),
            Last::Active(last) if last == self.active.len() => self.last = Last::Active(index),
            _ => {}
        }
        if batch.capacity() <= SPARE_CAPACITY {
            self.spare = batch;
        }
    }

    /// Removes departed peers without messages. Otherwise peers that connect, send a request and
    /// withdraw it before it is received would fill the memory.
    fn prune(&mut self) {
        if self.active.len() >= self.prune_at {
            let last = self.last_handle().map(|peer| (peer.clone(), self.last_peer().cloned()));
            self.last = Last::Gone(last);
            self.active.retain(|active| !active.is_over());
            self.prune_at = PRUNE_AT.max(2 * self.active.len());
        }
    }
}

/// Applies an arrival to the list.
fn enter(active: &mut Vec<Active>, spare: &mut Batch, arrival: Arrival<Arc<Pipe>>) {
    match arrival {
        Arrival::Readable(pipe) => active.push(Active::new(pipe, take(spare))),
        Arrival::Successor { of, pipe } => {
            let before = active.iter_mut().find(|active| active.peer.id() == of);
            match before.filter(|before| !before.batch.is_empty()) {
                // The rest of its batch comes first, and then the messages of the other pipe.
                Some(before) => (before.peer, before.credit_at) = (PeerHandle::new(pipe), 0),
                None => active.push(Active::new(pipe, take(spare))),
            }
        }
        Arrival::Silenced(pipe) => {
            let silenced = active.iter_mut().find(|active| active.peer.id() == pipe.id());
            if let Some(silenced) = silenced {
                pipe.drop_taken(silenced.batch.messages());
                silenced.batch.clear();
            }
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let unheard = self.arrivals.detach();
        // Their peers wait for room, in vain but for this.
        for active in self.active.drain(..) {
            active.peer.pipe().abandon(active.batch.messages());
        }
        unheard.iter().for_each(|pipe| pipe.abandon(0));
    }
}

impl Active {
    fn new(pipe: Arc<Pipe>, batch: Batch) -> Self {
        let peer = PeerHandle::new(pipe);
        Self { peer, batch, from: None, credit_at: 0, credit_step: 0, fetch_at: 0 }
    }

    #[inline]
    fn pop(&mut self, budget: &mut Budget) -> Option<Message> {
        if !self.fill(budget) {
            return None;
        }
        let message = self.batch.pop();
        if self.batch.messages() == self.credit_at && self.credit_at > 0 {
            self.peer.pipe().inbound.release(self.credit_at);
            self.credit_at = self.credit_at.saturating_sub(self.credit_step);
        }
        message
    }

    /// Drops the messages that have arrived, and counts them as not asked for.
    fn drop_unasked(&mut self) {
        let left = self.batch.messages();
        self.batch.clear();
        self.credit_at = 0;
        let pipe = self.peer.pipe();
        if left > 0 {
            pipe.inbound.release(0);
            pipe.account().discarded(|discarded| discarded.unasked += left as u64);
        }
        pipe.discard_unasked();
    }

    /// Whether a message is here, after looking for more where none was left.
    #[inline]
    fn fill(&mut self, budget: &mut Budget) -> bool {
        if self.batch.is_empty() {
            if !self.refill() {
                return false;
            }
            budget.spend(self.batch.bytes());
        }
        true
    }

    /// Half of the batch, or 1 MiB of it, whichever is less. A small batch is not reported: its next
    /// refill is near.
    fn plan_credit(&mut self) {
        let (messages, bytes) = (self.batch.messages(), self.batch.bytes());
        if messages < FEW && bytes < CREDIT_IN_BYTES {
            self.credit_at = 0;
            return;
        }
        let in_bytes = CREDIT_IN_BYTES / (bytes / messages).max(1);
        self.credit_step = in_bytes.clamp(1, messages.div_ceil(2));
        self.credit_at = messages - self.credit_step;
    }

    /// Touches the bytes that come next, so that the processor fetches all of them at the same time.
    #[inline]
    fn fetch(&mut self) {
        let left = self.batch.bytes();
        if left <= self.fetch_at {
            let next = self.batch.first_chunk().iter().take(STRETCH).step_by(CACHE_LINE);
            black_box(next.fold(0, |all, byte| all ^ byte));
            self.fetch_at = left.saturating_sub(STRETCH);
        }
    }

    fn is_over(&self) -> bool {
        self.batch.is_empty() && self.peer.pipe().inbound.is_over()
    }

    fn refill(&mut self) -> bool {
        match self.peer.pipe().inbound.take(&mut self.batch) {
            Refill::Messages(from) => {
                self.from = from;
                self.plan_credit();
                self.fetch_at = usize::MAX;
                true
            }
            Refill::Empty => false,
        }
    }
}
