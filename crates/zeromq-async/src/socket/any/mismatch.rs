//! Converting a socket into the wrong type.

use zmtp::SocketType;

use super::AnySocket;

/// An [`AnySocket`] was to become a typed socket of another type.
/// [`into_socket`](Self::into_socket) gives it back.
///
/// ```
/// use zeromq_async::{AnySocket, PushSocket, SocketType};
///
/// let error = PushSocket::try_from(AnySocket::new(SocketType::Pull)?).unwrap_err();
/// assert_eq!(error.to_string(), "a PULL socket is not a PUSH socket");
/// assert_eq!(error.into_socket().kind(), SocketType::Pull);
/// # Ok::<(), zeromq_async::Unsupported>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("a {} socket is not a {expected} socket", socket.kind())]
pub struct TypeMismatch {
    /// Boxed, because a socket is large for an error.
    socket: Box<AnySocket>,
    expected: SocketType,
}

impl TypeMismatch {
    pub(super) fn new(socket: AnySocket, expected: SocketType) -> Self {
        Self { socket: Box::new(socket), expected }
    }

    /// The type that the socket should have had.
    pub fn expected(&self) -> SocketType {
        self.expected
    }

    /// The socket, unchanged.
    pub fn into_socket(self) -> AnySocket {
        *self.socket
    }
}
