//! What a socket has done, counted.

use bytes::Bytes;

use crate::endpoint::Endpoint;
use crate::identity::{PeerAddress, PeerId};

/// Counts of a socket since it was made, taken at one moment per peer.
///
/// They are a ledger: at any moment at which nothing is being sent or received, no message is
/// missing from it. What went in at one side of these came out at the other:
///
/// | in | out |
/// |---|---|
/// | accepted by `send`, + [`own`](Self::own) | [`sent`](Self::sent) + [`queued`](Self::queued) + [`lost`](Self::lost) + [`dropped`](Self::dropped) |
/// | [`received`](Self::received) | [`taken`](Self::taken) + [`unread`](Self::unread) + [`discarded`](Self::discarded) |
///
/// A message that a publisher sends to three subscribers counts three times from there on, and one
/// that an XSUB sends to all of its publishers as often as there are. Subscriptions that an XSUB
/// sends are not messages here; those that an XPUB receives are, for it receives them as messages.
///
/// All but [`queued`](Self::queued), [`unread`](Self::unread) and [`peers`](Self::peers) only grow:
/// a peer that leaves takes nothing of what it added with it.
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
    /// Messages that wait to be sent: in the queues of peers, or fed to a `Sink` that found no room
    /// for them.
    pub queued: u64,
    /// Messages that were lost with peers that are gone, or with a `Sink` that was dropped.
    pub lost: u64,
    /// Messages that were dropped instead of sent, by reason.
    pub dropped: Dropped,
    /// Messages that the socket sent of itself: probes for a ROUTER, the welcome of a publisher.
    pub own: u64,
    /// Messages that arrived, whether or not the application has received them yet.
    pub received: u64,
    /// Messages that the application has received.
    pub taken: u64,
    /// Messages that wait to be received, those of peers that are gone included.
    pub unread: u64,
    /// Messages that arrived and were not given to the application, by reason.
    pub discarded: Discarded,
    /// Bytes handed to the kernel, as [`PeerStats::bytes_sent`] counts them; those of peers that
    /// are gone included.
    pub bytes_sent: u64,
    /// Bytes of the messages that arrived, as [`PeerStats::bytes_received`] counts them; those of
    /// peers that are gone included.
    pub bytes_received: u64,
    /// Connections of a peer after its first; those of peers that are gone included.
    pub reconnects: u64,
    /// The peers that the socket has now, connected or being connected to.
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
    /// The peer's name within the socket, as events tell it.
    pub peer: PeerId,
    /// The endpoint bound or connected to.
    pub endpoint: Endpoint,
    /// Where the peer is, or last was; `None` before its first connection and within the process.
    pub address: Option<PeerAddress>,
    /// The routing id that the peer announced, or by which a ROUTER knows it; empty where there is
    /// none.
    pub routing_id: Bytes,
    /// Whether it has a connection now.
    pub connected: bool,
    /// Connections after the first.
    pub reconnects: u64,
    /// Messages wholly handed to the kernel, or to the inproc peer.
    pub sent: u64,
    /// Messages that wait to be sent.
    pub queued: u64,
    /// Messages that were queued so far: those sent, those that wait, and those that were replaced
    /// or refused.
    pub enqueued: u64,
    /// Messages that arrived.
    pub received: u64,
    /// Of these, those that wait to be received, or a few more: the receiver says only now and then
    /// how many it has taken.
    pub unread: u64,
    /// Bytes handed to the kernel: of messages and commands, with the headers of their frames and
    /// before encryption. What is sent again after a connection was lost counts again. 0 for an
    /// inproc peer.
    pub bytes_sent: u64,
    /// Bytes of the messages that arrived, with the headers of their frames and decrypted. 0 for
    /// an inproc peer.
    pub bytes_received: u64,
    /// Messages for this peer that were dropped.
    pub dropped: Dropped,
    /// Messages of this peer that were not given to the application.
    pub discarded: Discarded,
}

/// Messages that were not sent because the socket type's rule says so.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{Message, RouterSocket};
///
/// let mut router = RouterSocket::new();
/// router.send(Message::multipart(["nobody", "hello"])).await?;
/// let dropped = router.stats().dropped;
/// assert_eq!((dropped.unroutable, dropped.total()), (1, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The peer's queue was full: publishers, ROUTER, REP and XSUB drop for that peer alone.
    pub full: u64,
    /// The peer it was for is not there, or is going: no peer has the routing id, whoever asked has
    /// gone, or there is no publisher to send upstream to.
    pub unroutable: u64,
    /// Nobody has subscribed to it.
    pub unsubscribed: u64,
    /// A later message took its place, as `conflate` asks.
    pub replaced: u64,
    /// The peer ended one connection after another in the middle of it
    /// ([`resend_limit`](crate::SocketBuilder::resend_limit)).
    pub refused: u64,
}

impl Dropped {
    /// All of them.
    ///
    /// ```
    /// assert_eq!(zeromq_async::Dropped::default().total(), 0);
    /// ```
    pub fn total(&self) -> u64 {
        let Self { full, unroutable, unsubscribed, replaced, refused } = self;
        full + unroutable + unsubscribed + replaced + refused
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.full += other.full;
        self.unroutable += other.unroutable;
        self.unsubscribed += other.unsubscribed;
        self.replaced += other.replaced;
        self.refused += other.refused;
    }
}

/// Messages that arrived and that the application did not get.
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
    /// Nobody was there to receive it: the receiver is gone, or the socket type does not receive, or
    /// the peer had been sent away (`disconnect_peer`) or replaced (`handover`).
    pub unheard: u64,
    /// It waited to be received when the receiver went.
    pub abandoned: u64,
    /// A later message took its place, as `conflate` asks.
    pub replaced: u64,
    /// The socket is not subscribed to it, though the publisher has sent it.
    pub filtered: u64,
    /// It is no reply to the request of a REQ.
    pub unasked: u64,
    /// It is no request that a REP can reply to: it has no delimiter, or nothing behind it.
    pub malformed: u64,
    /// The inproc peer that had sent it took it back.
    pub withdrawn: u64,
}

impl Discarded {
    /// All of them.
    ///
    /// ```
    /// assert_eq!(zeromq_async::Discarded::default().total(), 0);
    /// ```
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

/// A way in which messages go astray, as [`Dropped`] and [`Discarded`] count them, and
/// [`SocketStats::lost`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DropReason, PubSocket, SocketEvent};
///
/// let mut publisher = PubSocket::new();
/// let mut events = publisher.events();
/// publisher.send("to nobody").await?;
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
    /// Of [`SocketStats::lost`], those that were lost since the socket began to close: its linger
    /// time was too short for them.
    Lost,
}

impl DropReason {
    /// The counts by reason, but for what `conflate` replaces, which is as it was asked for.
    pub(crate) fn list(dropped: &Dropped, discarded: &Discarded) -> [(Self, u64); 10] {
        [
            (Self::Full, dropped.full),
            (Self::Unroutable, dropped.unroutable),
            (Self::Unsubscribed, dropped.unsubscribed),
            (Self::Refused, dropped.refused),
            (Self::Unheard, discarded.unheard),
            (Self::Abandoned, discarded.abandoned),
            (Self::Filtered, discarded.filtered),
            (Self::Unasked, discarded.unasked),
            (Self::Malformed, discarded.malformed),
            (Self::Withdrawn, discarded.withdrawn),
        ]
    }
}
