//! Socket types, and which of them may talk to each other.

use std::fmt;
use std::str::FromStr;

/// Defines the socket types by their names and the types that they may talk to.
macro_rules! socket_types {
    ($($(#[$doc:meta])* $Type:ident $name:literal [$($Peer:ident),*];)*) => {
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
        // As wide as the tag of a frame, because it is in the error of receiving. A narrower one makes
        // the compiler move the message of a `Result` in odd pieces.
        #[repr(u64)]
        pub enum SocketType {
            $($(#[$doc])* $Type,)*
        }

        impl SocketType {
            /// All socket types.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$Type),*];

            /// The types that a socket of this type may talk to.
            pub fn peers(self) -> &'static [Self] {
                match self {
                    $(Self::$Type => &[$(Self::$Peer),*],)*
                }
            }

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Type => $name,)*
                }
            }
        }
    };
}

socket_types! {
    /// One end of a CHANNEL (52/CHANNEL).
    Channel "CHANNEL" [Channel];
    /// Talks to one or more SERVERs (41/CLISRV).
    Client "CLIENT" [Server];
    /// Asynchronous requests and replies (28/REQREP).
    Dealer "DEALER" [Rep, Dealer, Router];
    /// Sends and receives UDP datagrams. It makes no ZMTP connection.
    Dgram "DGRAM" [];
    /// Receives the groups it joined (48/RADIO-DISH).
    Dish "DISH" [Radio];
    /// Collects from SCATTERs (49/SCATTER-GATHER).
    Gather "GATHER" [Scatter];
    /// One end of an exclusive pair (31/EXPAIR).
    Pair "PAIR" [Pair];
    /// Talks to other PEERs by their ids (51/P2P).
    Peer "PEER" [Peer];
    /// Publishes (29/PUBSUB).
    Pub "PUB" [Sub, XSub];
    /// Collects from PUSHes (30/PIPELINE).
    Pull "PULL" [Push];
    /// Hands out to PULLs (30/PIPELINE).
    Push "PUSH" [Pull];
    /// Sends to groups (48/RADIO-DISH).
    Radio "RADIO" [Dish];
    /// Answers requests (28/REQREP).
    Rep "REP" [Req, Dealer];
    /// Sends requests (28/REQREP).
    Req "REQ" [Rep, Router];
    /// Addresses its peers by their routing ids (28/REQREP).
    Router "ROUTER" [Req, Dealer, Router];
    /// Hands out to GATHERs (49/SCATTER-GATHER).
    Scatter "SCATTER" [Gather];
    /// Answers CLIENTs (41/CLISRV).
    Server "SERVER" [Client];
    /// Sends and receives raw bytes over TCP. It makes no ZMTP connection.
    Stream "STREAM" [];
    /// Subscribes (29/PUBSUB).
    Sub "SUB" [Pub, XPub];
    /// Publishes, and sees the subscriptions (29/PUBSUB).
    XPub "XPUB" [Sub, XSub];
    /// Subscribes, by sending the subscriptions itself (29/PUBSUB).
    XSub "XSUB" [Pub, XPub];
}

/// The text is not the name of a socket type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a socket type; names are upper case, as in \"DEALER\"")]
pub struct UnknownSocketType;

impl SocketType {
    /// Whether a socket of this type may talk to one of type `peer`. The answer is the same from
    /// both sides.
    pub fn accepts(self, peer: Self) -> bool {
        self.peers().contains(&peer)
    }

    /// Whether an application sends messages with a socket of this type.
    ///
    /// ```
    /// use zmtp_codec::SocketType;
    ///
    /// assert!(SocketType::Push.sends() && !SocketType::Push.receives());
    /// ```
    pub const fn sends(self) -> bool {
        !matches!(self, Self::Dish | Self::Gather | Self::Pull | Self::Sub)
    }

    /// Whether an application receives messages with a socket of this type.
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Radio | Self::Scatter | Self::Push | Self::Pub)
    }

    /// The type of most peers, and the assumed type of a peer that announces none. A type without
    /// peers has itself.
    pub fn usual_peer(self) -> Self {
        self.peers().first().copied().unwrap_or(self)
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
        assert_eq!("STREAMER".parse::<SocketType>(), Err(UnknownSocketType));
        assert_eq!("pub".parse::<SocketType>(), Err(UnknownSocketType));
    }
}
