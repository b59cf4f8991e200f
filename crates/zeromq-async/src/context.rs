//! What sockets share: inproc names, transports, defaults, and a common shutdown.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::endpoint::{Endpoint, EndpointError};
use crate::engine::{CloseReport, Engine, InprocRegistry, WeakEngine, check_runtime};
use crate::error::BindError;
use crate::options::{HighWaterMark, ReconnectBackoff, SocketOptions};
use crate::sync::Mutex;
#[cfg(feature = "tls")]
use crate::tls::{TlsClient, TlsServer};
use crate::transport::{DatagramTransport, Io, Listener, Transport, TransportOptions, Transports};

/// A namespace for `inproc://`, and a group of sockets that shut down together (libzmq's context).
///
/// A socket that is built without a context uses the [shared](Self::shared) one. Each context has
/// its own inproc names, which keeps tests apart. [`shutdown`](Self::shutdown) closes all sockets
/// of a context. A clone is the same context.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{Context, PullSocket, PushSocket};
///
/// let context = Context::new();
/// let mut pull = PullSocket::builder_in(&context).build();
/// let mut push = PushSocket::builder_in(&context).build();
/// push.connect("inproc://jobs")?;
/// pull.bind("inproc://jobs").await?;
/// push.send("one").await?;
/// assert_eq!(pull.recv().await?, "one");
///
/// let report = context.shutdown().await;
/// assert_eq!(report.unsent, 0);
/// assert!(pull.recv().await.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Context {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    defaults: SocketOptions,
    inproc: Arc<InprocRegistry>,
    transports: Arc<Transports>,
    sockets: Mutex<Vec<WeakEngine>>,
}

static DEFAULT: LazyLock<Context> = LazyLock::new(Context::new);

impl Context {
    /// Makes a context with the default options and transports.
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds a context with other defaults or transports.
    pub fn builder() -> ContextBuilder {
        ContextBuilder { defaults: SocketOptions::default(), transports: Transports::default() }
    }

    /// The context of sockets that are built without a context.
    pub fn shared() -> &'static Self {
        &DEFAULT
    }

    /// Closes all sockets of this context, each within its linger time, and reports all messages that
    /// were not sent (`zmq_ctx_term`).
    ///
    /// Pending `send` and `recv` calls return [`Closed`](crate::RecvError::Closed). The context can be
    /// used again afterwards.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, the sockets go on closing in the background. The report is
    /// lost.
    pub async fn shutdown(&self) -> CloseReport {
        let sockets = std::mem::take(&mut *self.shared.sockets.lock());
        let sockets: Vec<_> = sockets.iter().filter_map(WeakEngine::upgrade).collect();
        for socket in &sockets {
            socket.peers().close();
        }
        Engine::close_all(sockets).await
    }

    /// Listens at an endpoint without a socket, for test kits and bridges.
    ///
    /// # Errors
    ///
    /// The endpoint cannot be bound. See [`BindError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, nothing is bound.
    pub async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        let transports = &self.shared.transports;
        check_runtime(endpoint, transports.needs_io_driver(endpoint))?;
        transports.bind(endpoint, options).await
    }

    /// Makes one attempt to connect to an endpoint without a socket.
    ///
    /// # Errors
    ///
    /// The transport's error. It names the endpoint.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, the attempt ends. A peer may have seen it.
    pub async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        self.shared.transports.dial(endpoint, options).await
    }

    pub(crate) fn defaults(&self) -> SocketOptions {
        self.shared.defaults.clone()
    }

    pub(crate) fn inproc(&self) -> Arc<InprocRegistry> {
        self.shared.inproc.clone()
    }

    pub(crate) fn transports(&self) -> Arc<Transports> {
        self.shared.transports.clone()
    }

    pub(crate) fn add_socket(&self, engine: &Engine) {
        let mut sockets = self.shared.sockets.lock();
        if sockets.len() == sockets.capacity() {
            // Remove the sockets that have ended before the list grows.
            sockets.retain(|socket| !socket.has_ended());
        }
        sockets.push(engine.downgrade());
    }
}

/// Builds a [`Context`] with defaults for its sockets.
///
/// The builder of a socket overrides them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::{Context, PushSocket};
///
/// let context = Context::builder().send_high_water_mark(1).linger(Duration::ZERO).build();
/// let mut push = PushSocket::builder_in(&context).build();
/// push.connect("inproc://queue-of-one")?;
/// push.try_send("first")?;
/// assert!(push.try_send("second").is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ContextBuilder {
    defaults: SocketOptions,
    transports: Transports,
}

impl ContextBuilder {
    /// Makes the context.
    pub fn build(self) -> Context {
        let transports = Arc::new(self.transports);
        let shared = Shared { defaults: self.defaults, transports, ..Shared::default() };
        Context { shared: Arc::new(shared) }
    }

    /// Adds a [transport](crate::transport) for the endpoints of a scheme.
    ///
    /// It replaces a transport with the same scheme, even `tcp` or `ipc`. So tests can use a
    /// simulated network. `inproc` cannot be replaced.
    ///
    /// ```
    /// use zeromq_async::Context;
    /// use zeromq_async::transport::Tcp;
    ///
    /// assert!(Context::builder().transport("plain", Tcp).is_ok());
    /// assert!(Context::builder().transport("no scheme", Tcp).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidScheme`](crate::EndpointErrorKind::InvalidScheme).
    pub fn transport(
        mut self,
        scheme: &str,
        transport: impl Transport,
    ) -> Result<Self, EndpointError> {
        self.transports.add(scheme, transport)?;
        Ok(self)
    }

    /// Adds a transport of datagrams for the endpoints of a scheme, for RADIO, DISH and DGRAM.
    ///
    /// It replaces one with the same scheme, even `udp`. [`DatagramTransport`] has an example.
    ///
    /// # Errors
    ///
    /// [`InvalidScheme`](crate::EndpointErrorKind::InvalidScheme).
    pub fn datagram_transport(
        mut self,
        scheme: &str,
        transport: impl DatagramTransport,
    ) -> Result<Self, EndpointError> {
        self.transports.add_datagrams(scheme, transport)?;
        Ok(self)
    }

    /// See [`SocketBuilder::linger`](crate::SocketBuilder::linger). SUB, XSUB and DISH keep their own.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.defaults.linger = Some(linger);
        self
    }

    /// See [`SocketBuilder::send_high_water_mark`](crate::SocketBuilder::send_high_water_mark).
    pub fn send_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self {
        self.defaults.pipe.send_high_water_mark = mark.into();
        self
    }

    /// See
    /// [`SocketBuilder::receive_high_water_mark`](crate::SocketBuilder::receive_high_water_mark).
    pub fn receive_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self {
        self.defaults.pipe.receive_high_water_mark = mark.into();
        self
    }

    /// See [`SocketBuilder::max_message_size`](crate::SocketBuilder::max_message_size).
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.defaults.limits.max_message_size = Some(bytes);
        self
    }

    /// See [`SocketBuilder::reconnect`](crate::SocketBuilder::reconnect).
    pub fn reconnect(mut self, backoff: ReconnectBackoff) -> Self {
        self.defaults.reconnect = Some(backoff);
        self
    }

    /// See [`SocketBuilder::handshake_timeout`](crate::SocketBuilder::handshake_timeout).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.handshake_timeout = Some(timeout);
        self
    }

    /// See [`SocketBuilder::heartbeat_interval`](crate::SocketBuilder::heartbeat_interval).
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.defaults.heartbeat.interval = Some(interval);
        self
    }

    /// See [`SocketBuilder::tls_server`](crate::SocketBuilder::tls_server).
    #[cfg(feature = "tls")]
    pub fn tls_server(mut self, server: TlsServer) -> Self {
        self.defaults.transport.tls_server = Some(server);
        self
    }

    /// See [`SocketBuilder::tls_client`](crate::SocketBuilder::tls_client).
    #[cfg(feature = "tls")]
    pub fn tls_client(mut self, client: TlsClient) -> Self {
        self.defaults.transport.tls_client = Some(client);
        self
    }
}
