//! The socket types and their properties.

use clap::ValueEnum;

/// A socket type, as named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Req,
    Rep,
    Dealer,
    Router,
    Pub,
    Sub,
    Xpub,
    Xsub,
    Push,
    Pull,
    Pair,
}

impl Kind {
    pub(crate) fn sends(self) -> bool {
        !matches!(self, Self::Sub | Self::Pull)
    }

    pub(crate) fn receives(self) -> bool {
        !matches!(self, Self::Pub | Self::Push)
    }

    /// Whether the other socket can send the messages that this one receives.
    pub(crate) fn forwards_to(self, other: Self) -> bool {
        self.receives() && other.sends()
    }

    /// Whether peers subscribe to messages.
    pub(crate) fn publishes(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub)
    }

    /// Whether sends and receives must alternate.
    pub(crate) fn alternates(self) -> bool {
        matches!(self, Self::Req | Self::Rep)
    }

    /// Whether it can receive the commands of a proxy's control socket.
    pub(crate) fn takes_commands(self) -> bool {
        self.receives() && !matches!(self, Self::Req | Self::Xpub | Self::Xsub)
    }

    /// Whether the RFC of this type says to drop messages for a disconnected peer. Such a drop is not a
    /// failure.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub | Self::Xsub | Self::Rep | Self::Router)
    }
}
