//! Authentication by a ZAP handler (27/ZAP).

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::timeout;
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};
use zeromq_async::{Context, DealerSocket, Events, Message, Rejected, SocketEvent, SocketType};

mod error;
pub(crate) mod frames;
mod handler;

pub use error::{ZapDomainError, ZapError, ZapReplyError};
use frames::{HANDLER, Reply, Verdict};
pub use handler::ZapHandler;

/// Asks the ZAP handler of a context: a REP or ROUTER socket that is bound to
/// `inproc://zeromq.zap.01` and speaks 27/ZAP (`ZMQ_ZAP_DOMAIN`).
///
/// Use it to keep an existing handler, or to decide for many sockets in one place. Bind the handler
/// before the first peer connects: without a handler all peers are denied. [`ZapHandler`] turns an
/// [`Authenticator`] into a handler.
///
/// Requests have the same frames as libzmq's. Unlike libzmq's, which always have the id 1, each has
/// its own id. The user id and metadata of the reply become the peer's
/// ([`PeerInfo::user_id`](zeromq_async::PeerInfo::user_id),
/// [`user_metadata`](zeromq_async::PeerInfo::user_metadata)).
///
/// | handler | peer | [`HandshakeFailure`](zeromq_async::HandshakeFailure) |
/// |---|---|---|
/// | replies 200 | is connected | |
/// | replies 300 | is disconnected and may reconnect | `Denied`, 300 |
/// | replies 400 or 500 | receives the status and does not reconnect | `Denied`, 400 or 500 |
/// | is missing, is closed, or sends a malformed reply | is disconnected and may reconnect | `Denied`, 300, with a [`ZapError`] |
/// | does not reply | is disconnected and may reconnect | `Denied` after the [`timeout`](Self::timeout), or `Undecided` after the handshake timeout |
///
/// As in libzmq, each request uses its own connection to the handler, so requests are concurrent and
/// late or repeated replies are dropped. If the peer disconnects, a request that the handler has not
/// read yet is withdrawn.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::Zap;
/// use zeromq_async::{Context, Message, PullSocket, PushSocket, RepSocket};
///
/// let context = Context::new();
/// let mut handler = RepSocket::builder_in(&context).build();
/// handler.bind("inproc://zeromq.zap.01").await?;
/// tokio::spawn(async move {
///     while let Ok(request) = handler.recv().await {
///         let [version, id, domain, _address, _routing_id, _mechanism, name, password] =
///             request.frames()
///         else {
///             return; // not PLAIN
///         };
///         let known = domain == "jobs" && name == "alice" && password == "secret";
///         let status = if known { "200" } else { "400" };
///         let reply = [&version[..], id, status.as_bytes(), b"", name, b""];
///         handler.send(Message::multipart(reply)).await.unwrap();
///     }
/// });
///
/// let zap = Zap::in_context(&context, "jobs")?;
/// let mut pull = PullSocket::builder().plain_server(zap).build();
/// let mut push = PushSocket::builder().plain_client("alice", "secret")?.build();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("a job").await?;
/// assert_eq!(pull.recv().await?, "a job");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Zap {
    context: Context,
    domain: String,
    timeout: Option<Duration>,
    next_id: AtomicU64,
}

impl Zap {
    /// Asks the handler of the shared [`Context`].
    ///
    /// The domain tells the handler which group of sockets a request is for. The default in libzmq
    /// is the empty domain. 27/ZAP requires a name, but some handlers need the empty domain: pyzmq's
    /// `configure_plain(domain="*")` applies only to sockets with an empty domain.
    ///
    /// # Errors
    ///
    /// The domain has more than 255 characters, or a character that is not ASCII (27/ZAP).
    pub fn new(domain: impl Into<String>) -> Result<Self, ZapDomainError> {
        Self::in_context(Context::shared(), domain)
    }

    /// Asks the handler of this context; see [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// The domain has more than 255 characters, or a character that is not ASCII (27/ZAP).
    pub fn in_context(
        context: &Context,
        domain: impl Into<String>,
    ) -> Result<Self, ZapDomainError> {
        let domain = domain.into();
        if domain.len() > 255 || !domain.is_ascii() {
            return Err(ZapDomainError(domain));
        }
        Ok(Self { context: context.clone(), domain, timeout: None, next_id: AtomicU64::new(1) })
    }

    /// Limits the time until the handler replies. Default: no limit other than the
    /// [handshake timeout](zeromq_async::SocketBuilder::handshake_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn ask(&self, attempt: &Attempt) -> Result<Decision, ZapError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed).to_string();
        let request = frames::request(&id, &self.domain, attempt);
        let mut connection = HandlerConnection::open(&self.context).await?;
        // The reason in the event if the handshake times out.
        attempt.set_reason(ZapError::NoReply);
        let reply = connection.exchange(request);
        let reply = match self.timeout {
            None => reply.await,
            Some(limit) => timeout(limit, reply).await.unwrap_or(Err(ZapError::NoReply)),
        };
        let Reply { verdict, text, user_id, metadata } = Reply::decode(reply?, &id)?;
        Ok(match verdict {
            Verdict::Allow => {
                attempt.take_reason();
                Decision::Allow { user_id, metadata }
            }
            Verdict::Deny(status) => attempt.deny(status, ZapError::Refused { text }),
        })
    }
}

impl Authenticator for Zap {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        Box::pin(async move {
            // A faulty handler can be replaced, so the peer may reconnect.
            let denied = |error| attempt.deny(DenyStatus::TemporaryError, error);
            self.ask(&attempt).await.unwrap_or_else(denied)
        })
    }
}

/// A connection to the handler for one request.
struct HandlerConnection {
    socket: DealerSocket,
    events: Events,
}

impl HandlerConnection {
    async fn open(context: &Context) -> Result<Self, ZapError> {
        let socket = DealerSocket::builder_in(context).linger(Duration::ZERO).build();
        let mut events = socket.events();
        socket.connect(HANDLER).map_err(|_| ZapError::NoHandler)?;
        // Connecting to a bound inproc endpoint completes at once.
        match events.try_next() {
            Some(SocketEvent::HandshakeSucceeded { info, .. }) => match info.socket_type() {
                SocketType::Rep | SocketType::Router => Ok(Self { socket, events }),
                other => Err(ZapError::NotAHandler(other)),
            },
            Some(SocketEvent::Rejected { reason: Rejected::Incompatible { one, .. }, .. }) => {
                Err(ZapError::NotAHandler(one))
            }
            _ => Err(ZapError::NoHandler),
        }
    }

    /// Sends the request, and waits until the handler replies or is closed.
    async fn exchange(&mut self, request: Message) -> Result<Message, ZapError> {
        let Self { socket, events } = self;
        let mut exchange = pin!(async {
            socket.send(request).await.map_err(|_| ZapError::HandlerGone)?;
            socket.recv().await.map_err(|_| ZapError::HandlerGone)
        });
        let disconnected = async {
            while !matches!(events.next().await, Some(SocketEvent::Disconnected { .. }) | None) {}
        };
        tokio::select! {
            biased;
            reply = &mut exchange => reply,
            // The reply may have arrived just before the handler was closed.
            () = disconnected => exchange.now_or_never().unwrap_or(Err(ZapError::HandlerGone)),
        }
    }
}

impl Drop for HandlerConnection {
    fn drop(&mut self) {
        self.socket.handle().withdraw();
    }
}
