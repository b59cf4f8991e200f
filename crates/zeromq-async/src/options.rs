//! The options of a socket and their defaults.
//!
//! [`SocketBuilder`](crate::SocketBuilder) has the setters and documents each option.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zmtp::{HeartbeatConfig, Limits, Message, Metadata, RoutingId, SocketType, Subscription};

use crate::authentication::Security;
use crate::identity::PeerAddress;

mod high_water_mark;
mod reconnect;
mod socks_proxy;
mod transport;

pub use high_water_mark::HighWaterMark;
pub use reconnect::{ReconnectBackoff, ReconnectStop};
pub use socks_proxy::{SocksCredentialsError, SocksProxy};
pub(crate) use transport::AttemptOptions;
pub use transport::{Keepalive, TransportOptions};

/// All options of one socket.
#[derive(Debug, Clone)]
pub(crate) struct SocketOptions {
    pub(crate) pipe: PipeOptions,
    pub(crate) transport: TransportOptions,
    /// How long a closed socket goes on writing. `None` is without limit.
    pub(crate) linger: Option<Duration>,
    /// `None` makes one attempt only.
    pub(crate) reconnect: Option<ReconnectBackoff>,
    pub(crate) reconnect_stop: ReconnectStop,
    /// `None` accepts all.
    pub(crate) accept_filter: Option<AcceptFilter>,
    pub(crate) immediate: bool,
    /// How many connections may end in the middle of one message. `None` is without limit.
    pub(crate) resend_limit: Option<u32>,
    /// How many unsent messages of disconnected peers are kept for the application.
    pub(crate) keep_unsent: usize,
    pub(crate) routing_id: Option<RoutingId>,
    /// Properties that the application adds.
    pub(crate) metadata: Metadata,
    pub(crate) peer_messages: PeerMessageOptions,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) allow_zmtp_1: bool,
    pub(crate) pending: PendingOptions,
    pub(crate) max_peers: Option<usize>,
    pub(crate) security: Security,
    pub(crate) heartbeat: HeartbeatConfig,
}

/// Limits on pending handshakes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingOptions {
    pub(crate) per_listener: usize,
    pub(crate) per_address: usize,
}

/// The options of a pipe's queues.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PipeOptions {
    pub(crate) send_high_water_mark: HighWaterMark,
    pub(crate) receive_high_water_mark: HighWaterMark,
    pub(crate) conflate: bool,
}

/// Messages that a socket sends or receives when a peer connects or disconnects.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeerMessageOptions {
    /// Sent to each peer first.
    pub(crate) hello: Option<Message>,
    /// Sent after `hello`: an empty message, from which a ROUTER learns the routing id.
    pub(crate) probe: Option<Message>,
    /// Received when a peer has connected.
    pub(crate) connected: Option<Message>,
    /// Received when any peer is lost.
    pub(crate) lost: Option<Message>,
    /// Received when an accepted peer is lost.
    pub(crate) accepted_lost: Option<Message>,
    /// Received when a peer that this socket connected to is lost.
    pub(crate) connected_lost: Option<Message>,
}

impl PeerMessageOptions {
    /// The messages that each peer gets first.
    pub(crate) fn first_messages(&self) -> impl Iterator<Item = &Message> {
        [&self.hello, &self.probe].into_iter().flatten()
    }
}

impl SocketOptions {
    /// Changes the defaults to those of a socket type.
    pub(crate) fn adapt_to(&mut self, socket_type: SocketType) {
        if socket_type == SocketType::Stream {
            self.notify_of_streams(true);
            // The next connection is another conversation, which must not begin inside of a message.
            self.resend_limit = Some(1);
        }
    }

    /// Sets whether a STREAM receives an empty message when a peer connects or is lost.
    pub(crate) fn notify_of_streams(&mut self, notify: bool) {
        let notice = || notify.then(|| Message::from(""));
        (self.peer_messages.connected, self.peer_messages.lost) = (notice(), notice());
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            pipe: PipeOptions::default(),
            transport: TransportOptions::default(),
            linger: None,
            reconnect: Some(ReconnectBackoff::default()),
            reconnect_stop: ReconnectStop::never(),
            accept_filter: None,
            immediate: false,
            resend_limit: Some(3),
            keep_unsent: 0,
            routing_id: None,
            metadata: Metadata::new(),
            peer_messages: PeerMessageOptions::default(),
            connect_timeout: None,
            handshake_timeout: Some(Duration::from_secs(30)),
            limits: Limits::default(),
            allow_zmtp_1: false,
            pending: PendingOptions { per_listener: 4096, per_address: 1024 },
            max_peers: None,
            security: Security::default(),
            heartbeat: HeartbeatConfig::default(),
        }
    }
}

/// Decides by address which connections are accepted, before their handshake.
#[derive(Clone)]
pub(crate) struct AcceptFilter(Arc<dyn Fn(&PeerAddress) -> bool + Send + Sync>);

impl AcceptFilter {
    pub(crate) fn new(filter: impl Fn(&PeerAddress) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(filter))
    }

    pub(crate) fn accepts(&self, address: &PeerAddress) -> bool {
        (self.0)(address)
    }
}

impl fmt::Debug for AcceptFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcceptFilter(..)")
    }
}

/// Selects the subscriptions of its peers that an XPUB receives as messages.
///
/// Each is a message of one frame: the byte 1 for a subscription or 0 for a cancellation, then the
/// topic (29/PUBSUB).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{SubSocket, SubscriptionNotices, XPubSocket};
///
/// let mut xpub = XPubSocket::builder().notices(SubscriptionNotices::Subscriptions).build();
/// let endpoint = xpub.bind("tcp://127.0.0.1:*").await?;
/// let subs = [(); 2].map(|()| SubSocket::builder().subscribe("news").build());
/// for sub in &subs {
///     sub.connect(&endpoint)?;
///     assert_eq!(xpub.recv().await?, "\u{1}news"); // the second one too
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubscriptionNotices {
    /// The first subscription to a topic and the last cancellation.
    #[default]
    Changes,
    /// Every subscription and the last cancellation (`ZMQ_XPUB_VERBOSE`).
    Subscriptions,
    /// Every subscription and every cancellation (`ZMQ_XPUB_VERBOSER`).
    All,
    /// All. They have no effect: the application subscribes peers with
    /// [`subscribe_last_peer`](crate::Socket::subscribe_last_peer) (`ZMQ_XPUB_MANUAL`).
    Manual,
    /// Like `Manual`. In addition, the next message after
    /// [`subscribe_last_peer`](crate::Socket::subscribe_last_peer) goes only to that peer. Use it
    /// to send the last value of a topic to a late subscriber (`ZMQ_XPUB_MANUAL_LAST_VALUE`).
    ManualLastValue,
}

impl SubscriptionNotices {
    pub(crate) fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::ManualLastValue)
    }

    /// Whether the application receives the notice of a change that leaves the set of topics as it
    /// is.
    pub(crate) fn tells_repeated(self, change: &Subscription) -> bool {
        match change {
            Subscription::Subscribe(_) => self != Self::Changes,
            Subscription::Cancel(_) => self == Self::All || self.is_manual(),
        }
    }
}
