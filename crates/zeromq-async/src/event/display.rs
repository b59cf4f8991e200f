//! Events as one line of text each.

use std::fmt::{self, Display, Formatter};

use super::SocketEvent;

impl Display for SocketEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { endpoint, .. } => write!(f, "listening at {endpoint}"),
            Self::ListenerClosed { endpoint } => write!(f, "no longer listening at {endpoint}"),
            Self::Accepted { endpoint, address, .. } => {
                write!(f, "accepted a connection from {address} at {endpoint}")
            }
            Self::AcceptFailed { endpoint, error } => {
                write!(f, "could not accept a connection at {endpoint}: {error}")
            }
            Self::Connected { endpoint, address, attempt, .. } => {
                write!(f, "connected to {endpoint}, which is {address}, in attempt {attempt}")
            }
            Self::ConnectFailed { endpoint, attempt, error } => {
                write!(f, "attempt {attempt} to connect to {endpoint} failed: {error}")
            }
            Self::ConnectRetried { endpoint, attempt, delay } => {
                write!(f, "attempt {attempt} to connect to {endpoint} follows in {delay:?}")
            }
            Self::ConnectStopped { endpoint, attempts } => {
                write!(f, "gave up connecting to {endpoint} after {}", Count(attempts, "attempt"))
            }
            Self::HandshakeSucceeded { endpoint, peer, info } => {
                write!(f, "{peer} is ready at {endpoint}: a {}", info.socket_type())
            }
            Self::HandshakeFailed { endpoint, address, reason, .. } => {
                write!(f, "the handshake with {address} at {endpoint} failed: {reason}")
            }
            Self::Rejected { endpoint, reason } => {
                write!(f, "rejected a peer at {endpoint}: {reason}")
            }
            Self::Disconnected { endpoint, peer, reason, unsent, kept, .. } => {
                write!(f, "{peer} at {endpoint} has left: {reason}")?;
                match (unsent, kept) {
                    (0, _) => Ok(()),
                    (_, true) => write!(f, "; {} kept for it", Count(unsent, "message")),
                    (_, false) => write!(f, "; {} lost", Count(unsent, "message")),
                }
            }
            Self::MessageRefused { endpoint, peer, attempts, bytes } => write!(
                f,
                "{peer} at {endpoint} refused a message of {bytes} bytes in {}",
                Count(attempts, "attempt")
            ),
            Self::DatagramFailed { endpoint, error } => {
                write!(f, "a datagram failed at {endpoint}: {error}")
            }
            Self::Dropping { reason, count } => {
                write!(f, "{} dropped: {reason:?}", Count(count, "message"))
            }
            Self::Missed { count } => {
                write!(f, "{} missed, because this stream was not read", Count(count, "event"))
            }
        }
    }
}

/// A count with its noun: `1 message`, `2 messages`.
struct Count<'a, N>(&'a N, &'a str);

impl<N: Display + PartialEq + From<u8>> Display for Count<'_, N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plural = if *self.0 == N::from(1) { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}
