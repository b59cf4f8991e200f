//! What a connection is set to, and the only place where a default is written.

use crate::error::PeerIncompatible;
use crate::mechanism::Mechanism;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;

/// What this side of a connection announces, and what it puts up with.
///
/// One configuration serves any number of connections.
///
/// # Defaults
///
/// No routing id, no metadata of the application's own, NULL peers not asked about, and the default
/// [`Limits`]. There is no default mechanism: whoever wants no security has to say so.
///
/// ```
/// use zmtp_codec::{ConnectionConfig, Limits, Mechanism, RoutingId, SocketType};
///
/// let mut limits = Limits::default();
/// limits.max_message_size = Some(1 << 20);
/// let config = ConnectionConfig::new(SocketType::Dealer, Mechanism::Null)
///     .with_routing_id(RoutingId::new("worker-1")?)
///     .with_limits(limits);
/// assert_eq!(config.socket_type, SocketType::Dealer);
/// # Ok::<_, zmtp_codec::RoutingIdError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The type of the socket the connection belongs to.
    pub socket_type: SocketType,
    /// What to be addressed as by a ROUTER. Only REQ, DEALER and ROUTER announce it.
    pub routing_id: Option<RoutingId>,
    /// How to prove who one is, and whether to encrypt. Both sides need the same.
    pub mechanism: Mechanism,
    /// Properties of the application's own, with names that start with `X-`.
    pub metadata: Metadata,
    /// Whether to ask about a NULL peer too before going on with it, as libzmq does where a ZAP
    /// domain is set. The servers of other mechanisms always [ask](crate::Event::Authenticate).
    pub authenticate_null: bool,
    /// What the peer may send at most.
    pub limits: Limits,
}

impl ConnectionConfig {
    /// Starts from the defaults.
    pub fn new(socket_type: SocketType, mechanism: Mechanism) -> Self {
        Self {
            socket_type,
            routing_id: None,
            mechanism,
            metadata: Metadata::new(),
            authenticate_null: false,
            limits: Limits::default(),
        }
    }

    /// Sets what to be addressed as by a ROUTER.
    pub fn with_routing_id(mut self, routing_id: RoutingId) -> Self {
        self.routing_id = Some(routing_id);
        self
    }

    /// Sets the properties of the application's own.
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets whether to ask about a NULL peer too.
    pub fn with_authenticate_null(mut self, authenticate_null: bool) -> Self {
        self.authenticate_null = authenticate_null;
        self
    }

    /// Sets what the peer may send at most.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the peer's socket type if this side's socket may talk to it.
    pub(crate) fn check_peer_type(
        &self,
        theirs: SocketType,
    ) -> Result<SocketType, PeerIncompatible> {
        let ours = self.socket_type;
        let is_accepted = ours.accepts(theirs);
        is_accepted.then_some(theirs).ok_or(PeerIncompatible::SocketType { ours, theirs })
    }
}

/// What a peer may send at most. Going beyond ends the connection.
///
/// Sizes are judged by what a frame header announces, before the body arrives, so that no memory
/// is taken for what will be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all frame bodies of one message together; `None` for no limit. Default `None`,
    /// as in libzmq, where `ZMQ_MAXMSGSIZE` limits a single frame.
    ///
    /// Without a limit a peer decides how much memory is used, as fast as it can fill it.
    pub max_message_size: Option<u64>,
    /// Frames of one message. Default 65,536.
    ///
    /// An empty frame takes 2 bytes on the wire and some 40 times as many in memory: without this
    /// limit the size of a message would say little about its cost.
    pub max_frames_per_message: u32,
    /// Bytes of the body of one command, during the handshake and after it. Default 64 KiB.
    ///
    /// This limits the topics of subscriptions too.
    pub max_command_size: usize,
    /// Bytes of what the peer says about itself in the handshake. Default 16 KiB.
    ///
    /// A server reads it, and even opens the box around it, before it knows whom it came from.
    /// It is part of [`max_handshake_size`](Self::max_handshake_size): raise that with it.
    pub max_metadata_size: usize,
    /// Bytes of the whole handshake, from the first of the greeting on. Default 64 KiB.
    ///
    /// What a mechanism itself sends takes less than 1 KiB of it: the rest is for metadata. This is
    /// all that anybody can make a server read who does not get past its authentication.
    pub max_handshake_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_size: None,
            max_frames_per_message: 65_536,
            max_command_size: 64 * 1024,
            max_metadata_size: 16 * 1024,
            max_handshake_size: 64 * 1024,
        }
    }
}
