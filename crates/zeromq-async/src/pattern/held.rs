//! A message that was taken from a queue and has not been received yet.

use std::mem::take;

use zmtp::Message;

use super::PeerHandle;

/// A message that a wrapper took from its inner strategy to decide whether to receive it.
///
/// [`poll_recv_ready`](super::ReceiveStrategy::poll_recv_ready) must leave the message in place, so the
/// wrapper keeps it here for the next [`poll_recv`](super::ReceiveStrategy::poll_recv). A message that
/// is dropped here counts as [abandoned](crate::Discarded::abandoned), as does one in a queue.
#[derive(Debug)]
pub struct Held {
    /// `None` once the message is taken.
    peer: Option<PeerHandle>,
    message: Message,
}

impl Held {
    /// Holds a message of this peer.
    pub fn new(peer: Option<&PeerHandle>, message: Message) -> Self {
        Self { peer: peer.cloned(), message }
    }

    /// Takes the message out, which is then received or counted elsewhere.
    pub fn take(mut self) -> Message {
        self.peer = None;
        take(&mut self.message)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(peer) = &self.peer {
            peer.count_discarded(|discarded| discarded.abandoned += 1);
        }
    }
}
