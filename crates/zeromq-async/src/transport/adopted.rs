//! Listening sockets that somebody else has made.

use std::io;
use std::net::TcpListener;

use super::{BoundTcp, Listener, TransportOptions};

/// What [`bind_listener`](crate::SocketHandle::bind_listener) takes: any [`Listener`], and what the
/// standard library and Tokio have for a socket that listens.
///
/// On Unix a file descriptor will do too, as a service manager such as systemd passes it to a
/// program (`ZMQ_USE_FD`): whether it is of TCP or of a Unix domain socket is found out.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::net::TcpListener;
/// use zeromq_async::transport::{IntoListener, Listener, TransportOptions};
///
/// let made_elsewhere = TcpListener::bind("127.0.0.1:0")?;
/// let listener = made_elsewhere.into_listener(&TransportOptions::default())?;
/// assert_eq!(listener.local_endpoint().scheme(), "tcp");
/// # Ok(()) }
/// ```
pub trait IntoListener {
    /// What accepts connections.
    type Listener: Listener;

    /// Takes the socket.
    ///
    /// # Errors
    ///
    /// It does not listen, or is not of TCP or a Unix domain.
    fn into_listener(self, options: &TransportOptions) -> io::Result<Self::Listener>;

    /// Whether it is a socket of the system, which Tokio drives: then
    /// [`bind_listener`](crate::SocketHandle::bind_listener) fails at once on a runtime without
    /// [`enable_io`](tokio::runtime::Builder::enable_io). False by default.
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
