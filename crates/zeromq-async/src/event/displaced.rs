//! What there was no room for.

/// Why an accepted connection was closed before its handshake was done: there were too many such,
/// and it was the oldest of those from the address that had the most.
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
    /// From one address.
    #[error(
        "a newer connection took the place of this one: {limit} from one address may be in their \
         handshake at a time (max_pending_handshakes_per_address)"
    )]
    Address {
        /// How many may be pending.
        limit: usize,
    },
    /// For the descriptors that the process may have: raise the system's limit (`ulimit -n`).
    #[error("a newer connection took the descriptor of this one, for the process has no others")]
    Descriptors,
    /// At one bound endpoint.
    #[error(
        "a newer connection took the place of this one: {limit} at one endpoint may be in their \
         handshake at a time (max_pending_handshakes)"
    )]
    Listener {
        /// How many may be pending.
        limit: usize,
    },
}
