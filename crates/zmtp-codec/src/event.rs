//! What a connection tells the application side.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::batch::Run;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{Command, Greeting, MechanismName};

/// Something that has happened on a [`Connection`](crate::Connection).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer sent a command after the handshake. A PING has been answered already.
    Command(Command),
    /// The peer sent messages.
    Messages(Run),
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
}

impl PeerInfo {
    /// Describes a peer in this very process, which is reached without a connection.
    pub fn local(socket_type: SocketType, routing_id: Option<&RoutingId>) -> Self {
        let metadata = Metadata::announcing(socket_type, routing_id);
        let routing_id = routing_id.cloned().map_or_else(Bytes::new, Bytes::from);
        Self::new(socket_type, routing_id, &Greeting::new(MechanismName::NULL), metadata)
    }

    pub(crate) fn new(
        socket_type: SocketType,
        routing_id: Bytes,
        greeting: &Greeting,
        metadata: Metadata,
    ) -> Self {
        let (version, mechanism) = (greeting.negotiated_version(), greeting.mechanism());
        Self(Arc::new(Inner { socket_type, routing_id, version, mechanism, metadata }))
    }

    /// The type of its socket.
    pub fn socket_type(&self) -> SocketType {
        self.0.socket_type
    }

    /// What it wants to be addressed as, up to 255 octets; empty when it leaves that to others.
    ///
    /// It may start with a zero octet: not every peer keeps the rules of [`RoutingId`].
    pub fn routing_id(&self) -> &Bytes {
        &self.0.routing_id
    }

    /// The version of ZMTP that both sides speak: 3.0 or 3.1.
    pub fn version(&self) -> (u8, u8) {
        self.0.version
    }

    /// The security mechanism of the connection.
    pub fn mechanism(&self) -> MechanismName {
        self.0.mechanism
    }

    /// All its properties, the application's own included.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
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
            .finish()
    }
}
