//! One peer, as strategies and layers see it.

use std::sync::Arc;

use zmtp::{Frame, Message};

use crate::identity::{Peer, PeerId};
use crate::pipe::Pipe;
pub use crate::pipe::Refused;
use crate::stats::{Discarded, Dropped};

/// A peer of a socket: its queue of messages to be sent, and its counts.
///
/// A handle is cheap to clone and does not keep the peer connected. A peer that the socket connects
/// to is the same one over all of its connections.
#[derive(Debug, Clone)]
pub struct PeerHandle {
    /// Beside the pipe, so that comparing peers touches no other memory.
    id: PeerId,
    pipe: Arc<Pipe>,
}

impl PeerHandle {
    pub(crate) fn new(pipe: Arc<Pipe>) -> Self {
        Self { id: pipe.id(), pipe }
    }

    pub(crate) fn pipe(&self) -> &Arc<Pipe> {
        &self.pipe
    }

    /// The id by which events and statistics name the peer.
    #[inline]
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The peer's metadata from the handshake of its last connection; `None` before the first.
    pub fn info(&self) -> Option<Peer> {
        self.pipe.inbound.from()
    }

    /// The routing id by which a [ROUTER](super::Routes) knows the peer; empty for other socket types.
    pub fn routing_id(&self) -> Frame {
        self.pipe.routing_id()
    }

    /// Whether a message would be taken now, after writing what the kernel takes.
    pub fn has_room(&self) -> bool {
        self.pipe.outbound.has_room()
    }

    /// Whether a message would probably be taken: a hint that takes no lock.
    #[inline]
    pub fn may_have_room(&self) -> bool {
        self.pipe.outbound.may_have_room()
    }

    /// Whether the peer takes no more messages, because it is gone or about to go.
    pub fn is_closing(&self) -> bool {
        self.pipe.outbound.is_closing()
    }

    /// How many messages wait in this process to be sent to the peer.
    pub fn queued(&self) -> usize {
        self.pipe.outbound.queued()
    }

    /// How many messages of the peer have arrived and have not been received.
    pub fn unread(&self) -> usize {
        self.pipe.inbound.unread()
    }

    /// How many messages have been queued for the peer so far, over all of its connections.
    pub fn sent(&self) -> u64 {
        self.pipe.outbound.enqueued().0
    }

    /// How many messages of the peer have arrived so far, over all of its connections.
    pub fn received(&self) -> u64 {
        self.pipe.inbound.received()
    }

    /// Queues the whole message for the peer, and leaves an empty one in its place.
    ///
    /// A strategy that sends many messages from one task uses [`Peers::offer`](super::Peers::offer),
    /// which also makes the task yield to others.
    ///
    /// # Errors
    ///
    /// The message was not taken and is as it was.
    pub fn offer(&self, message: &mut Message) -> Result<(), Refused> {
        self.pipe.send(message).map(|_| ())
    }

    /// Counts a message that was for this peer and is dropped.
    pub fn count_dropped(&self, count: impl Fn(&mut Dropped)) {
        self.pipe.account().dropped(count);
    }

    /// Counts a message that was refused by this peer and is dropped.
    pub fn count_refused(&self, refused: Refused) {
        self.count_dropped(|dropped| refused.enter(dropped));
    }

    /// Counts a message that a stack received from this peer and does not pass on.
    pub fn count_discarded(&self, count: impl Fn(&mut Discarded)) {
        self.pipe.account().discarded_popped(count);
    }

    /// Drops the messages of this peer that have arrived, as no reply to a request.
    pub fn drop_unasked(&self) {
        self.pipe.discard_unasked();
    }
}

impl PartialEq for PeerHandle {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for PeerHandle {}
