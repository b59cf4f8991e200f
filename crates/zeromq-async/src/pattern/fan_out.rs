//! One message to several peers, encoded once.

use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{EncodeBuffer, PeerHandle, Peers};
use crate::error::SendErrorKind;
use crate::identity::PeerId;

/// Sends each message to the peers it is for. A peer with a full queue does not get it.
///
/// With `no_drop` it waits instead until every such peer has room.
#[derive(Debug)]
pub(super) struct FanOut {
    pub(super) peers: Peers,
    pub(super) no_drop: bool,
    /// The peers of the next message, as indexes of the list.
    targets: Vec<usize>,
    encoded: EncodeBuffer,
    /// Peers whose full queues kept back the last message, until `poll_ready` has waited for them. Then
    /// the message is offered again: another may have taken its place, for other peers.
    full: Vec<PeerHandle>,
}

impl FanOut {
    pub(super) fn new(peers: &Peers, no_drop: bool) -> Self {
        Self {
            peers: peers.clone(),
            no_drop,
            targets: Vec::new(),
            encoded: EncodeBuffer::new(),
            full: Vec::new(),
        }
    }

    /// Ready when the peers that were full have room, or left.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.peers.poll_proceed(cx));
        if !self.full.is_empty() {
            self.peers.register(cx);
            let is_full = self.full.drain(..).any(|peer| !peer.has_room() && !peer.is_closing());
            if is_full && !self.peers.is_closed() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.peers.check_open())
    }

    /// The next message is for all peers but these, which are put in order.
    pub(super) fn target_others(&mut self, matches: &mut [PeerId]) {
        matches.sort_unstable();
        self.targets.clear();
        let others = self.peers.list().iter().enumerate();
        let others = others.filter(|(_, peer)| matches.binary_search(&peer.id()).is_err());
        self.targets.extend(others.map(|(index, _)| index));
    }

    /// The next message is for these peers.
    pub(super) fn target(&mut self, matches: &[PeerId]) {
        self.targets.clear();
        let peers = self.peers.list();
        let mut next = 0;
        for id in matches {
            // Mostly they come in the order of the list.
            let index = match peers.get(next) {
                Some(peer) if peer.id() == *id => next,
                _ => match peers.binary_search_by_key(id, PeerHandle::id) {
                    Ok(index) => index,
                    Err(_) => continue,
                },
            };
            self.targets.push(index);
            next = index + 1;
        }
    }

    /// With `no_drop`, whether a peer of the next message has no room.
    pub(super) fn is_kept_back(&mut self) -> bool {
        if !self.no_drop {
            return false;
        }
        let targets = self.targets.iter().map(|index| &self.peers.list()[*index]);
        let full = targets.filter(|peer| !peer.has_room() && !peer.is_closing());
        self.full.clear();
        self.full.extend(full.cloned());
        !self.full.is_empty()
    }

    pub(super) fn send(&mut self, message: &mut Message) {
        let peers = self.peers.list();
        match &self.targets[..] {
            [] => self.peers.count_dropped(|dropped| dropped.unsubscribed += 1),
            [only] if !self.no_drop => {
                let only = &peers[*only];
                if let Err(error) = only.offer(message) {
                    only.count_not_queued(error);
                }
            }
            targets => {
                let encoded = self.encoded.encode(message);
                for index in targets {
                    let peer = &peers[*index];
                    let sent = match self.no_drop {
                        false => peer.offer_encoded(&encoded),
                        // There was room. Another sender may have taken it.
                        true => peer.force_encoded(&encoded),
                    };
                    if let Err(error) = sent {
                        peer.count_not_queued(error);
                    }
                }
            }
        }
    }
}

/// Another sender to the same peers.
impl Clone for FanOut {
    fn clone(&self) -> Self {
        Self::new(&self.peers, self.no_drop)
    }
}
