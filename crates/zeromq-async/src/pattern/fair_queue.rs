//! One message from each peer that has any, in turn (28/REQREP, 29/PUBSUB, 30/PIPELINE).

use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::{Batch, Message};

use super::{Budget, Incoming};
use crate::error::RecvError;
use crate::peer::{Arrivals, PeerSet, Pipe, Refill};

/// Receives fairly from every peer.
#[derive(Debug)]
pub(crate) struct FairQueue {
    arrivals: Arc<Arrivals>,
    /// Pipes that had messages when last looked at; `turn` is the next of them.
    active: Vec<Active>,
    turn: usize,
    /// When so many are active, those whose peers have gone without leaving anything are let go.
    prune_at: usize,
    /// What the pipe that was let go last has popped from, for the next.
    spare: Batch,
    last: Option<Arc<Pipe>>,
    /// Messages popped so far.
    popped: u64,
    budget: Budget,
}

#[derive(Debug)]
struct Active {
    pipe: Arc<Pipe>,
    /// Messages taken from the pipe, popped one at a time.
    batch: Batch,
    /// When only so many are left, the pipe is told, and its peer may go on.
    credit_at: usize,
    /// How many fewer are left when it is told again.
    credit_step: usize,
}

/// A batch of fewer messages is small.
const FEW: usize = 64;

/// The pipe is told at the latest when so many octets have been popped, so that memory for what
/// comes next is what has just been freed.
const CREDIT_IN_OCTETS: usize = 1024 * 1024;

impl FairQueue {
    pub(crate) fn new(peers: &PeerSet) -> Self {
        peers.arrivals().listen();
        Self {
            arrivals: peers.arrivals().clone(),
            active: Vec::new(),
            turn: 0,
            prune_at: PRUNE_AT,
            spare: Batch::new(),
            last: None,
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
            let active = &mut self.active[self.turn];
            if let Some(message) = active.pop(&mut self.budget) {
                if self.last.as_ref().is_none_or(|last| last.id() != active.pipe.id()) {
                    self.last = Some(active.pipe.clone());
                }
                self.turn += 1;
                self.popped += 1;
                self.arrivals.set_popped(self.popped);
                return Some(message);
            }
            self.let_go();
        }
        None
    }

    /// The rest of `poll_recv`, which is seldom needed and kept apart so that the rest is small.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            let Self { arrivals, active, spare, .. } = self;
            match arrivals.poll_take(cx, |pipe| active.push(Active::new(pipe, take(spare)))) {
                Poll::Ready(Some(())) => self.prune(),
                Poll::Ready(None) if active.is_empty() => {
                    return Poll::Ready(Err(RecvError::Closed));
                }
                Poll::Ready(None) => {}
                Poll::Pending if active.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
            if let Some(message) = self.pop() {
                return Poll::Ready(Ok(message));
            }
        }
    }

    /// Lets go of the pipe whose turn it is, and keeps its empty batch where that is small.
    fn let_go(&mut self) {
        let Active { batch, .. } = self.active.swap_remove(self.turn);
        if batch.capacity() <= SPARE_CAPACITY {
            self.spare = batch;
        }
    }

    /// Lets go of pipes that have nothing and never will, so that peers which come, ask, and take
    /// their question back faster than it is received do not fill the memory.
    fn prune(&mut self) {
        if self.active.len() >= self.prune_at {
            self.active.retain(|active| !active.is_over());
            self.prune_at = PRUNE_AT.max(2 * self.active.len());
        }
    }
}

/// The most memory that is kept for the next pipe, in octets. Each pipe may come to hold as much.
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
        Self { pipe, batch, credit_at: 0, credit_step: 0 }
    }

    #[inline]
    fn pop(&mut self, budget: &mut Budget) -> Option<Message> {
        if self.batch.is_empty() {
            if !self.refill() {
                return None;
            }
            budget.spend(self.batch.octets());
        }
        let message = self.batch.pop();
        if self.batch.messages() == self.credit_at && self.credit_at > 0 {
            self.pipe.inbound.credit(self.credit_at);
            self.credit_at = self.credit_at.saturating_sub(self.credit_step);
        }
        message
    }

    /// Half of the batch, or as many messages as are a MiB, whichever is less; and not at all for a
    /// batch that is small, for the next refill is not far off.
    fn plan_credit(&mut self) {
        let (messages, octets) = (self.batch.messages(), self.batch.octets());
        if messages < FEW && octets < CREDIT_IN_OCTETS {
            self.credit_at = 0;
            return;
        }
        let in_octets = CREDIT_IN_OCTETS / (octets / messages).max(1);
        self.credit_step = in_octets.clamp(1, messages.div_ceil(2));
        self.credit_at = messages - self.credit_step;
    }

    fn is_over(&self) -> bool {
        self.batch.is_empty() && self.pipe.inbound.is_over()
    }

    fn refill(&mut self) -> bool {
        match self.pipe.inbound.refill(&mut self.batch) {
            Refill::Messages => {
                self.plan_credit();
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

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::endpoint::Endpoint;
    use crate::options::PipeOptions;
    use crate::peer::Pattern;

    /// Each recv takes note of all who have asked since, and hands out one question. Those who have
    /// taken theirs back are forgotten, though many come for each that is received.
    #[test]
    fn peers_that_have_gone_without_a_message_are_let_go() {
        let peers = PeerSet::new(None);
        let mut queue = FairQueue::new(&peers);
        let mut cx = Context::from_waker(Waker::noop());
        let pattern: Arc<dyn Pattern> = Arc::new(());
        let open = || {
            let endpoint = Arc::new(Endpoint::Inproc("asked".into()));
            let pipe = peers.open(&PipeOptions::default(), &pattern, endpoint);
            peers.join(&pipe).unwrap();
            pipe.push(&mut Message::from("a question"));
            pipe
        };
        let _patient: Vec<_> = (0..200).map(|_| open()).collect();
        for _ in 0..100 {
            let impatient: Vec<_> = (0..100).map(|_| open()).collect();
            assert!(queue.poll_recv(&mut cx).is_ready());
            for pipe in impatient {
                pipe.forget_unasked();
                peers.leave(&pipe);
            }
        }
        assert!(queue.active.len() < 1000, "{} are kept", queue.active.len());
    }
}
