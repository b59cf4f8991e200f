//! Pending handshakes that newer connections displaced.

/// The limit that displaced a pending handshake. The handshake was the oldest one of the address
/// with the most pending handshakes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{Displaced, HandshakeFailure, PullSocket, SocketEvent};
///
/// let pull = PullSocket::builder().max_pending_handshakes(1).build();
/// let endpoint = pull.bind("tcp://127.0.0.1:0").await?.to_string();
/// let mut events = pull.events();
/// let _silent = std::net::TcpStream::connect(endpoint.trim_start_matches("tcp://"))?;
/// let _newer = std::net::TcpStream::connect(endpoint.trim_start_matches("tcp://"))?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::HandshakeFailed { reason, .. } = event {
///         let displaced = Displaced::Listener { limit: 1 };
///         assert!(matches!(reason, HandshakeFailure::Displaced(why) if why == displaced));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Displaced {
    /// The limit for one address.
    #[error(
        "a newer connection displaced this one: one address may have {limit} pending handshakes \
         (max_pending_handshakes_per_address)"
    )]
    Address {
        /// The limit.
        limit: usize,
    },
    /// The process has no free file descriptor. Raise the system's limit (`ulimit -n`).
    #[error("a newer connection took the descriptor of this one; the process has no free one")]
    Descriptors,
    /// The limit for one bound endpoint.
    #[error(
        "a newer connection displaced this one: one endpoint may have {limit} pending handshakes \
         (max_pending_handshakes)"
    )]
    Listener {
        /// The limit.
        limit: usize,
    },
}
