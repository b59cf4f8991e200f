//! The counts of a socket and of its peers.

use bytes::Bytes;

use crate::endpoint::Endpoint;
use crate::identity::{PeerAddress, PeerId};

/// Counts of a socket since it was made. The counts of one peer are taken at one moment.
///
/// The counts account for every message. While nothing is being sent or received, the two sides of
/// each row are equal:
///
/// | in | out |
/// |---|---|
/// | accepted by `send`, + [`own`](Self::own) | [`sent`](Self::sent) + [`queued`](Self::queued) + [`lost`](Self::lost) + [`dropped`](Self::dropped) |
/// | [`received`](Self::received) | [`taken`](Self::taken) + [`unread`](Self::unread) + [`discarded`](Self::discarded) |
///
/// A message that a publisher sends to three subscribers counts three times. A message that an XSUB
/// sends counts once for each publisher. Subscriptions that an XSUB sends do not count.
/// Subscriptions that an XPUB receives count, because the application receives them as messages.
///
/// [`queued`](Self::queued), [`unread`](Self::unread) and [`peers`](Self::peers) rise and fall. All
/// other counts only grow. When a peer leaves, its counts stay in these.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PubSocket, PushSocket};
///
/// let mut publisher = PubSocket::new();
/// publisher.send("no subscriber").await?;
/// assert_eq!(publisher.stats().dropped.unsubscribed, 1);
///
/// let mut push = PushSocket::new();
/// push.connect("inproc://stats-later")?;
/// push.send("waits").await?;
/// assert_eq!((push.stats().sent, push.stats().queued), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SocketStats {
    /// Messages wholly handed to the kernel, or to an inproc peer.
    pub sent: u64,
    /// Messages that wait to be sent, in the queues of peers or in a `Sink` without room for them.
    pub queued: u64,
    /// Messages that were lost because their peer left or their `Sink` was dropped.
    pub lost: u64,
    /// Messages dropped instead of sent, by reason.
    pub dropped: Dropped,
    /// Messages that the socket made itself: probes for a ROUTER, the welcome of a publisher.
    pub own: u64,
    /// Messages that arrived, whether or not the application has received them.
    pub received: u64,
    /// Messages that the application has received.
    pub taken: u64,
    /// Messages that wait to be received, including those of peers that have left.
    pub unread: u64,
    /// Messages that arrived and that the application did not get, by reason.
    pub discarded: Discarded,
    /// Bytes handed to the kernel, as [`PeerStats::bytes_sent`] counts them, including those for peers
    /// that have left.
    pub bytes_sent: u64,
    /// Bytes of the messages that arrived, as [`PeerStats::bytes_received`] counts them, including
    /// those of peers that have left.
    pub bytes_received: u64,
    /// Connections of a peer after its first, including those of peers that have left.
    pub reconnects: u64,
    /// The current peers, connected or being connected to.
    pub peers: Vec<PeerStats>,
}

/// Counts of one peer, over all of its connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
/// let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
/// push.connect(&endpoint)?;
/// push.send("hello").await?;
/// pull.recv().await?;
/// let peer = &pull.stats().peers[0];
/// assert!(peer.connected);
/// assert_eq!((peer.received, peer.bytes_received), (1, 7));
/// assert_eq!(push.stats().peers[0].endpoint, endpoint);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerStats {
    /// The peer's id within the socket, as in events.
    pub peer: PeerId,
    /// The endpoint bound or connected to.
    pub endpoint: Endpoint,
    /// The address of the current or last connection. `None` before the first connection and for an
    /// inproc peer.
    pub address: Option<PeerAddress>,
    /// The routing id by which a ROUTER knows the peer. In other socket types, the routing id that
    /// the peer announced. May be empty. In a SERVER or PEER, the four bytes of
    /// [`RouteId::get`](crate::RouteId::get), the highest first.
    pub routing_id: Bytes,
    /// Whether it has a connection now.
    pub connected: bool,
    /// Connections after the first.
    pub reconnects: u64,
    /// Messages wholly handed to the kernel, or to the inproc peer.
    pub sent: u64,
    /// Messages that wait to be sent.
    pub queued: u64,
    /// Messages queued so far: sent, waiting, replaced, or refused by the peer.
    pub enqueued: u64,
    /// Messages that arrived.
    pub received: u64,
    /// Messages that wait to be received. May be a little too high, because the receiver reports
    /// what it has taken only now and then.
    pub unread: u64,
    /// Bytes of messages and commands handed to the kernel, with the headers of their frames and before
    /// encryption. A message sent again on a new connection counts again. 0 for an inproc peer.
    pub bytes_sent: u64,
    /// Bytes of the messages that arrived, with the headers of their frames and after decryption. 0 for
    /// an inproc peer.
    pub bytes_received: u64,
    /// Messages for this peer that were dropped, by reason.
    pub dropped: Dropped,
    /// Messages of this peer that the application did not get, by reason.
    pub discarded: Discarded,
}

/// Messages that were dropped instead of sent, by reason.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{Message, RouterSocket};
///
/// let mut router = RouterSocket::new();
/// router.send(Message::multipart(["unknown", "hello"])).await?;
/// let dropped = router.stats().dropped;
/// assert_eq!((dropped.unroutable, dropped.total()), (1, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The peer's queue was full. PUB, XPUB, ROUTER, REP and XSUB drop the message for that peer
    /// only.
    pub full: u64,
    /// No peer could get it: no peer has the routing id, the peer that made the request has left,
    /// or an XSUB has no publisher.
    pub unroutable: u64,
    /// No peer has subscribed to it, or joined its group.
    pub unsubscribed: u64,
    /// A later message replaced it (`conflate`).
    pub replaced: u64,
    /// The peer ended several connections in a row in the middle of it
    /// ([`resend_limit`](crate::SocketBuilder::resend_limit)).
    pub refused: u64,
    /// The system did not send the datagram, and an event says why; or the message was too long for one
    /// and went to other peers only.
    pub failed: u64,
}

impl Dropped {
    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        let Self { full, unroutable, unsubscribed, replaced, refused, failed } = self;
        full + unroutable + unsubscribed + replaced + refused + failed
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.full += other.full;
        self.unroutable += other.unroutable;
        self.unsubscribed += other.unsubscribed;
        self.replaced += other.replaced;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

/// Messages that arrived and that the application did not get, by reason.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{SubSocket, XPubSocket};
///
/// let (mut xpub, mut sub) = (XPubSocket::new(), SubSocket::builder().subscribe("a").build());
/// sub.connect(xpub.bind("inproc://stats-discarded").await?)?;
/// xpub.send("a message").await?;
/// sub.unsubscribe("a");
/// assert!(sub.try_recv().is_err());
/// let discarded = sub.stats().discarded;
/// assert_eq!((discarded.filtered, discarded.total()), (1, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Discarded {
    /// There was no receiver, the socket type does not receive, or the peer had been disconnected
    /// (`disconnect_peer`) or replaced (`handover`).
    pub unheard: u64,
    /// The receiver was dropped before it received the message.
    pub abandoned: u64,
    /// A later message replaced it (`conflate`).
    pub replaced: u64,
    /// The publisher sent it although the socket is not subscribed to it, or has not joined its group.
    /// A RADIO sends each datagram to all. Or the
    /// [accept filter](crate::SocketBuilder::accept_filter) keeps out the sender of a datagram.
    pub filtered: u64,
    /// A REQ got it, and it is not the reply to the current request.
    pub unasked: u64,
    /// A REP got it, and it is not a request: it has no delimiter, or nothing after the delimiter.
    /// Or it is a datagram that is empty, too long, or has no whole group. Or it has several frames, and
    /// the socket type has messages of one.
    pub malformed: u64,
    /// The inproc peer that sent it took it back.
    pub withdrawn: u64,
}

impl Discarded {
    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        let Self { unheard, abandoned, replaced, filtered, unasked, malformed, withdrawn } = self;
        unheard + abandoned + replaced + filtered + unasked + malformed + withdrawn
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.unheard += other.unheard;
        self.abandoned += other.abandoned;
        self.replaced += other.replaced;
        self.filtered += other.filtered;
        self.unasked += other.unasked;
        self.malformed += other.malformed;
        self.withdrawn += other.withdrawn;
    }
}

/// Why messages were dropped: the reasons of [`Dropped`] and [`Discarded`], and
/// [`SocketStats::lost`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DropReason, PubSocket, SocketEvent};
///
/// let mut publisher = PubSocket::new();
/// let mut events = publisher.events();
/// publisher.send("no subscriber").await?;
/// let Some(SocketEvent::Dropping { reason, count }) = events.next().await else { panic!() };
/// assert_eq!((reason, count), (DropReason::Unsubscribed, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// [`Dropped::full`].
    Full,
    /// [`Dropped::unroutable`].
    Unroutable,
    /// [`Dropped::unsubscribed`].
    Unsubscribed,
    /// [`Dropped::refused`].
    Refused,
    /// [`Dropped::failed`].
    Failed,
    /// [`Discarded::unheard`].
    Unheard,
    /// [`Discarded::abandoned`].
    Abandoned,
    /// [`Discarded::filtered`].
    Filtered,
    /// [`Discarded::unasked`].
    Unasked,
    /// [`Discarded::malformed`].
    Malformed,
    /// [`Discarded::withdrawn`].
    Withdrawn,
    /// The part of [`SocketStats::lost`] since the socket began to close. The linger time was too
    /// short for these messages.
    Lost,
}

impl DropReason {
    /// The counts by reason, without replaced messages: the application chose `conflate`.
    pub(crate) fn list(dropped: &Dropped, discarded: &Discarded) -> [(Self, u64); 11] {
        [
            (Self::Full, dropped.full),
            (Self::Unroutable, dropped.unroutable),
            (Self::Unsubscribed, dropped.unsubscribed),
            (Self::Refused, dropped.refused),
            (Self::Failed, dropped.failed),
            (Self::Unheard, discarded.unheard),
            (Self::Abandoned, discarded.abandoned),
            (Self::Filtered, discarded.filtered),
            (Self::Unasked, discarded.unasked),
            (Self::Malformed, discarded.malformed),
            (Self::Withdrawn, discarded.withdrawn),
        ]
    }
}
