//! The error of a proxy.

use std::fmt;

use zeromq_async::{RecvError, SendError};

/// A socket of a [`Proxy`](super::Proxy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxySide {
    /// The first end.
    Front,
    /// The second end.
    Back,
    /// The socket that gets copies.
    Capture,
    /// The socket that receives commands.
    Control,
}

impl fmt::Display for ProxySide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::Capture => "capture",
            Self::Control => "control",
        })
    }
}

/// The error of [`Proxy::run`](super::Proxy::run). Every message that was received was handed over.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zeromq_util::proxy::{Proxy, ProxyError, ProxySide};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (front, back) = (PullSocket::new(), PushSocket::new());
/// back.connect("inproc://proxy-error").unwrap();
/// front.handle().close().await;
/// let error = Proxy::one_way(front, back).run().await.unwrap_err();
/// assert!(matches!(error, ProxyError::Receive { side: ProxySide::Front, .. }));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// A socket cannot receive. Usually it was closed.
    #[error("the proxy cannot receive from its {side} any more: {source}")]
    Receive {
        /// The socket.
        side: ProxySide,
        /// Its error.
        source: RecvError,
    },
    /// A socket cannot send. Usually it was closed.
    #[error("the proxy cannot send to its {side} any more: {source}")]
    Send {
        /// The socket.
        side: ProxySide,
        /// Its error, with the message if there is one.
        source: SendError,
    },
}

impl ProxyError {
    /// Returns the socket that failed.
    pub fn side(&self) -> ProxySide {
        match self {
            Self::Receive { side, .. } | Self::Send { side, .. } => *side,
        }
    }
}
