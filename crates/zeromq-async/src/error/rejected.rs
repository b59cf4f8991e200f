//! A peer that a socket rejects.

use zmtp::SocketType;

/// The reason why a socket rejects a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The socket closes.
    #[error("the socket is being closed")]
    Closed,
    /// The socket has its maximum of peers.
    #[error("the socket has its maximum of {limit} peers (max_peers)")]
    Full {
        /// The maximum.
        limit: usize,
    },
    /// A PAIR or CHANNEL socket already has its one peer (31/EXPAIR, 52/CHANNEL).
    #[error("the socket has its one peer already")]
    Occupied,
    /// Another peer of the ROUTER has the routing id, and handover is off.
    #[error("another peer has the routing id \"{}\"", .0.escape_ascii())]
    RoutingIdTaken(Box<[u8]>),
    /// The socket types cannot connect over inproc (37/ZMTP).
    #[error("{one} and {other} sockets cannot connect")]
    Incompatible {
        /// The bound socket's type.
        one: SocketType,
        /// The connecting socket's type.
        other: SocketType,
    },
}
