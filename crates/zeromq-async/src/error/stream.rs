//! Errors of serving the application's stream.

use super::{Mismatch, Rejected, RuntimeDriver};

/// A socket did not accept the application's stream. The stream is closed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zeromq_async::{PullSocket, StreamError, transport::Io};
///
/// let pull = PullSocket::new();
/// let handle = pull.handle().clone();
/// pull.close().await;
/// let (near, _far) = tokio::io::duplex(64);
/// let error = handle.accept_stream(Io::new(near, "far")).unwrap_err();
/// assert_eq!(error, StreamError::Closed);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The socket was closed, or its context was shut down.
    #[error("cannot take the stream: the socket is closed; make a new one")]
    Closed,
    /// The Tokio runtime has no timers.
    #[error("cannot take the stream: the Tokio runtime {0}")]
    NoDriver(RuntimeDriver),
    /// Called outside a Tokio runtime, and the socket has no live one.
    #[error(
        "cannot take the stream outside a Tokio runtime; \
         call it from a task, or within Runtime::enter"
    )]
    NoRuntime,
    /// The socket rejects the peer.
    #[error("cannot take the stream: {0}")]
    Rejected(#[from] Rejected),
    /// The socket type cannot use connections.
    #[error("cannot take the stream: {0}")]
    Mismatch(#[from] Mismatch),
}
