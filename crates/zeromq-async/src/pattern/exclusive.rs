//! One peer and no other (31/EXPAIR, 52/CHANNEL).

use std::task::{Context, Poll};

use zmtp::Message;

use super::{OfferError, PeerHandle, PeerHooks, Peers, RoundRobin, SendStrategy};
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::sync::Mutex;

/// The hooks of a PAIR or CHANNEL: the first peer is taken, and others are rejected until it leaves.
#[derive(Debug, Default)]
pub struct Occupancy(Mutex<Option<PeerId>>);

impl PeerHooks for Occupancy {
    fn join(&self, peer: &PeerHandle) -> Result<(), Rejected> {
        let mut holder = self.0.lock();
        if holder.is_some() {
            return Err(Rejected::Occupied);
        }
        *holder = Some(peer.id());
        Ok(())
    }

    fn leave(&self, peer: &PeerHandle) {
        self.0.lock().take_if(|holder| *holder == peer.id());
    }
}

/// Sends to the only peer. Waits while there is none, or while its queue is full.
///
/// With at most one peer, round robin does the same.
#[derive(Debug, Clone)]
pub struct Exclusive(RoundRobin);

impl Exclusive {
    /// Sends to the peer that [`Occupancy`] admits.
    pub fn new(peers: &Peers) -> Self {
        Self(RoundRobin::new(peers))
    }
}

impl SendStrategy for Exclusive {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.0.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.0.offer(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_flush(cx)
    }
}
