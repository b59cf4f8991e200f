//! Each message to the next peer that has room (28/REQREP, 30/PIPELINE).

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{Budget, Outgoing, Refusal};
use crate::error::SendErrorKind;
use crate::peer::{PeerSet, Pipe, Waiter};

/// Sends in turn to every peer, passing over those whose queue is full; waits while all are.
#[derive(Debug)]
pub(crate) struct RoundRobin {
    peers: Arc<PeerSet>,
    /// A copy of the set, current as of `generation`: sending takes no lock but the pipe's own.
    pipes: Vec<Arc<Pipe>>,
    generation: u64,
    closed: bool,
    next: usize,
    last: Option<Arc<Pipe>>,
    budget: Budget,
    waiter: Waiter,
}

impl RoundRobin {
    pub(crate) fn new(peers: Arc<PeerSet>) -> Self {
        // Each sender begins with another peer: many that send one message each are fair too.
        let next = peers.add_sender();
        Self {
            waiter: Waiter::new(peers.clone()),
            peers,
            pipes: Vec::new(),
            generation: u64::MAX,
            closed: false,
            next,
            last: None,
            budget: Budget::default(),
        }
    }

    #[inline]
    fn refresh(&mut self) {
        let generation = self.peers.generation();
        if generation != self.generation {
            self.pipes = self.peers.pipes();
            self.next = self.next.checked_rem(self.pipes.len()).unwrap_or(self.next);
            self.closed = self.peers.is_closed();
            self.generation = generation;
            self.last = None;
        }
    }

    /// Turns to the first pipe, from the next in line, for which `has_room` holds.
    #[inline]
    fn turn_to(&mut self, has_room: impl Fn(&Pipe) -> bool) -> bool {
        for _ in 0..self.pipes.len() {
            if self.next >= self.pipes.len() {
                self.next = 0;
            }
            if has_room(&self.pipes[self.next]) {
                return true;
            }
            self.next += 1;
        }
        false
    }
}

impl Outgoing for RoundRobin {
    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.budget.poll(cx));
        self.refresh();
        if self.closed {
            return Poll::Ready(Err(SendErrorKind::Closed));
        }
        if self.turn_to(|pipe| pipe.outbound.may_have_room()) {
            return Poll::Ready(Ok(()));
        }
        if self.turn_to(|pipe| pipe.outbound.has_room()) {
            return Poll::Ready(Ok(()));
        }
        self.waiter.register(cx);
        self.refresh();
        if self.closed {
            return Poll::Ready(Err(SendErrorKind::Closed));
        }
        if self.turn_to(|pipe| pipe.outbound.has_room()) {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    #[inline]
    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.offer_after(message, |_| ())
    }

    #[inline]
    fn offer_after(
        &mut self,
        message: &mut Message,
        before: impl Fn(&Arc<Pipe>),
    ) -> Result<(), Refusal> {
        self.refresh();
        if self.closed {
            return Err(Refusal::Failed(SendErrorKind::Closed));
        }
        for _ in 0..self.pipes.len() {
            if self.next >= self.pipes.len() {
                self.next = 0;
            }
            let pipe = &self.pipes[self.next];
            self.next += 1;
            before(pipe);
            if let Ok(written) = pipe.send(message) {
                self.budget.spend(written);
                if self.last.as_ref().is_none_or(|last| last.id() != pipe.id()) {
                    self.last = Some(pipe.clone());
                }
                return Ok(());
            }
        }
        Err(Refusal::Full)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waiter.poll_flush(cx)
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.last.as_ref()
    }
}

impl Clone for RoundRobin {
    fn clone(&self) -> Self {
        Self::new(self.peers.clone())
    }
}
