//! What sockets share: the inproc names, and an end.

use std::io;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::engine::{CloseReport, Engine, Names};
use crate::error::{BindError, EndpointError};
use crate::options::{HighWaterMark, ReconnectBackoff, SocketOptions};
use crate::sync::Mutex;
use crate::transport::{Io, Listener, Transport, TransportOptions, Transports};

/// A namespace for `inproc://` and a group of sockets that end together (libzmq's context).
///
/// Sockets made without naming a context share one that lasts as long as the process, which is
/// what most programs want. A context of one's own keeps inproc names apart, as tests need, and
/// [`shutdown`](Self::shutdown) closes all of its sockets in order.
///
/// Cloning gives another handle to the same context.
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
    /// What the sockets of this context begin with.
    defaults: SocketOptions,
    names: Arc<Names>,
    transports: Arc<Transports>,
    sockets: Mutex<Vec<Weak<Engine>>>,
}

static DEFAULT: LazyLock<Context> = LazyLock::new(Context::new);

impl Context {
    /// Makes a context of its own.
    ///
    /// ```
    /// use zeromq_async::{Context, RepSocket};
    ///
    /// let context = Context::new();
    /// let rep = RepSocket::builder_in(&context).build();
    /// # drop(rep);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a context whose sockets have other defaults.
    ///
    /// ```
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().max_message_size(1 << 20).build();
    /// # drop(context);
    /// ```
    pub fn builder() -> ContextBuilder {
        ContextBuilder { defaults: SocketOptions::default(), transports: Transports::default() }
    }

    /// The context of sockets that name none.
    ///
    /// ```
    /// use zeromq_async::{Context, PushSocket};
    ///
    /// let push = PushSocket::builder_in(Context::shared()).build(); // as PushSocket::builder()
    /// # drop(push);
    /// ```
    pub fn shared() -> &'static Self {
        &DEFAULT
    }

    /// Closes every socket of this context, each within its linger time, and adds up what they
    /// did not send (`zmq_ctx_term`).
    ///
    /// Tasks that wait in `send` or `recv` get [`Closed`](crate::RecvError::Closed). The context
    /// can be used again afterwards.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use zeromq_async::{Context, PullSocket, RecvError};
    ///
    /// let context = Context::new();
    /// let mut pull = PullSocket::builder_in(&context).build();
    /// let report = context.shutdown().await;
    /// assert_eq!(report.unsent, 0);
    /// assert!(matches!(pull.recv().await, Err(RecvError::Closed)));
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the sockets go on closing in the background; no report is given.
    pub async fn shutdown(&self) -> CloseReport {
        let sockets = std::mem::take(&mut *self.shared.sockets.lock());
        let sockets: Vec<_> = sockets.iter().filter_map(Weak::upgrade).collect();
        for socket in &sockets {
            socket.peers().close();
        }
        Engine::close_all(sockets).await
    }

    /// Listens at an endpoint with this context's transports and gives the listener itself: for test
    /// kits and bridges that speak to connections without a socket.
    ///
    /// # Errors
    ///
    /// The reason why the endpoint cannot be bound; see [`BindError`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is bound when it is dropped before it completes.
    pub async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        self.shared.transports.bind(endpoint, options).await
    }

    /// Makes one attempt to connect to an endpoint with this context's transports, and gives the
    /// byte stream itself.
    ///
    /// # Errors
    ///
    /// The transport's error; its message names the endpoint.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind when it is dropped before it completes. A peer may have seen the
    /// attempt.
    pub async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        self.shared.transports.dial(endpoint, options).await
    }

    pub(crate) fn defaults(&self) -> SocketOptions {
        self.shared.defaults.clone()
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.shared.names.clone()
    }

    pub(crate) fn transports(&self) -> Arc<Transports> {
        self.shared.transports.clone()
    }

    pub(crate) fn adopt(&self, engine: &Arc<Engine>) {
        let mut sockets = self.shared.sockets.lock();
        if sockets.len() == sockets.capacity() {
            // About to grow: forget the sockets that have ended first.
            sockets.retain(|socket| socket.strong_count() > 0);
        }
        sockets.push(Arc::downgrade(engine));
    }
}

/// Builds a context, with the defaults of its sockets.
///
/// Each default can be overridden where a socket is built.
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::{Context, DealerSocket};
///
/// let context = Context::builder().linger(Duration::from_secs(1)).build();
/// let dealer = DealerSocket::builder_in(&context).build(); // lingers for a second
/// # drop(dealer);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ContextBuilder {
    defaults: SocketOptions,
    transports: Transports,
}

impl ContextBuilder {
    /// Makes the context.
    ///
    /// ```
    /// use zeromq_async::{Context, PushSocket};
    ///
    /// let context = Context::builder().send_high_water_mark(10_000).build();
    /// let push = PushSocket::builder_in(&context).build();
    /// # drop(push);
    /// ```
    pub fn build(self) -> Context {
        let transports = Arc::new(self.transports);
        let shared = Shared { defaults: self.defaults, transports, ..Shared::default() };
        Context { shared: Arc::new(shared) }
    }

    /// Lets the sockets of this context bind and connect to endpoints of a scheme, over a
    /// [transport](crate::transport) of one's own.
    ///
    /// It takes the place of one that is known under the same scheme, also of `tcp` and `ipc`: a
    /// test may put a simulated network there. `inproc` stays what it is.
    ///
    /// ```
    /// use zeromq_async::Context;
    /// use zeromq_async::transport::Tcp;
    ///
    /// let context = Context::builder().transport("tcp", Tcp)?.build(); // as it is anyway
    /// assert!(Context::builder().transport("no scheme", Tcp).is_err());
    /// # drop(context);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidScheme`](crate::EndpointError::InvalidScheme): no endpoint could ever name it.
    pub fn transport(
        mut self,
        scheme: &str,
        transport: impl Transport,
    ) -> Result<Self, EndpointError> {
        self.transports.add(scheme, transport)?;
        Ok(self)
    }

    /// See [`SocketBuilder::linger`](crate::SocketBuilder::linger); SUB and XSUB keep theirs.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().linger(Duration::from_secs(1)).build();
    /// # drop(context);
    /// ```
    pub fn linger(mut self, linger: Duration) -> Self {
        self.defaults.linger = Some(linger);
        self
    }

    /// See [`SocketBuilder::send_high_water_mark`](crate::SocketBuilder::send_high_water_mark).
    ///
    /// ```
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().send_high_water_mark(10_000).build();
    /// # drop(context);
    /// ```
    pub fn send_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self {
        self.defaults.pipe.send_high_water_mark = mark.into();
        self
    }

    /// See
    /// [`SocketBuilder::receive_high_water_mark`](crate::SocketBuilder::receive_high_water_mark).
    ///
    /// ```
    /// use zeromq_async::{Context, HighWaterMark};
    ///
    /// let context = Context::builder().receive_high_water_mark(HighWaterMark::Unlimited).build();
    /// # drop(context);
    /// ```
    pub fn receive_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self {
        self.defaults.pipe.receive_high_water_mark = mark.into();
        self
    }

    /// See [`SocketBuilder::max_message_size`](crate::SocketBuilder::max_message_size).
    ///
    /// ```
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().max_message_size(1 << 20).build(); // 1 MiB
    /// # drop(context);
    /// ```
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.defaults.limits.max_message_size = Some(bytes);
        self
    }

    /// See [`SocketBuilder::reconnect`](crate::SocketBuilder::reconnect).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{Context, ReconnectBackoff};
    ///
    /// let (first, longest) = (Duration::from_millis(50), Duration::from_secs(10));
    /// let backoff = ReconnectBackoff::new(first).up_to(longest);
    /// let context = Context::builder().reconnect(backoff).build();
    /// # drop(context);
    /// ```
    pub fn reconnect(mut self, backoff: ReconnectBackoff) -> Self {
        self.defaults.reconnect = Some(backoff);
        self
    }

    /// See [`SocketBuilder::handshake_timeout`](crate::SocketBuilder::handshake_timeout).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().handshake_timeout(Duration::from_secs(2)).build();
    /// # drop(context);
    /// ```
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.handshake_timeout = Some(timeout);
        self
    }

    /// See [`SocketBuilder::heartbeat_interval`](crate::SocketBuilder::heartbeat_interval).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::Context;
    ///
    /// let context = Context::builder().heartbeat_interval(Duration::from_secs(5)).build();
    /// # drop(context);
    /// ```
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.defaults.heartbeat.interval = Some(interval);
        self
    }
}
