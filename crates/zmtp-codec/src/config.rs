//! The configuration of a connection, and all its defaults.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::PeerIncompatible;
use crate::mechanism::Mechanism;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::MechanismName;

/// What this side of a connection announces and accepts. One configuration serves any number of
/// connections.
///
/// # Defaults
///
/// No routing id, no metadata of the application, no authentication of NULL peers, no ZMTP 1.0, and the default
/// [`Limits`]. There is no default mechanism: no security must be an explicit choice.
///
/// ```
/// use zmtp_codec::{ConnectionConfig, Limits, Null, RoutingId, SocketType};
///
/// let mut limits = Limits::default();
/// limits.max_message_size = Some(1 << 20);
/// let config = ConnectionConfig::new(SocketType::Dealer, Null)
///     .with_routing_id(RoutingId::new("worker-1")?)
///     .with_limits(limits);
/// assert_eq!(config.mechanism.name().to_string(), "NULL");
/// # Ok::<_, zmtp_codec::RoutingIdError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The type of the socket that the connection belongs to.
    pub socket_type: SocketType,
    /// The name by which a ROUTER addresses this side. Only REQ, DEALER and ROUTER announce it.
    pub routing_id: Option<RoutingId>,
    /// The security mechanism. Both sides need the same.
    pub mechanism: Arc<dyn Mechanism>,
    /// Properties of the application, with names that start with `X-`.
    pub metadata: Metadata,
    /// Whether to [ask](crate::Event::Authenticate) about NULL peers too, as libzmq does if a ZAP
    /// domain is set. The servers of other mechanisms always ask.
    pub authenticate_null: bool,
    /// Whether to speak ZMTP 1.0 with peers of ZeroMQ 2. Never done where a mechanism other than NULL
    /// or authentication is set: ZMTP 1.0 has neither, and no socket types.
    pub allow_zmtp_1: bool,
    /// The most that the peer may send.
    pub limits: Limits,
}

impl ConnectionConfig {
    /// Starts from the defaults.
    pub fn new(socket_type: SocketType, mechanism: impl Mechanism + 'static) -> Self {
        Self {
            socket_type,
            routing_id: None,
            mechanism: Arc::new(mechanism),
            metadata: Metadata::new(),
            authenticate_null: false,
            allow_zmtp_1: false,
            limits: Limits::default(),
        }
    }

    /// Sets the name by which a ROUTER addresses this side.
    pub fn with_routing_id(mut self, routing_id: RoutingId) -> Self {
        self.routing_id = Some(routing_id);
        self
    }

    /// Sets the properties of the application.
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets whether to ask about NULL peers too.
    pub fn with_authenticate_null(mut self, authenticate_null: bool) -> Self {
        self.authenticate_null = authenticate_null;
        self
    }

    /// Sets whether to speak ZMTP 1.0 with peers of ZeroMQ 2.
    pub fn with_allow_zmtp_1(mut self, allow_zmtp_1: bool) -> Self {
        self.allow_zmtp_1 = allow_zmtp_1;
        self
    }

    /// Sets the most that the peer may send.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// This side's metadata, as the handshake sends it.
    pub(crate) fn encoded_metadata(&self) -> Bytes {
        let mut wire = Vec::new();
        Metadata::announcing(self.socket_type, self.routing_id.as_ref()).encode(&mut wire);
        self.metadata.encode(&mut wire);
        wire.into()
    }

    /// Whether this side requires neither security nor authentication.
    pub(crate) fn is_open(&self) -> bool {
        self.mechanism.name() == MechanismName::NULL && !self.authenticate_null
    }

    /// Whether a peer of ZMTP 1.0 may connect.
    pub(crate) fn takes_zmtp_1(&self) -> bool {
        self.allow_zmtp_1 && self.is_open()
    }

    /// The name by which a ROUTER addresses this side; empty if none.
    pub(crate) fn routing_id_bytes(&self) -> &[u8] {
        self.routing_id.as_ref().map_or(&[][..], AsRef::as_ref)
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

/// The most that a peer may send. A peer that exceeds a limit loses its connection.
///
/// Sizes are checked against the frame header, before the body arrives: no memory is taken for what
/// will be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all frame bodies of one message together; `None` for no limit. Default `None`, as in
    /// libzmq, where `ZMQ_MAXMSGSIZE` limits a single frame.
    ///
    /// Without a limit the peer decides how much memory is used.
    pub max_message_size: Option<u64>,
    /// Frames of one message. Default 65,536.
    ///
    /// An empty frame takes 2 bytes on the wire and about 80 in memory, so a limit of the size alone
    /// would not bound the memory of a message.
    pub max_frames_per_message: u32,
    /// Bytes of the body of one command, during the handshake and after it. Default 64 KiB.
    ///
    /// This limits the topics of subscriptions too.
    pub max_command_size: usize,
    /// Bytes of the peer's metadata in the handshake. Default 16 KiB.
    ///
    /// A server reads and decrypts it before it knows the peer. It counts towards
    /// [`max_handshake_size`](Self::max_handshake_size): raise both together.
    pub max_metadata_size: usize,
    /// Bytes of the whole handshake, greeting included. Default 64 KiB.
    ///
    /// A mechanism needs less than 1 KiB of it; the rest is for metadata. An unauthenticated peer
    /// cannot make a server read more than this.
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
