//! Sends each message to every peer that has subscribed to it (29/PUBSUB, PUB and XPUB).

use std::sync::Arc;
use std::task::{Context, Poll};

use zmtp::Message;

use super::fan_out::FanOut;
use super::{OfferError, Peers, SendStrategy, Subscribers};
use crate::error::SendErrorKind;
use crate::identity::PeerId;

/// Sends each message to all of its subscribers. A subscriber with a full queue misses the message.
///
/// With `no_drop` it waits instead until every subscriber of the message has room.
#[derive(Debug)]
pub struct Distribute {
    out: FanOut,
    subscribers: Arc<Subscribers>,
    /// The subscribers of the last message.
    matches: Vec<PeerId>,
}

impl Distribute {
    /// Sends to these subscribers.
    pub fn new(peers: &Peers, subscribers: Arc<Subscribers>, no_drop: bool) -> Self {
        Self { out: FanOut::new(peers, no_drop), subscribers, matches: Vec::new() }
    }

    /// Waits until a message with this first frame would go to `count` peers, or the socket is closed.
    pub async fn wait_for_subscribers(&self, topic: &[u8], count: usize) {
        self.subscribers.wait_for(&self.out.peers, topic, count).await;
    }

    /// Collects the peers that get the message. Returns what [`Subscribers::find`] does.
    fn target(&mut self, message: &Message) -> Option<PeerId> {
        self.matches.clear();
        let only = self.subscribers.find(message, &mut self.matches);
        // After the lookup, because every subscriber that it finds had joined before.
        self.out.peers.refresh();
        if self.subscribers.inverts_matching() {
            self.out.target_others(&mut self.matches);
        } else {
            self.out.target(&self.matches);
        }
        only
    }
}

impl SendStrategy for Distribute {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.out.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.out.peers.check_open()?;
        let only = self.target(message);
        if self.out.is_kept_back() {
            only.into_iter().for_each(|only| self.subscribers.restore(only));
            return Err(OfferError::Full);
        }
        self.out.send(message);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.out.peers.poll_flush(cx)
    }
}

/// Another sender to the same subscribers.
impl Clone for Distribute {
    fn clone(&self) -> Self {
        Self::new(&self.out.peers, self.subscribers.clone(), self.out.no_drop)
    }
}
