//! Streams and listeners that the application has made itself.

use super::SocketHandle;
use crate::endpoint::Endpoint;
use crate::error::{BindError, StreamError};
use crate::transport::{IntoListener, Io};

impl SocketHandle {
    /// Takes a connected stream as if a peer had come over it to a bound endpoint.
    ///
    /// One side accepts the stream and the other [connects](Self::connect_stream) it, though it
    /// makes no difference to the wire. This side has a queue for the peer from the end of the
    /// handshake on, which counts as a [pending
    /// one](crate::SocketBuilder::max_pending_handshakes) until then. Whether it succeeds is an
    /// event, under the endpoint that is returned (`stream://1` and so on).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::transport::Io;
    /// use zeromq_async::{RepSocket, ReqSocket};
    ///
    /// let (mut server, mut client) = (RepSocket::new(), ReqSocket::new());
    /// let (near, far) = tokio::io::duplex(64 * 1024); // or a stream of TLS, or a channel of SSH
    /// server.handle().accept_stream(Io::new(near, "the client"))?;
    /// client.handle().connect_stream(Io::new(far, "the server"))?;
    /// client.send("Hello").await?;
    /// assert_eq!(server.recv().await?, "Hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is closed, or there is no Tokio runtime.
    pub fn accept_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        self.engine().accept_stream(io)
    }

    /// Takes a connected stream as if this socket had connected it.
    ///
    /// Messages can be sent from now on and wait for the handshake. When the connection ends it
    /// ends for good, since nobody knows how to make another: what was not sent counts as lost.
    /// [`disconnect`](Self::disconnect) from the endpoint that is returned ends it in order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::transport::Io;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// let (near, far) = tokio::io::duplex(64 * 1024);
    /// let to = push.handle().connect_stream(Io::new(near, "the sink"))?;
    /// push.send("waits").await?;
    /// pull.handle().accept_stream(Io::new(far, "the source"))?;
    /// assert_eq!(pull.recv().await?, "waits");
    /// push.handle().disconnect(&to)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is closed or takes no further peer, or there is no Tokio runtime.
    pub fn connect_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        self.engine().connect_stream(io)
    }

    /// Accepts peers from now on at a socket that listens already, and returns its endpoint
    /// (`ZMQ_USE_FD`).
    ///
    /// This is for listeners that a service manager such as systemd has made, and passes as a file
    /// descriptor (`OwnedFd`), and for any [`Listener`](crate::transport::Listener) of one's own.
    /// [`unbind`](Self::unbind) closes it; the file of a Unix domain socket is left to who made it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let inherited = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.handle().bind_listener(inherited)?)?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// It is no socket that can be taken, the socket is closed, or there is no Tokio runtime.
    pub fn bind_listener(&self, listener: impl IntoListener) -> Result<Endpoint, BindError> {
        self.engine().bind_listener(listener)
    }
}
