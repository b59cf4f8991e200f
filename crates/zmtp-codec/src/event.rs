//! The events of a connection.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::authentication::AuthenticationRequest;
use crate::batch::EncodedMessages;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{Command, MechanismName};

/// An event of a [`Connection`](crate::Connection).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer has sent its credentials and waits for a decision. Pass it to
    /// [`Connection::authenticate`](crate::Connection::authenticate), then handle input again. An
    /// application without an authenticator should deny.
    Authenticate(AuthenticationRequest),
    /// The peer sent a command after the handshake. A PING has been answered already.
    Command(Command),
    /// The peer has ended the connection in the way of its [framing](crate::framing). Write the bytes
    /// from [`poll_transmit`](crate::Connection::poll_transmit), and close the stream.
    End,
    /// The peer sent messages.
    Messages(EncodedMessages),
    /// The handshake is over. This describes the peer.
    Ready(PeerInfo),
}

/// A description of a peer. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerInfo(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    socket_type: SocketType,
    routing_id: Bytes,
    version: (u8, u8),
    mechanism: MechanismName,
    metadata: Metadata,
    identity: Identity,
}

/// The authenticated properties of a peer, beyond its own claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The key it has proven to own.
    pub(crate) public_key: Option<[u8; 32]>,
    /// The user id of the decision.
    pub(crate) user_id: Option<String>,
    /// The metadata of the decision.
    pub(crate) user_metadata: Metadata,
}

impl PeerInfo {
    /// Describes a peer in this process that is reached without a connection.
    pub fn local(
        socket_type: SocketType,
        routing_id: Option<&RoutingId>,
        application: &Metadata,
    ) -> Self {
        let metadata = Metadata::announcing(socket_type, routing_id).with_all(application);
        let routing_id = routing_id.cloned().map_or_else(Bytes::new, Bytes::from);
        let identity = Identity::default();
        Self::new(socket_type, routing_id, (3, 1), MechanismName::NULL, metadata, identity)
    }

    pub(crate) fn new(
        socket_type: SocketType,
        routing_id: Bytes,
        version: (u8, u8),
        mechanism: MechanismName,
        metadata: Metadata,
        identity: Identity,
    ) -> Self {
        Self(Arc::new(Inner { socket_type, routing_id, version, mechanism, metadata, identity }))
    }

    /// The type of its socket. If the peer sent none, it is the first type that this side's socket may
    /// talk to, and the [metadata](Self::metadata) has no `Socket-Type`.
    pub fn socket_type(&self) -> SocketType {
        self.0.socket_type
    }

    /// The routing id that it announced; empty if none.
    ///
    /// It may break the rules of [`RoutingId`]: start with a zero byte, or be longer than 255 bytes.
    /// Only [`Limits::max_metadata_size`](crate::Limits::max_metadata_size) bounds it.
    pub fn routing_id(&self) -> &Bytes {
        &self.0.routing_id
    }

    /// The version of ZMTP that both sides speak: 1.0, 2.0, 3.0 or 3.1. It is 0.0 where the connection
    /// carries [raw bytes](crate::framing::Raw).
    pub fn version(&self) -> (u8, u8) {
        self.0.version
    }

    /// The security mechanism of the connection.
    pub fn mechanism(&self) -> MechanismName {
        self.0.mechanism
    }

    /// All its properties, including those of the application. They are claims of the peer. A peer of
    /// ZMTP 2.0 or older has none.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The public key that it has proven to own, if the mechanism has keys.
    pub fn public_key(&self) -> Option<&[u8; 32]> {
        self.0.identity.public_key.as_ref()
    }

    /// The user id of the [decision](crate::Decision::Allow) to allow it in, or else of the
    /// [transport](Self::with_user). `None` if there is neither.
    pub fn user_id(&self) -> Option<&str> {
        self.0.identity.user_id.as_deref()
    }

    /// Adds a user that the transport below ZMTP has verified, such as the holder of a TLS certificate.
    ///
    /// A user id of the decision stays, unless it is empty. The metadata of both is kept, the decision's
    /// first.
    pub fn with_user(self, user_id: &str, metadata: &Metadata) -> Self {
        let inner = &*self.0;
        let decided = inner.identity.user_id.clone().filter(|decided| !decided.is_empty());
        let identity = Identity {
            public_key: inner.identity.public_key,
            user_id: decided.or_else(|| Some(user_id.to_owned())),
            user_metadata: inner.identity.user_metadata.clone().with_all(metadata),
        };
        let (routing_id, metadata) = (inner.routing_id.clone(), inner.metadata.clone());
        Self::new(inner.socket_type, routing_id, inner.version, inner.mechanism, metadata, identity)
    }

    /// The metadata of that decision, and of the transport's user.
    pub fn user_metadata(&self) -> &Metadata {
        &self.0.identity.user_metadata
    }
}

impl fmt::Debug for PeerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerInfo")
            .field("socket_type", &self.0.socket_type)
            .field("routing_id", &self.0.routing_id)
            .field("version", &self.0.version)
            .field("mechanism", &self.0.mechanism)
            .field("metadata", &self.0.metadata)
            .field("identity", &self.0.identity)
            .finish()
    }
}
