//! Why a socket does not take a peer.

use zmtp::SocketType;

/// A socket does not take a peer, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The socket is being closed.
    #[error("the socket is being closed")]
    Closed,
    /// The socket has as many peers as it may.
    #[error("the socket has {limit} peers, as many as it may (max_peers)")]
    Full {
        /// How many it may have.
        limit: usize,
    },
    /// A PAIR socket has its one peer (31/EXPAIR).
    #[error("the socket has its one peer already")]
    Occupied,
    /// A ROUTER has a peer with the same routing id, and handover is off.
    #[error("another peer has the routing id \"{}\"", .0.escape_ascii())]
    RoutingIdTaken(Box<[u8]>),
    /// The socket types do not go together (37/ZMTP); told by the codec except for inproc.
    #[error("{one} and {other} sockets do not go together")]
    Incompatible {
        /// The bound socket's type.
        one: SocketType,
        /// The connecting socket's type.
        other: SocketType,
    },
}
