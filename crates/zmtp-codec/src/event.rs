//! What a connection tells the application side.

use bytes::Bytes;

use crate::batch::Run;
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{Command, MechanismName};

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

/// Who the peer of a connection is, as far as it said. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerInfo {
    /// The type of its socket.
    pub socket_type: SocketType,
    /// What it wants to be addressed as, 1 to 255 octets; `None` when it leaves that to the ROUTER.
    ///
    /// It may start with a zero octet: not every peer keeps the rules of
    /// [`RoutingId`](crate::RoutingId).
    pub routing_id: Option<Bytes>,
    /// The version of ZMTP that both sides speak: 3.0 or 3.1.
    pub version: (u8, u8),
    /// The security mechanism of the connection.
    pub mechanism: MechanismName,
    /// All its properties, the application's own included.
    pub metadata: Metadata,
}
