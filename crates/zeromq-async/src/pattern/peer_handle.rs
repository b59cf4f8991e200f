//! One peer, as strategies and layers see it.

use std::sync::{Arc, Weak};

use zmtp::{Frame, Message};

use super::EncodedMessage;
use crate::identity::{Peer, PeerId};
use crate::pipe::Pipe;
pub use crate::pipe::QueueError;
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

    /// What the peer announced in the handshake of its last connection. `None` before the first
    /// connection.
    pub fn info(&self) -> Option<Peer> {
        self.pipe.inbound.from()
    }

    /// The routing id by which a [ROUTER](super::Routes) knows the peer. Empty for other socket types.
    pub fn routing_id(&self) -> Frame {
        self.pipe.routing_id()
    }

    /// The most bytes of a datagram. `None` if messages go over a connection or inproc.
    pub fn max_datagram(&self) -> Option<usize> {
        self.pipe.max_datagram()
    }

    /// Whether a message would be queued now. Writes to the kernel first, to make room.
    pub fn has_room(&self) -> bool {
        self.pipe.outbound.has_room()
    }

    /// Whether a message would probably be queued: a hint that takes no lock.
    #[inline]
    pub fn may_have_room(&self) -> bool {
        self.pipe.outbound.may_have_room()
    }

    /// Whether the peer is in this process (`inproc://`).
    pub fn is_inproc(&self) -> bool {
        self.pipe.is_inproc()
    }

    /// Whether the peer has left or is about to leave. It takes no more messages.
    pub fn is_closing(&self) -> bool {
        self.pipe.outbound.is_closing()
    }

    /// The number of messages that wait in this process to be sent to the peer.
    pub fn queued(&self) -> usize {
        self.pipe.outbound.queued()
    }

    /// The number of messages of the peer that have arrived and have not been received.
    pub fn unread(&self) -> usize {
        self.pipe.inbound.unread()
    }

    /// The number of messages of the peer that have not been received, and the bytes of those in the
    /// peer's queue. The messages that the receiver took from the queue at its last look are not in the
    /// bytes.
    pub fn backlog(&self) -> (usize, usize) {
        self.pipe.inbound.backlog()
    }

    /// The number of messages queued for the peer so far, over all of its connections.
    pub fn sent(&self) -> u64 {
        self.pipe.outbound.enqueued().0
    }

    /// The number of messages of the peer that have arrived so far, over all of its connections.
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
    /// The message was not queued and is unchanged.
    pub fn offer(&self, message: &mut Message) -> Result<(), QueueError> {
        self.pipe.send(message).map(|_| ())
    }

    /// Queues a message that was encoded for several peers.
    ///
    /// # Errors
    ///
    /// The message was not queued for this peer.
    #[inline]
    pub fn offer_encoded(&self, message: &EncodedMessage<'_>) -> Result<(), QueueError> {
        self.pipe.send_encoded(message.encoded(), message.message(), false)
    }

    /// Like [`offer_encoded`](Self::offer_encoded), and ignores the high-water mark.
    ///
    /// For a strategy that has found room at all peers before: another sender may have filled a queue
    /// since. A strategy that calls this without looking lets the queue grow without limit.
    ///
    /// # Errors
    ///
    /// [`QueueError::Gone`].
    #[inline]
    pub fn force_encoded(&self, message: &EncodedMessage<'_>) -> Result<(), QueueError> {
        self.pipe.send_encoded(message.encoded(), message.message(), true)
    }

    /// Queues a message that the socket itself makes, such as a welcome. If there is no room, the message
    /// is dropped.
    ///
    /// It counts among [`SocketStats::own`](crate::SocketStats::own).
    pub fn offer_own(&self, message: Message) {
        self.pipe.send_own(message);
    }

    /// Lets the application receive a message that the socket itself makes, as one of this peer, such as
    /// the notice of a subscription.
    ///
    /// It ignores the high-water mark. If a peer can cause such messages, limit its
    /// [`backlog`](Self::backlog).
    pub fn notify(&self, message: Message) {
        self.pipe.notify(message);
    }

    /// A handle that does not keep the memory of a peer that has left.
    pub fn downgrade(&self) -> WeakPeerHandle {
        WeakPeerHandle(Arc::downgrade(&self.pipe))
    }

    /// Counts a message that was for this peer and is dropped.
    pub fn count_dropped(&self, count: impl Fn(&mut Dropped)) {
        self.pipe.account().dropped(count);
    }

    /// Counts a message that was not queued for this peer and is dropped.
    pub fn count_not_queued(&self, error: QueueError) {
        self.count_dropped(|dropped| error.enter(dropped));
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

/// A [`PeerHandle`] for state that may outlive the peer, such as counts of peers that have left.
#[derive(Debug, Clone)]
pub struct WeakPeerHandle(Weak<Pipe>);

impl WeakPeerHandle {
    /// The handle, if the peer has not left, or has left messages that are not received.
    pub fn upgrade(&self) -> Option<PeerHandle> {
        self.0.upgrade().map(PeerHandle::new)
    }
}
