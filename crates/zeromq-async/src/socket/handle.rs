//! Binding, connecting and closing a socket from any task.

use std::sync::Arc;
use std::time::Duration;

use zmtp::RoutingId;

use crate::endpoint::{Endpoint, EndpointError};
use crate::engine::{Accepted, CloseReport, Engine};
use crate::error::{BindError, ConnectError, DetachError, StreamError};
use crate::event::Events;
use crate::identity::PeerId;
use crate::pipe::{Ledger, PeerSet, Pipe};
use crate::stats::SocketStats;
use crate::transport::{IntoListener, Io};
use crate::unsent::UnsentMessages;

/// Binds, connects and closes a socket from anywhere, for example after the socket was split.
///
/// A clone is another handle to the same socket. The socket ends when its last half and handle are
/// dropped, or when it is closed through one of them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::PullSocket;
///
/// let mut pull = PullSocket::new();
/// let handle = pull.handle().clone();
/// let receiving = tokio::spawn(async move { pull.recv().await });
/// handle.bind("tcp://127.0.0.1:0").await?;
/// handle.close().await;
/// assert!(receiving.await?.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SocketHandle {
    life: Arc<Life>,
}

/// Ends the engine when the last handle is dropped.
#[derive(Debug)]
struct Life(Engine);

impl SocketHandle {
    pub(super) fn new(engine: Engine) -> Self {
        Self { life: Arc::new(Life(engine)) }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.life.0
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.engine().peers().ledger()
    }

    /// A handle that reads the socket's counts without keeping the socket alive.
    pub fn stats_handle(&self) -> StatsHandle {
        StatsHandle { peers: self.engine().peers().clone() }
    }

    /// See [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::bind`](crate::Socket::bind).
    pub async fn bind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Endpoint, BindError> {
        self.engine().bind(endpoint.try_into().map_err(Into::into)?).await
    }

    /// See [`Socket::connect`](crate::Socket::connect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect).
    pub fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.engine().connect(endpoint.try_into().map_err(Into::into)?, None)
    }

    /// Connects to a peer under this routing id.
    pub(super) fn connect_named(
        &self,
        endpoint: Endpoint,
        routing_id: RoutingId,
    ) -> Result<(), ConnectError> {
        self.engine().connect(endpoint, Some(routing_id))
    }

    /// Connects to a peer of a PEER, and returns its queue.
    pub(super) fn connect_peer(&self, endpoint: Endpoint) -> Result<Arc<Pipe>, ConnectError> {
        self.engine().connect_peer(endpoint)
    }

    /// See [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::unbind`](crate::Socket::unbind).
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.engine().unbind(&endpoint.try_into().map_err(Into::into)?, Accepted::Close).await
    }

    /// See [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    pub async fn stop_accepting(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.engine().unbind(&endpoint.try_into().map_err(Into::into)?, Accepted::Keep).await
    }

    /// See [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::disconnect`](crate::Socket::disconnect).
    pub fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.engine().disconnect(&endpoint.try_into().map_err(Into::into)?)
    }

    /// See [`Socket::last_endpoint`](crate::Socket::last_endpoint).
    pub fn last_endpoint(&self) -> Option<Endpoint> {
        self.engine().last_endpoint()
    }

    /// See [`Socket::events`](crate::Socket::events).
    pub fn events(&self) -> Events {
        self.engine().listen()
    }

    /// See [`Socket::stats`](crate::Socket::stats).
    pub fn stats(&self) -> SocketStats {
        self.engine().peers().stats()
    }

    /// See [`Socket::wait_for_peers`](crate::Socket::wait_for_peers).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        let peers = self.engine().peers();
        let mut connected = peers.connected();
        // The sending side lives in the engine, which this handle keeps.
        let _ = connected.wait_for(|connected| *connected >= count || peers.is_closed()).await;
    }

    /// Ends the connection to one peer. Either side may have connected. Queued messages are written
    /// first, within the linger time.
    ///
    /// A peer that connected to this socket may connect again. If this socket connected, it does
    /// not connect again, as after [`disconnect`](Self::disconnect). No more messages are sent to
    /// the peer or received from it, not even messages that have already arrived.
    /// [`SocketEvent::Disconnected`](crate::SocketEvent::Disconnected) follows when the connection
    /// has ended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("inproc://disconnect-peer").await?)?;
    /// push.send("hello").await?;
    /// let (_, peer) = pull.recv_from().await?;
    /// pull.handle().disconnect_peer(peer.id())?;
    /// assert!(pull.stats().peers.is_empty());
    /// assert!(pull.handle().disconnect_peer(peer.id()).is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket has no such peer any more.
    pub fn disconnect_peer(&self, peer: PeerId) -> Result<(), DetachError> {
        self.engine().disconnect_peer(peer)
    }

    /// Takes the unsent messages of disconnected peers, up to the number that
    /// [`keep_unsent`](crate::SocketBuilder::keep_unsent) allows.
    ///
    /// [`stats`](Self::stats) still counts them as lost or refused. A message that is sent again
    /// counts again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    ///
    /// let mut push = PushSocket::builder().keep_unsent(1000).linger(Duration::ZERO).build();
    /// push.connect("inproc://take-unsent")?;
    /// push.send("a job").await?;
    /// push.disconnect("inproc://take-unsent")?;
    /// while push.stats().lost == 0 {
    ///     tokio::task::yield_now().await;
    /// }
    /// let unsent = push.handle().take_unsent().next().unwrap();
    /// assert_eq!(unsent.message, "a job");
    /// # Ok(()) }
    /// ```
    pub fn take_unsent(&self) -> UnsentMessages {
        self.ledger().take_unsent()
    }

    /// Takes back the messages that inproc peers have not received yet. Use it when a reply to them
    /// is no longer wanted.
    ///
    /// Each peer counts its messages as [`withdrawn`](crate::Discarded::withdrawn).
    pub fn withdraw(&self) {
        for pipe in self.engine().peers().pipes() {
            pipe.withdraw();
        }
    }

    /// Closes the socket for all of its halves and handles. See
    /// [`Socket::close`](crate::Socket::close).
    ///
    /// From now on `send` fails with [`Closed`](crate::SendErrorKind::Closed). `recv` fails when
    /// the socket has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, the socket takes no more messages, and ends when its last
    /// handle is dropped.
    pub async fn close(&self) -> CloseReport {
        let engine = self.engine();
        engine.close(engine.options().linger).await
    }

    /// Closes the socket with another linger time than that of its options. See
    /// [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::close`](crate::Socket::close).
    pub async fn close_within(&self, linger: Duration) -> CloseReport {
        self.engine().close(Some(linger)).await
    }
}

impl SocketHandle {
    /// Uses a connected byte stream as if a peer had connected over it to a bound endpoint.
    ///
    /// One side accepts the stream, the other [connects](Self::connect_stream) it. The bytes on the
    /// wire are the same. This side queues messages for the peer only after the handshake. Until
    /// then the handshake counts as [pending](crate::SocketBuilder::max_pending_handshakes). Events
    /// name the connection by the endpoint that is returned, such as `stream://1`.
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
    /// The socket is closed, its type cannot use a stream (DGRAM), or there is no Tokio runtime.
    pub fn accept_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        self.engine().accept_stream(io)
    }

    /// Uses a connected byte stream as if this socket had connected it.
    ///
    /// Messages can be sent at once: they wait for the handshake. When the connection ends, unsent
    /// messages count as lost, because the library cannot connect again. To end the connection in
    /// order, [`disconnect`](Self::disconnect) from the endpoint that is returned.
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
    /// The socket is closed, its type cannot use a stream (DGRAM), it takes no further peer, or there is
    /// no Tokio runtime.
    pub fn connect_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        self.engine().connect_stream(io)
    }

    /// Accepts peers at a socket that already listens, and returns its endpoint (`ZMQ_USE_FD`).
    ///
    /// Use it for a listener that a service manager such as systemd passes as a file descriptor
    /// (`OwnedFd`), and for a [`Listener`](crate::transport::Listener) of your own.
    /// [`unbind`](Self::unbind) closes it. The file of a Unix domain socket stays.
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
    /// The descriptor is not a suitable socket, this socket is closed or of a type that cannot use it
    /// (DGRAM), or there is no Tokio runtime.
    pub fn bind_listener(&self, listener: impl IntoListener) -> Result<Endpoint, BindError> {
        self.engine().bind_listener(listener)
    }
}

/// Reads a socket's counts without keeping the socket alive. Made by
/// [`SocketHandle::stats_handle`].
///
/// ```
/// let pull = zeromq_async::PullSocket::new();
/// let stats = pull.handle().stats_handle();
/// drop(pull);
/// assert_eq!(stats.stats().received, 0);
/// ```
#[derive(Debug, Clone)]
pub struct StatsHandle {
    peers: Arc<PeerSet>,
}

impl StatsHandle {
    /// The current counts of the socket. After the socket has ended, its last counts.
    pub fn stats(&self) -> SocketStats {
        self.peers.stats()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.close_dropped();
    }
}
