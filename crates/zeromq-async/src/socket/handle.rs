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

/// Binds, connects and closes a socket whose halves are elsewhere.
///
/// Cloning gives another handle to the same socket, which lives until the last of its sockets,
/// halves and handles is dropped or one of them closes it.
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

    /// Reads the socket's counts without keeping the socket alive.
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

    /// Connects to a peer that is known by this routing id.
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
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        let peers = self.engine().peers();
        let mut connected = peers.connected();
        // The sending side lives in the engine, which this handle keeps.
        let _ = connected.wait_for(|connected| *connected >= count || peers.is_closed()).await;
    }

    /// Ends the connection to one peer, of either side: what is queued for it is written first,
    /// within the linger time.
    ///
    /// A peer that connected may connect again; an endpoint that this socket connected to is
    /// forgotten, as with [`disconnect`](Self::disconnect). From now on the peer takes no more messages,
    /// and none of its messages is received, even if it has arrived.
    /// [`SocketEvent::Disconnected`](crate::SocketEvent::Disconnected) says when the peer is gone.
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

    /// Takes the messages that were lost with peers that are gone, as far as
    /// [`keep_unsent`](crate::SocketBuilder::keep_unsent) kept them.
    ///
    /// [`stats`](Self::stats) go on counting them as lost, or refused; sent again, they count again.
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

    /// Takes back the messages that inproc peers have not received yet, when a reply to them is no longer
    /// wanted.
    ///
    /// They count as [`withdrawn`](crate::Discarded::withdrawn) there.
    pub fn withdraw(&self) {
        for pipe in self.engine().peers().pipes() {
            pipe.withdraw();
        }
    }

    /// Closes the socket for all of its halves and handles; see
    /// [`Socket::close`](crate::Socket::close).
    ///
    /// Senders get [`Closed`](crate::SendErrorKind::Closed) from now on, and receivers when the
    /// socket has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the socket is closed to new messages, and ends when its last handle is
    /// dropped.
    pub async fn close(&self) -> CloseReport {
        let engine = self.engine();
        engine.close(engine.options().linger).await
    }

    /// Closes the socket within a time other than its linger option; see [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::close`](crate::Socket::close).
    pub async fn close_within(&self, linger: Duration) -> CloseReport {
        self.engine().close(Some(linger)).await
    }
}

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
    /// ends for good, because the library cannot make another: unsent messages count as lost.
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
    /// [`unbind`](Self::unbind) closes it, and leaves the file of a Unix domain socket in place.
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

/// Reads a socket's counts and does not keep the socket alive; made by
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
    /// The socket's counts now, or its last ones when it has ended.
    pub fn stats(&self) -> SocketStats {
        self.peers.stats()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.close_dropped();
    }
}
