//! The socket types, as the command line names them.

use clap::ValueEnum;

/// A socket type.
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

    /// Whether what this socket receives can be sent by the other.
    pub(crate) fn forwards_to(self, other: Self) -> bool {
        self.receives() && other.sends()
    }

    /// Whether peers say what they want to be sent.
    pub(crate) fn publishes(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub)
    }

    /// Whether sending and receiving alternate.
    pub(crate) fn alternates(self) -> bool {
        matches!(self, Self::Req | Self::Rep)
    }

    /// Whether it receives whatever its peers send, without asking first.
    pub(crate) fn takes_orders(self) -> bool {
        self.receives() && !matches!(self, Self::Req | Self::Xpub | Self::Xsub)
    }

    /// Whether it is this type's rule that messages for a peer that has gone are dropped, so that
    /// it is no failure when they are.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub | Self::Xsub | Self::Rep | Self::Router)
    }
}
