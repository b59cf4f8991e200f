//! What a connection tells the application side.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::authentication::AuthenticationRequest;
use crate::batch::EncodedMessages;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{Command, MechanismName};

/// Something that has happened on a [`Connection`](crate::Connection).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer has shown who it is, and may not go on before somebody has decided whether it may:
    /// give the answer to [`Connection::authenticate`](crate::Connection::authenticate), then
    /// handle input again. Whoever has nobody to ask denies.
    Authenticate(AuthenticationRequest),
    /// The peer sent a command after the handshake. A PING has been answered already.
    Command(Command),
    /// The peer sent messages.
    Messages(EncodedMessages),
    /// The handshake is over: this is who the peer is.
    Ready(PeerInfo),
}

/// Who a peer is, as far as it said. Cheap to clone.
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

/// What is known of a peer beyond what it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The key it has shown to be its own.
    pub(crate) public_key: Option<[u8; 32]>,
    /// Who it is, as decided by whoever let it in.
    pub(crate) user_id: Option<String>,
    /// What else the one who let it in knows.
    pub(crate) user_metadata: Metadata,
}

impl PeerInfo {
    /// Describes a peer in this very process, which is reached without a connection.
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

    /// The type of its socket. One that does not say is taken for the first type that this side's
    /// socket may talk to, and its [metadata](Self::metadata) has no `Socket-Type`.
    pub fn socket_type(&self) -> SocketType {
        self.0.socket_type
    }

    /// What it wants to be addressed as; empty when it leaves that to others.
    ///
    /// It may start with a zero byte, or have more than 255: not every peer keeps the rules of
    /// [`RoutingId`]. Only [`Limits::max_metadata_size`](crate::Limits::max_metadata_size) is the end
    /// of it.
    pub fn routing_id(&self) -> &Bytes {
        &self.0.routing_id
    }

    /// The version of ZMTP that both sides speak: 2.0, 3.0 or 3.1.
    pub fn version(&self) -> (u8, u8) {
        self.0.version
    }

    /// The security mechanism of the connection.
    pub fn mechanism(&self) -> MechanismName {
        self.0.mechanism
    }

    /// All its properties, the application's own included. It is the peer who says so; one of ZMTP
    /// 2.0 cannot, and has none.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The public key it has proven to be its own, where the mechanism has keys.
    pub fn public_key(&self) -> Option<&[u8; 32]> {
        self.0.identity.public_key.as_ref()
    }

    /// Who it is, as [decided](crate::Decision::Allow) by whoever let it in; `None` where nobody
    /// was asked.
    pub fn user_id(&self) -> Option<&str> {
        self.0.identity.user_id.as_deref()
    }

    /// What else whoever let it in knows of it.
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
