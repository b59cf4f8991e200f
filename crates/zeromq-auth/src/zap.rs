//! Asking a ZAP handler of the application (27/ZAP).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::timeout;
use zeromq_async::security::{Decision, DenyStatus};
use zeromq_async::{Message, SocketType};

mod error;
pub(crate) mod frames;
mod handler;

pub use error::{ZapDomainError, ZapError, ZapReplyError};
pub use handler::ZapHandler;

use frames::{Reply, Verdict};
use zeromq_async::Context;
use zeromq_async::DealerSocket;
use zeromq_async::Rejected;
use zeromq_async::security::{Attempt, Authenticator};
use zeromq_async::{Events, SocketEvent};

/// Where a ZAP handler is bound.
const HANDLER: &str = "inproc://zeromq.zap.01";

/// Lets a ZAP handler decide: a REP or ROUTER socket of the application that is bound to
/// `inproc://zeromq.zap.01` and speaks 27/ZAP (`ZMQ_ZAP_DOMAIN`).
///
/// Use it where a handler is there already, or where one handler decides for many sockets. Bind it
/// before the first peer comes: without a handler nobody is let in, whatever the mechanism. To have
/// an [`Authenticator`] as the handler, see [`ZapHandler`].
///
/// The request is libzmq's, frame by frame, but that each has a number of its own, where libzmq's
/// all have 1. The reply is checked frame by frame. Its user id and metadata become those of the
/// peer ([`PeerInfo::user_id`](zeromq_async::PeerInfo::user_id),
/// [`user_metadata`](zeromq_async::PeerInfo::user_metadata)). What comes of it:
///
/// | the handler | the peer | [`HandshakeFailure`](zeromq_async::HandshakeFailure) here |
/// |---|---|---|
/// | says 200 | is let in | |
/// | says 300 | is disconnected without a word, and may come again | `Denied`, 300 |
/// | says 400 or 500 | is told so, and does not come again | `Denied`, 400 or 500 |
/// | is not there, leaves, or replies what is no reply | is disconnected without a word, and may come again | `Denied`, 300, with a [`ZapError`] |
/// | does not read, or not reply | is disconnected in the end, and may come again | `Denied` after the [`timeout`](Self::timeout), or else `Undecided` after the handshake timeout |
///
/// Each attempt has a connection to the handler to itself, as with libzmq: many are asked about at
/// once, replies that come late or twice are dropped, and a request for which nobody waits any more
/// is taken back if it has not been read.
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
///         let knows = domain == "jobs" && name == "alice" && password == "secret";
///         let status = if knows { "200" } else { "400" };
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
    /// Asks the handler of the shared [`Context`], in this domain: a word by which the handler
    /// tells one group of sockets from another.
    ///
    /// The empty domain is libzmq's default. 27/ZAP wants a word, but some handlers know the empty
    /// one best: what pyzmq's authenticator is told with `configure_plain(domain="*")` is for
    /// sockets that ask without a domain, and for no others.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::Zap;
    ///
    /// let rep = RepSocket::builder().null_server(Zap::new("global")?).build();
    /// assert!(Zap::new("\u{e9}t\u{e9}").is_err());
    /// # drop(rep);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A domain has at most 255 ASCII characters (27/ZAP).
    pub fn new(domain: impl Into<String>) -> Result<Self, ZapDomainError> {
        Self::in_context(Context::shared(), domain)
    }

    /// Asks the handler of this context; see [`new`](Self::new).
    ///
    /// ```
    /// use zeromq_auth::Zap;
    /// use zeromq_async::{Context, RepSocket};
    ///
    /// let context = Context::new();
    /// let zap = Zap::in_context(&context, "global")?;
    /// let rep = RepSocket::builder_in(&context).plain_server(zap).build();
    /// # drop(rep);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
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

    /// How long the handler may take for one reply. Default: as long as the
    /// [handshake](zeromq_async::SocketBuilder::handshake_timeout).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::Zap;
    ///
    /// let zap = Zap::new("global")?.timeout(Duration::from_secs(2));
    /// let rep = RepSocket::builder().plain_server(zap).build();
    /// # drop(rep);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn ask(&self, attempt: &Attempt) -> Result<Decision, ZapError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed).to_string();
        let request = frames::request(&id, &self.domain, attempt);
        let mut line = Line::open(&self.context).await?;
        // Heard of where the handshake runs out of time.
        attempt.set_reason(ZapError::NoReply);
        let reply = line.call(request);
        let reply = match self.timeout {
            None => reply.await,
            Some(limit) => timeout(limit, reply).await.unwrap_or(Err(ZapError::NoReply)),
        };
        let Reply { verdict, text, user_id, metadata } = Reply::read(reply?, &id)?;
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
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(async move {
            // A handler at fault may be mended or replaced: the peer is not told to stay away.
            let denied = |error| attempt.deny(DenyStatus::TemporaryError, error);
            self.ask(&attempt).await.unwrap_or_else(denied)
        })
    }
}

/// A connection to the handler, for one request.
struct Line {
    socket: DealerSocket,
    events: Events,
}

impl Line {
    async fn open(context: &Context) -> Result<Self, ZapError> {
        let socket = DealerSocket::builder_in(context).linger(Duration::ZERO).build();
        let mut events = socket.events();
        socket.connect(HANDLER).map_err(|_| ZapError::NoHandler)?;
        // Within a process, whoever is bound is met at once.
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

    /// Sends the request and waits for the reply, or until the handler goes away.
    async fn call(&mut self, request: Message) -> Result<Message, ZapError> {
        let Self { socket, events } = self;
        let mut exchange = pin!(async {
            socket.send(request).await.map_err(|_| ZapError::HandlerGone)?;
            socket.recv().await.map_err(|_| ZapError::HandlerGone)
        });
        poll_fn(|cx| {
            if let Poll::Ready(reply) = exchange.as_mut().poll(cx) {
                return Poll::Ready(reply);
            }
            while !matches!(
                ready!(Pin::new(&mut *events).poll_next(cx)),
                Some(SocketEvent::Disconnected { .. }) | None
            ) {}
            // It may have replied between the two looks, before it went.
            match exchange.as_mut().poll(cx) {
                Poll::Ready(reply) => Poll::Ready(reply),
                Poll::Pending => Poll::Ready(Err(ZapError::HandlerGone)),
            }
        })
        .await
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.socket.handle().withdraw();
    }
}
