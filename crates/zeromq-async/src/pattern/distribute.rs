//! Each message to every peer that has subscribed to it (29/PUBSUB, PUB and XPUB).

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{EncodeBuffer, OfferError, PeerHandle, Peers, SendStrategy, Subscribers};
use crate::error::SendErrorKind;
use crate::identity::PeerId;

/// Sends each message to all of its subscribers. A subscriber with a full queue misses the message.
///
/// With `no_drop` it waits instead until every subscriber of the message has room.
#[derive(Debug)]
pub struct Distribute {
    peers: Peers,
    subscribers: Arc<Subscribers>,
    no_drop: bool,
    /// The subscribers of the last message.
    matches: Vec<PeerId>,
    /// The peers that get it, as indexes of the list.
    targets: Vec<usize>,
    encoded: EncodeBuffer,
    /// The subscribers with full queues that made the last `offer` fail.
    full: Vec<PeerHandle>,
}

impl Distribute {
    /// Sends to these subscribers.
    pub fn new(peers: &Peers, subscribers: Arc<Subscribers>, no_drop: bool) -> Self {
        Self {
            peers: peers.clone(),
            subscribers,
            no_drop,
            matches: Vec::new(),
            targets: Vec::new(),
            encoded: EncodeBuffer::new(),
            full: Vec::new(),
        }
    }

    /// Waits until a message with this first frame would go to `count` peers, or the socket is closed.
    pub async fn wait_for_subscribers(&self, topic: &[u8], count: usize) {
        self.subscribers.wait_for(&self.peers, topic, count).await;
    }

    /// Collects the peers that get the message. Returns what [`Subscribers::find`] does.
    fn target(&mut self, message: &Message) -> Option<PeerId> {
        self.matches.clear();
        let only = self.subscribers.find(message, &mut self.matches);
        // After the look-up, because every subscriber that it finds had joined before.
        self.peers.refresh();
        self.targets.clear();
        if self.subscribers.inverts_matching() {
            self.target_others();
        } else {
            self.target_matches();
        }
        only
    }

    fn target_others(&mut self) {
        self.matches.sort_unstable();
        let others = self.peers.list().iter().enumerate();
        let others = others.filter(|(_, peer)| self.matches.binary_search(&peer.id()).is_err());
        self.targets.extend(others.map(|(index, _)| index));
    }

    fn target_matches(&mut self) {
        let peers = self.peers.list();
        let mut next = 0;
        for id in &self.matches {
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

    fn send_to_targets(&mut self, message: &mut Message) {
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

impl SendStrategy for Distribute {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.peers.poll_proceed(cx));
        if !self.full.is_empty() {
            self.peers.register(cx);
            self.full.retain(|peer| !peer.has_room() && !peer.is_closing());
            if !self.full.is_empty() && !self.peers.is_closed() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        let only = self.target(message);
        if self.no_drop {
            let targets = self.targets.iter().map(|index| &self.peers.list()[*index]);
            let full = targets.filter(|peer| !peer.has_room() && !peer.is_closing());
            self.full.clear();
            self.full.extend(full.cloned());
            if !self.full.is_empty() {
                only.into_iter().for_each(|only| self.subscribers.restore(only));
                return Err(OfferError::Full);
            }
        }
        self.send_to_targets(message);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}

/// Another sender to the same subscribers.
impl Clone for Distribute {
    fn clone(&self) -> Self {
        Self::new(&self.peers, self.subscribers.clone(), self.no_drop)
    }
}
