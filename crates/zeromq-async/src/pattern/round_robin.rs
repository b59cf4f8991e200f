//! Each message to the next peer that has room (28/REQREP, 30/PIPELINE, 41/CLISRV,
//! 49/SCATTER-GATHER).

use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{OfferError, PeerHandle, Peers, SendStrategy};
use crate::error::SendErrorKind;

/// Sends to every peer in turn. A peer with a full queue is skipped. Waits while all queues are
/// full.
#[derive(Debug)]
pub struct RoundRobin {
    peers: Peers,
    next: usize,
    last: Option<PeerHandle>,
}

impl RoundRobin {
    /// Sends to the peers of a socket.
    pub fn new(peers: &Peers) -> Self {
        // Each sender begins with another peer: many that send one message each are fair too.
        Self { peers: peers.clone(), next: peers.set().add_sender(), last: None }
    }

    #[inline]
    fn refresh(&mut self) {
        if self.peers.refresh() {
            self.next = self.next.checked_rem(self.peers.list().len()).unwrap_or(self.next);
            self.last = None;
        }
    }

    /// Turns to the first peer, from the next one on, for which `has_room` holds.
    #[inline]
    fn turn_to(&mut self, has_room: impl Fn(&PeerHandle) -> bool) -> bool {
        let peers = self.peers.list();
        for _ in 0..peers.len() {
            if self.next >= peers.len() {
                self.next = 0;
            }
            if has_room(&peers[self.next]) {
                return true;
            }
            self.next += 1;
        }
        false
    }

    /// `poll_ready` where no peer seemed to have room.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        if self.turn_to(PeerHandle::has_room) {
            return Poll::Ready(Ok(()));
        }
        self.peers.register(cx);
        self.refresh();
        if self.peers.was_closed() {
            return Poll::Ready(Err(SendErrorKind::Closed));
        }
        if self.turn_to(PeerHandle::has_room) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl SendStrategy for RoundRobin {
    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.peers.poll_proceed(cx));
        self.refresh();
        if self.peers.was_closed() {
            return Poll::Ready(Err(SendErrorKind::Closed));
        }
        if self.turn_to(PeerHandle::may_have_room) {
            return Poll::Ready(Ok(()));
        }
        self.poll_room(cx)
    }

    #[inline]
    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.offer_after(message, |_| true)
    }

    #[inline]
    fn offer_after(
        &mut self,
        message: &mut Message,
        before: impl Fn(&PeerHandle) -> bool,
    ) -> Result<(), OfferError> {
        self.refresh();
        if self.peers.was_closed() {
            return Err(OfferError::Failed(SendErrorKind::Closed));
        }
        for _ in 0..self.peers.list().len() {
            if self.next >= self.peers.list().len() {
                self.next = 0;
            }
            let index = self.next;
            self.next += 1;
            if before(&self.peers.list()[index]) && self.peers.offer(index, message).is_ok() {
                let peer = &self.peers.list()[index];
                if self.last.as_ref() != Some(peer) {
                    self.last = Some(peer.clone());
                }
                return Ok(());
            }
        }
        Err(OfferError::Full)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.last.as_ref()
    }
}

/// Another sender, which begins with another peer.
impl Clone for RoundRobin {
    fn clone(&self) -> Self {
        Self::new(&self.peers)
    }
}
