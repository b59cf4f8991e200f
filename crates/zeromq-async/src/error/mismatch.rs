//! Endpoints that a socket type cannot use.

use zmtp::SocketType;

/// Why a socket of a type cannot bind or connect to an endpoint (libzmq's `ENOCOMPATPROTO`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zeromq_async::{BindErrorKind, Mismatch, PushSocket, SocketType};
///
/// let error = PushSocket::new().bind("udp://127.0.0.1:*").await.unwrap_err();
/// let mismatch = Mismatch::NoDatagrams { socket_type: SocketType::Push };
/// assert_eq!(error.kind(), &BindErrorKind::Mismatch(mismatch));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The transport has datagrams, and the socket type has none.
    #[error(
        "a {socket_type} socket needs connections, and this transport has datagrams, for RADIO, DISH \
         and DGRAM"
    )]
    NoDatagrams {
        /// The socket type.
        socket_type: SocketType,
    },
    /// The transport has connections, and a DGRAM socket has datagrams.
    #[error("a {socket_type} socket has datagrams only; use udp://")]
    OnlyDatagrams {
        /// The socket type.
        socket_type: SocketType,
    },
    /// A STREAM carries raw bytes, and inproc has none. libzmq accepts the endpoint, and nothing
    /// arrives.
    #[error("a {socket_type} socket carries raw bytes, which inproc has not; use tcp:// or ipc://")]
    NoInproc {
        /// The socket type.
        socket_type: SocketType,
    },
    /// A STREAM carries raw bytes, and WebSocket carries frames.
    #[error("a {socket_type} socket carries raw bytes, which ws has not; use tcp:// or ipc://")]
    NoWebSocket {
        /// The socket type.
        socket_type: SocketType,
    },
    /// Datagrams are neither encrypted nor authenticated, and the socket has a security mechanism.
    #[error(
        "datagrams are neither encrypted nor authenticated: use tcp://, or a socket without a \
         security mechanism"
    )]
    NoSecurity,
    /// A RADIO only sends datagrams.
    #[error("a {socket_type} socket only sends datagrams: connect it, and bind the DISH")]
    OnlyConnects {
        /// The socket type.
        socket_type: SocketType,
    },
    /// A DISH or DGRAM has no single address to send to.
    #[error("a {socket_type} socket receives datagrams where it is bound: bind it")]
    OnlyBinds {
        /// The socket type.
        socket_type: SocketType,
    },
}
