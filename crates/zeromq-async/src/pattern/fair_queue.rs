//! One message from each peer that has any, in turn (28/REQREP, 29/PUBSUB, 30/PIPELINE).

use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{Inbox, PeerHandle, Peers, ReceiveStrategy};
use crate::error::RecvError;
use crate::identity::Peer;

/// Receives fairly from every peer.
#[derive(Debug)]
pub struct FairQueue {
    inbox: Inbox,
    /// The index of the next peer.
    turn: usize,
}

impl FairQueue {
    /// Receives from the peers of a socket.
    pub fn new(peers: &Peers) -> Self {
        Self { inbox: Inbox::new(peers), turn: 0 }
    }

    /// Turns to a peer of the inbox, which has one.
    #[inline]
    fn turn(&mut self) -> usize {
        if self.turn >= self.inbox.len() {
            self.turn = 0;
        }
        self.turn
    }
}

impl ReceiveStrategy for FairQueue {
    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            ready!(self.inbox.poll_peers(cx))?;
            while !self.inbox.is_empty() {
                let turn = self.turn();
                if let Some(message) = self.inbox.pop(turn) {
                    self.turn = turn + 1;
                    return Poll::Ready(Ok(message));
                }
            }
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        loop {
            ready!(self.inbox.poll_peers(cx))?;
            while !self.inbox.is_empty() {
                let turn = self.turn();
                if self.inbox.has_message(turn) {
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inbox.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inbox.last_peer()
    }

    fn drop_unasked(&mut self) {
        self.inbox.drop_unasked();
    }
}

#[cfg(test)]
mod tests;
