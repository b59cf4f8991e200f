//! Listening sockets that the application made.

use std::io;
use std::net::TcpListener;

use super::{BoundTcp, Listener, TransportOptions};

/// A listener for [`bind_listener`](crate::SocketHandle::bind_listener): any [`Listener`], or a
/// listening socket of the standard library or Tokio.
///
/// On Unix also a file descriptor, as systemd and other service managers pass it to a program
/// (`ZMQ_USE_FD`). It may be a TCP or a Unix domain socket.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::net::TcpListener;
/// use zeromq_async::transport::{IntoListener, Listener, TransportOptions};
///
/// let socket = TcpListener::bind("127.0.0.1:0")?;
/// let listener = socket.into_listener(&TransportOptions::default())?;
/// assert_eq!(listener.local_endpoint().scheme(), "tcp");
/// # Ok(()) }
/// ```
pub trait IntoListener {
    /// The type that accepts connections.
    type Listener: Listener;

    /// Converts the socket.
    ///
    /// # Errors
    ///
    /// The socket does not listen, or is neither a TCP nor a Unix domain socket.
    fn into_listener(self, options: &TransportOptions) -> io::Result<Self::Listener>;

    /// Whether Tokio's I/O driver is needed. If so,
    /// [`bind_listener`](crate::SocketHandle::bind_listener) fails on a runtime without
    /// [`enable_io`](tokio::runtime::Builder::enable_io). Default: false.
    fn needs_io_driver(&self) -> bool {
        false
    }
}

impl<L: Listener> IntoListener for L {
    type Listener = Self;

    fn into_listener(self, _: &TransportOptions) -> io::Result<Self> {
        Ok(self)
    }
}

impl IntoListener for TcpListener {
    type Listener = BoundTcp;

    fn into_listener(self, options: &TransportOptions) -> io::Result<BoundTcp> {
        self.set_nonblocking(true)?;
        BoundTcp::new(self, options)
    }

    fn needs_io_driver(&self) -> bool {
        true
    }
}

impl IntoListener for tokio::net::TcpListener {
    type Listener = BoundTcp;

    fn into_listener(self, options: &TransportOptions) -> io::Result<BoundTcp> {
        BoundTcp::new(self.into_std()?, options)
    }

    fn needs_io_driver(&self) -> bool {
        true
    }
}

#[cfg(unix)]
mod unix;
