//! The two sides of a WebSocket.

/// The side of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two sides")]
pub enum Role {
    /// It connected and asked for the upgrade.
    Client,
    /// It accepted and answered.
    Server,
}

impl Role {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
