//! One peer and no other (31/EXPAIR).

use std::sync::Arc;
use std::task::{Context, Poll};

use zmtp::Message;

use super::{Outgoing, Refusal, RoundRobin};
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::peer::{Pattern, PeerSet, Pipe};
use crate::sync::Mutex;

/// Who the one peer is: the state a PAIR shares with the engine.
#[derive(Debug, Default)]
pub(crate) struct Occupancy(Mutex<Option<PeerId>>);

impl Pattern for Occupancy {
    fn join(&self, pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        let mut holder = self.0.lock();
        if holder.is_some() {
            return Err(Rejected::Occupied);
        }
        *holder = Some(pipe.id());
        Ok(())
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        let mut holder = self.0.lock();
        if *holder == Some(pipe.id()) {
            *holder = None;
        }
    }
}

/// Sends to the one peer; waits while there is none, or while its queue is full.
///
/// With never more than one peer to choose from, round robin does just that.
#[derive(Debug, Clone)]
pub(crate) struct Exclusive(RoundRobin);

impl Exclusive {
    pub(crate) fn new(peers: Arc<PeerSet>) -> Self {
        Self(RoundRobin::new(peers))
    }
}

impl Outgoing for Exclusive {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.0.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.0.offer(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_flush(cx)
    }
}
