//! Socket types, and which of them may talk to each other.

use std::fmt;
use std::str::FromStr;

/// The type of a socket, as announced in the handshake.
///
/// ```
/// use zmtp_codec::SocketType;
///
/// assert!(SocketType::Req.accepts(SocketType::Router));
/// assert!(!SocketType::Req.accepts(SocketType::Pub));
/// assert_eq!("PUB".parse(), Ok(SocketType::Pub));
/// assert_eq!(SocketType::Pub.to_string(), "PUB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SocketType {
    /// One end of a CHANNEL (52/CHANNEL).
    Channel,
    /// Talks to one or more SERVERs (41/CLISRV).
    Client,
    /// Asynchronous requests and replies (28/REQREP).
    Dealer,
    /// Receives the groups it joined (48/RADIO-DISH).
    Dish,
    /// Collects from SCATTERs (49/SCATTER-GATHER).
    Gather,
    /// One end of an exclusive pair (31/EXPAIR).
    Pair,
    /// Talks to other PEERs by their ids (51/P2P).
    Peer,
    /// Publishes (29/PUBSUB).
    Pub,
    /// Collects from PUSHes (30/PIPELINE).
    Pull,
    /// Hands out to PULLs (30/PIPELINE).
    Push,
    /// Sends to groups (48/RADIO-DISH).
    Radio,
    /// Answers requests (28/REQREP).
    Rep,
    /// Sends requests (28/REQREP).
    Req,
    /// Addresses its peers by their routing ids (28/REQREP).
    Router,
    /// Hands out to GATHERs (49/SCATTER-GATHER).
    Scatter,
    /// Answers CLIENTs (41/CLISRV).
    Server,
    /// Subscribes (29/PUBSUB).
    Sub,
    /// Publishes, and sees the subscriptions (29/PUBSUB).
    XPub,
    /// Subscribes, by sending the subscriptions itself (29/PUBSUB).
    XSub,
}

/// The text is not the name of a socket type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a socket type; names are upper case, as in \"DEALER\"")]
pub struct UnknownSocketType;

impl SocketType {
    /// All socket types.
    pub const ALL: [Self; 19] = [
        Self::Channel,
        Self::Client,
        Self::Dealer,
        Self::Dish,
        Self::Gather,
        Self::Pair,
        Self::Peer,
        Self::Pub,
        Self::Pull,
        Self::Push,
        Self::Radio,
        Self::Rep,
        Self::Req,
        Self::Router,
        Self::Scatter,
        Self::Server,
        Self::Sub,
        Self::XPub,
        Self::XSub,
    ];

    /// Whether a socket of this type may talk to one of type `peer`. The answer is the same from
    /// both sides.
    pub fn accepts(self, peer: Self) -> bool {
        self.peers().contains(&peer)
    }

    /// The types a socket of this type may talk to.
    pub fn peers(self) -> &'static [Self] {
        match self {
            Self::Channel => &[Self::Channel],
            Self::Client => &[Self::Server],
            Self::Dealer => &[Self::Rep, Self::Dealer, Self::Router],
            Self::Dish => &[Self::Radio],
            Self::Gather => &[Self::Scatter],
            Self::Pair => &[Self::Pair],
            Self::Peer => &[Self::Peer],
            Self::Pub | Self::XPub => &[Self::Sub, Self::XSub],
            Self::Pull => &[Self::Push],
            Self::Push => &[Self::Pull],
            Self::Radio => &[Self::Dish],
            Self::Rep => &[Self::Req, Self::Dealer],
            Self::Req => &[Self::Rep, Self::Router],
            Self::Router => &[Self::Req, Self::Dealer, Self::Router],
            Self::Scatter => &[Self::Gather],
            Self::Server => &[Self::Client],
            Self::Sub | Self::XSub => &[Self::Pub, Self::XPub],
        }
    }

    /// The assumed type of a peer that announces none.
    pub(crate) fn usual_peer(self) -> Self {
        self.peers().first().copied().unwrap_or(self)
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Channel => "CHANNEL",
            Self::Client => "CLIENT",
            Self::Dealer => "DEALER",
            Self::Dish => "DISH",
            Self::Gather => "GATHER",
            Self::Pair => "PAIR",
            Self::Peer => "PEER",
            Self::Pub => "PUB",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::Radio => "RADIO",
            Self::Rep => "REP",
            Self::Req => "REQ",
            Self::Router => "ROUTER",
            Self::Scatter => "SCATTER",
            Self::Server => "SERVER",
            Self::Sub => "SUB",
            Self::XPub => "XPUB",
            Self::XSub => "XSUB",
        }
    }

    /// Whether a socket of this type announces a routing id, even an empty one. libzmq does for these
    /// three, and its ROUTER expects it.
    pub(crate) fn announces_routing_id(self) -> bool {
        matches!(self, Self::Dealer | Self::Req | Self::Router)
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SocketType {
    type Err = UnknownSocketType;

    fn from_str(name: &str) -> Result<Self, UnknownSocketType> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or(UnknownSocketType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_type_matching_is_symmetric() {
        for one in SocketType::ALL {
            for other in SocketType::ALL {
                assert_eq!(one.accepts(other), other.accepts(one), "{one} and {other}");
            }
        }
    }

    #[test]
    fn socket_type_names_round_trip() {
        for one in SocketType::ALL {
            assert_eq!(one.name().parse(), Ok(one));
        }
        assert_eq!("STREAM".parse::<SocketType>(), Err(UnknownSocketType));
        assert_eq!("pub".parse::<SocketType>(), Err(UnknownSocketType));
    }
}
