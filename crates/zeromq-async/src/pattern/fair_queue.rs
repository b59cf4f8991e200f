//! One message from each peer that has any, in turn (28/REQREP, 29/PUBSUB, 30/PIPELINE).

use std::hint::black_box;
use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::{Batch, Message};

use super::{Budget, Incoming};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::peer::{Arrival, PeerSet, Pipe, ReadyQueue, Refill};

/// Receives fairly from every peer.
#[derive(Debug)]
pub(crate) struct FairQueue {
    arrivals: Arc<ReadyQueue>,
    /// Pipes that had messages when last looked at; `turn` is the next of them.
    active: Vec<Active>,
    turn: usize,
    /// What has just been told of pipes: empty between two polls.
    arrived: Vec<Arrival>,
    /// When so many are active, those whose peers have gone without leaving anything are let go.
    prune_at: usize,
    /// What the pipe that was let go last has popped from, for the next.
    spare: Batch,
    last: Last,
    /// Messages popped so far.
    popped: u64,
    budget: Budget,
}

/// The pipe that the last message came from. A reference of its own would be taken and dropped for
/// each message where many pipes take turns, and their counts are in no cache.
#[derive(Debug)]
enum Last {
    Active(usize),
    /// It has been let go; or there is none yet.
    Gone(Option<(Arc<Pipe>, Option<Peer>)>),
}

#[derive(Debug)]
struct Active {
    pipe: Arc<Pipe>,
    /// Messages taken from the pipe, popped one at a time.
    batch: Batch,
    /// Who they are from.
    peer: Option<Peer>,
    /// When only so many are left, the pipe is told, and its peer may go on.
    credit_at: usize,
    /// How many fewer are left when it is told again.
    credit_step: usize,
    /// When only so many bytes are left, those that come next are fetched into the cache.
    fetch_at: usize,
}

/// With so many active pipes, what has arrived is in no cache by the time it is popped.
const MANY: usize = 32;

/// Bytes of a pipe that are fetched into the cache together: some messages', which wait for the
/// memory once, and so few that those of 1,000 pipes are still there when their turn comes.
const STRETCH: usize = 512;

/// Bytes of a line of the cache.
const CACHE_LINE: usize = 64;

/// A batch of fewer messages is small.
const FEW: usize = 64;

/// The pipe is told at the latest when so many bytes have been popped, so that memory for what
/// comes next is what has just been freed.
const CREDIT_IN_BYTES: usize = 1024 * 1024;

impl FairQueue {
    pub(crate) fn new(peers: &PeerSet) -> Self {
        peers.arrivals().listen();
        Self {
            arrivals: peers.arrivals().clone(),
            active: Vec::new(),
            turn: 0,
            arrived: Vec::new(),
            prune_at: PRUNE_AT,
            spare: Batch::new(),
            last: Last::Gone(None),
            popped: 0,
            budget: Budget::default(),
        }
    }

    /// The next message of the pipe whose turn it is; pipes found empty are let go.
    #[inline]
    fn pop(&mut self) -> Option<Message> {
        while !self.active.is_empty() {
            if self.turn >= self.active.len() {
                self.turn = 0;
            }
            let are_many = self.active.len() >= MANY;
            let active = &mut self.active[self.turn];
            if let Some(message) = active.pop(&mut self.budget) {
                self.last = Last::Active(self.turn);
                if are_many {
                    active.fetch();
                }
                self.turn += 1;
                self.popped += 1;
                self.budget.spend_frames(message.frame_count());
                self.arrivals.set_popped(self.popped);
                return Some(message);
            }
            self.let_go();
        }
        None
    }

    /// Turns to the next pipe that has a message; pipes found empty are let go.
    fn turn_to_filled(&mut self) -> bool {
        while !self.active.is_empty() {
            if self.turn >= self.active.len() {
                self.turn = 0;
            }
            if self.active[self.turn].fill(&mut self.budget) {
                return true;
            }
            self.let_go();
        }
        false
    }

    /// The rest of `poll_recv`, which is seldom needed and kept apart so that the rest is small.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            match self.arrivals.poll_take(cx, &mut self.arrived) {
                Poll::Ready(Some(())) => {
                    self.take_in();
                    self.prune();
                }
                Poll::Ready(None) if self.active.is_empty() => {
                    return Poll::Ready(Err(RecvError::Closed));
                }
                Poll::Ready(None) => {}
                Poll::Pending if self.active.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
            if let Some(message) = self.pop() {
                return Poll::Ready(Ok(message));
            }
        }
    }

    /// Takes note of what is to be known of pipes.
    fn take_in(&mut self) {
        let Self { arrived, active, spare, .. } = self;
        arrived.drain(..).for_each(|arrival| take_in(active, spare, arrival));
    }

    /// Lets go of the pipe whose turn it is, and keeps its empty batch where that is small.
    fn let_go(&mut self) {
        let Active { pipe, batch, peer, .. } = self.active.swap_remove(self.turn);
        match self.last {
            Last::Active(last) if last == self.turn => self.last = Last::Gone(Some((pipe, peer))),
            Last::Active(last) if last == self.active.len() => self.last = Last::Active(self.turn),
            _ => {}
        }
        if batch.capacity() <= SPARE_CAPACITY {
            self.spare = batch;
        }
    }

    /// Lets go of pipes that have nothing and never will, so that peers which come, ask, and take
    /// their question back faster than it is received do not fill the memory.
    fn prune(&mut self) {
        if self.active.len() >= self.prune_at {
            let last = self.last_pipe().map(|pipe| (pipe.clone(), self.last_peer().cloned()));
            self.last = Last::Gone(last);
            self.active.retain(|active| !active.is_over());
            self.prune_at = PRUNE_AT.max(2 * self.active.len());
        }
    }
}

/// Takes note of what is to be known of a pipe.
fn take_in(active: &mut Vec<Active>, spare: &mut Batch, arrival: Arrival) {
    match arrival {
        Arrival::Readable(pipe) => active.push(Active::new(pipe, take(spare))),
        Arrival::Successor { of, pipe } => {
            let before = active.iter_mut().find(|active| active.pipe.id() == of);
            match before.filter(|before| !before.batch.is_empty()) {
                // What is left of it comes first, and then what the other pipe has.
                Some(before) => (before.pipe, before.credit_at) = (pipe, 0),
                None => active.push(Active::new(pipe, take(spare))),
            }
        }
        Arrival::Silenced(pipe) => {
            let silenced = active.iter_mut().find(|active| active.pipe.id() == pipe.id());
            if let Some(silenced) = silenced {
                pipe.inbound.drop_lent(&pipe, silenced.batch.messages());
                silenced.batch.clear();
            }
        }
    }
}

/// The most memory that is kept for the next pipe, in bytes. Each pipe may come to hold as much.
const SPARE_CAPACITY: usize = 1024;

/// Active pipes below which looking for those that are over is not worth it.
const PRUNE_AT: usize = 256;

impl Drop for FairQueue {
    fn drop(&mut self) {
        let unheard = self.arrivals.deafen();
        // Their peers wait for room, in vain but for this.
        for active in self.active.drain(..) {
            active.pipe.abandon(active.batch.messages());
        }
        unheard.iter().for_each(|pipe| pipe.abandon(0));
    }
}

impl Active {
    fn new(pipe: Arc<Pipe>, batch: Batch) -> Self {
        Self { pipe, batch, peer: None, credit_at: 0, credit_step: 0, fetch_at: 0 }
    }

    #[inline]
    fn pop(&mut self, budget: &mut Budget) -> Option<Message> {
        if !self.fill(budget) {
            return None;
        }
        let message = self.batch.pop();
        if self.batch.messages() == self.credit_at && self.credit_at > 0 {
            self.pipe.inbound.credit(self.credit_at);
            self.credit_at = self.credit_at.saturating_sub(self.credit_step);
        }
        message
    }

    /// Drops what has come, and enters it as not asked for.
    fn drop_unasked(&mut self) {
        let left = self.batch.messages();
        self.batch.clear();
        self.credit_at = 0;
        if left > 0 {
            self.pipe.inbound.credit(0);
            self.pipe.account().discarded(|discarded| discarded.unasked += left as u64);
        }
        self.pipe.forget_unasked();
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

    /// Half of the batch, or as many messages as are a MiB, whichever is less; and not at all for a
    /// batch that is small, for the next refill is not far off.
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

    /// Touches what comes next, so that the processor fetches all of it at the same time.
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
        self.batch.is_empty() && self.pipe.inbound.is_over()
    }

    fn refill(&mut self) -> bool {
        match self.pipe.inbound.refill(&mut self.batch) {
            Refill::Messages(peer) => {
                self.peer = peer;
                self.plan_credit();
                self.fetch_at = usize::MAX;
                true
            }
            Refill::Empty => false,
        }
    }
}

impl Incoming for FairQueue {
    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        ready!(self.budget.poll(cx));
        if !self.arrivals.pending()
            && let Some(message) = self.pop()
        {
            return Poll::Ready(Ok(message));
        }
        self.poll_arrivals(cx)
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        ready!(self.budget.poll(cx));
        if !self.arrivals.pending() && self.turn_to_filled() {
            return Poll::Ready(Ok(()));
        }
        loop {
            let news = self.arrivals.poll_take(cx, &mut self.arrived);
            if let Poll::Ready(Some(())) = news {
                self.take_in();
                self.prune();
            }
            if self.turn_to_filled() {
                return Poll::Ready(Ok(()));
            }
            if ready!(news).is_none() {
                return Poll::Ready(Err(RecvError::Closed));
            }
        }
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        match &self.last {
            Last::Active(place) => self.active.get(*place).map(|active| &active.pipe),
            Last::Gone(last) => last.as_ref().map(|(pipe, _)| pipe),
        }
    }

    fn last_peer(&self) -> Option<&Peer> {
        match &self.last {
            Last::Active(place) => self.active.get(*place)?.peer.as_ref(),
            Last::Gone(last) => last.as_ref()?.1.as_ref(),
        }
    }

    fn drop_unasked(&mut self) {
        for active in &mut self.active {
            active.drop_unasked();
        }
    }
}

#[cfg(test)]
mod tests;
