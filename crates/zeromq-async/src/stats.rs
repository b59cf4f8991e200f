//! What a socket has done, counted.

use crate::identity::PeerId;

/// Counts of a socket since it was made, taken at one moment per peer.
///
/// Of the messages that `send` accepted, each was sent, is queued, was dropped for a reason that is
/// named, or was lost with a peer that went away. One that a publisher sends to three subscribers
/// counts three times.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PubSocket, PushSocket};
///
/// let mut publisher = PubSocket::new();
/// publisher.send("nobody listens").await?;
/// assert_eq!(publisher.stats().dropped.unsubscribed, 1);
///
/// let mut push = PushSocket::new();
/// push.connect("inproc://stats-later").await?;
/// push.send("waits").await?;
/// assert_eq!((push.stats().sent, push.stats().queued), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SocketStats {
    /// Messages wholly handed to the kernel, or to an inproc peer.
    pub sent: u64,
    /// Messages that arrived, whether or not the application has received them yet.
    pub received: u64,
    /// Messages that wait in the queues of peers to be sent.
    pub queued: u64,
    /// Messages that were lost with peers that are gone.
    pub lost: u64,
    /// Messages that were dropped, by reason.
    pub dropped: Dropped,
    /// The peers that the socket has now, connected or being connected to.
    pub peers: Vec<PeerStats>,
}

/// Counts of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerStats {
    /// The peer's name within the socket, as events tell it.
    pub peer: PeerId,
    /// Messages wholly handed to the kernel, or to the inproc peer.
    pub sent: u64,
    /// Messages that arrived.
    pub received: u64,
    /// Messages that wait to be sent.
    pub queued: u64,
}

/// Messages that were dropped because the socket type's rule says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The peer's queue was full: publishers, ROUTER, REP and XSUB drop for that peer alone.
    pub full: u64,
    /// No peer has the routing id, or the peer to reply to is gone.
    pub unroutable: u64,
    /// Nobody has subscribed to it.
    pub unsubscribed: u64,
    /// A later message took its place, as `conflate` asks.
    pub replaced: u64,
}
