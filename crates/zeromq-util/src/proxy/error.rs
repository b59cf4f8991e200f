//! Why a proxy ended other than told.

use std::fmt;

use zeromq_async::{RecvError, SendError};

/// A socket of a [`Proxy`](super::Proxy).
///
/// ```
/// assert_eq!(zeromq_util::proxy::ProxySide::Front.to_string(), "front");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxySide {
    /// The one given first.
    Front,
    /// The one given second.
    Back,
    /// The one that gets copies.
    Capture,
    /// The one that gives orders.
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

/// A proxy cannot go on. What it has read it has handed over.
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
/// let error = Proxy::new(front, back).run().await.unwrap_err();
/// assert!(matches!(error, ProxyError::Receive { side: ProxySide::Front, .. }));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// A socket gives no more messages: it was closed, most often.
    #[error("the proxy cannot receive from its {side} any more: {source}")]
    Receive {
        /// Which of the sockets.
        side: ProxySide,
        /// What it says.
        source: RecvError,
    },
    /// A socket takes no more messages: it was closed, most often.
    #[error("the proxy cannot send to its {side} any more: {source}")]
    Send {
        /// Which of the sockets.
        side: ProxySide,
        /// What it says, with the message, if one was to be sent.
        source: SendError,
    },
}

impl ProxyError {
    /// Which of the proxy's sockets it is about.
    ///
    /// ```
    /// use zeromq_async::RecvError;
    /// use zeromq_util::proxy::{ProxyError, ProxySide};
    ///
    /// let error = ProxyError::Receive { side: ProxySide::Back, source: RecvError::Closed };
    /// assert_eq!(error.side(), ProxySide::Back);
    /// ```
    pub fn side(&self) -> ProxySide {
        match self {
            Self::Receive { side, .. } | Self::Send { side, .. } => *side,
        }
    }
}
