//! Every option of every socket, with its default.
//!
//! The setters, with their documentation, are on [`SocketBuilder`](crate::SocketBuilder).

use std::time::Duration;

use zmtp::{HeartbeatConfig, Limits, Message, Metadata, RoutingId, Subscription};

use crate::authentication::Security;

mod accept_filter;
mod high_water_mark;
mod reconnect_stop;
mod socks_proxy;
mod values;

pub(crate) use accept_filter::AcceptFilter;
pub use high_water_mark::HighWaterMark;
pub use reconnect_stop::ReconnectStop;
pub use socks_proxy::SocksProxy;
pub(crate) use values::AttemptOptions;
pub use values::{Keepalive, ReconnectBackoff, TransportOptions};

/// What a socket was built with: the one place where defaults are written.
#[derive(Debug, Clone)]
pub(crate) struct SocketOptions {
    pub(crate) pipe: PipeOptions,
    pub(crate) transport: TransportOptions,
    /// How long a closed socket goes on writing; `None` for as long as it takes.
    pub(crate) linger: Option<Duration>,
    /// `None` for one attempt only.
    pub(crate) reconnect: Option<ReconnectBackoff>,
    pub(crate) reconnect_stop: ReconnectStop,
    /// `None` for everybody.
    pub(crate) accept_filter: Option<AcceptFilter>,
    pub(crate) immediate: bool,
    /// Connections that may end in the middle of a message; `None` for any number.
    pub(crate) resend_limit: Option<u32>,
    /// Messages of peers that are gone which are kept for the application.
    pub(crate) keep_unsent: usize,
    pub(crate) routing_id: Option<RoutingId>,
    /// The application's own properties.
    pub(crate) metadata: Metadata,
    pub(crate) notices: NoticeOptions,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) pending: PendingOptions,
    pub(crate) max_peers: Option<usize>,
    pub(crate) security: Security,
    pub(crate) heartbeat: HeartbeatConfig,
}

/// How many accepted connections may be in their handshake.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingOptions {
    pub(crate) per_listener: usize,
    pub(crate) per_address: usize,
}

/// The options of a pipe's queues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PipeOptions {
    pub(crate) send_high_water_mark: HighWaterMark,
    pub(crate) receive_high_water_mark: HighWaterMark,
    pub(crate) conflate: bool,
}

/// Messages that a socket makes itself when peers come and go.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoticeOptions {
    /// Sent to each peer before anything else.
    pub(crate) hello: Option<Message>,
    /// Sent behind that: an empty message, so that a ROUTER learns of this socket.
    pub(crate) probe: Option<Message>,
    /// Received when a peer has come.
    pub(crate) connected: Option<Message>,
    /// Received when a peer is lost; so are those below, by who has made the connection.
    pub(crate) lost: Option<Message>,
    pub(crate) accepted_lost: Option<Message>,
    pub(crate) connected_lost: Option<Message>,
}

impl NoticeOptions {
    /// What is sent before anything else.
    pub(crate) fn greetings(&self) -> impl Iterator<Item = &Message> {
        [&self.hello, &self.probe].into_iter().flatten()
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
            notices: NoticeOptions::default(),
            connect_timeout: None,
            handshake_timeout: Some(Duration::from_secs(30)),
            limits: Limits::default(),
            pending: PendingOptions { per_listener: 4096, per_address: 1024 },
            max_peers: None,
            security: Security::default(),
            heartbeat: HeartbeatConfig::default(),
        }
    }
}

impl Default for PipeOptions {
    fn default() -> Self {
        Self {
            send_high_water_mark: HighWaterMark::Messages(1000),
            receive_high_water_mark: HighWaterMark::Messages(1000),
            conflate: false,
        }
    }
}

/// Which subscriptions of its peers an XPUB socket receives as messages.
///
/// A subscription is received as a message of one frame: the byte 1, or 0 where it is cancelled,
/// and then the topic (29/PUBSUB).
///
/// ```
/// use zeromq_async::{SubscriptionNotices, XPubSocket};
///
/// let xpub = XPubSocket::builder().notices(SubscriptionNotices::Subscriptions).build();
/// assert_eq!(SubscriptionNotices::default(), SubscriptionNotices::Changes);
/// # drop(xpub);
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
    /// Everything, and nothing takes effect by itself: the application calls
    /// [`subscribe_last_peer`](crate::Socket::subscribe_last_peer) (`ZMQ_XPUB_MANUAL`).
    Manual,
    /// As `Manual`, and the message sent next after
    /// [`subscribe_last_peer`](crate::Socket::subscribe_last_peer) goes to that peer alone: the
    /// last value on its topic, kept for those who come late (`ZMQ_XPUB_MANUAL_LAST_VALUE`).
    ManualLastValue,
}

impl SubscriptionNotices {
    pub(crate) fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::ManualLastValue)
    }

    /// Whether a change that leaves the set of topics as it was is told.
    pub(crate) fn tells_repeated(self, change: &Subscription) -> bool {
        match change {
            Subscription::Subscribe(_) => self != Self::Changes,
            Subscription::Cancel(_) => self == Self::All || self.is_manual(),
        }
    }
}
