//! Answering the questions of others (27/ZAP).

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_core::Stream;
use futures_util::future::{AbortHandle, FutureExt, abortable};
use futures_util::stream::FuturesUnordered;
use zeromq_async::security::{Decision, DenyStatus};
use zeromq_async::{Frame, Message, Metadata};

use super::HANDLER;
use super::frames::{self, Reply, Verdict};
use zeromq_async::BindError;
use zeromq_async::Context;
use zeromq_async::RouterSocket;
use zeromq_async::security::Authenticator;
use zeromq_async::{Events, SocketEvent};
use zeromq_async::{Peer, PeerId};

/// Has an [`Authenticator`] decide for all sockets of a context that ask a ZAP handler (27/ZAP).
///
/// The [`Attempt`](zeromq_async::security::Attempt) that the authenticator gets is made of the request: it
/// has the domain, and of a peer's TCP address no more than the host, with port 0. Any number are
/// decided about at once; one that nobody waits for any longer is dropped. What
/// [`deny`](zeromq_async::security::Attempt::deny) gives as the reason becomes the status text.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
/// use zeromq_auth::{Zap, ZapHandler};
/// use zeromq_async::{Context, PullSocket, PushSocket};
///
/// async fn check(attempt: Attempt) -> Decision {
///     match (attempt.domain.as_deref(), &attempt.request.credentials) {
///         (Some("jobs"), Credentials::Password { username, password })
///             if username == "alice" && password.expose() == b"secret" =>
///         {
///             Decision::allow_as("alice")
///         }
///         _ => attempt.deny(DenyStatus::AuthenticationFailure, "not one of us"),
///     }
/// }
///
/// let context = Context::new();
/// tokio::spawn(ZapHandler::bind(&context, check).await?.run());
///
/// let zap = Zap::in_context(&context, "jobs")?;
/// let mut pull = PullSocket::builder().plain_server(zap).build();
/// let mut push = PushSocket::builder().plain_client("alice", "secret")?.build();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("a job").await?;
/// assert_eq!(pull.recv().await?, "a job");
/// # Ok(()) }
/// ```
pub struct ZapHandler {
    socket: RouterSocket,
    events: Events,
    authenticator: Arc<dyn Authenticator>,
}

impl ZapHandler {
    /// Becomes the handler of the context: requests are taken from now on, and answered by
    /// [`run`](Self::run).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::Context;
    /// use zeromq_async::security::{Attempt, Decision};
    /// use zeromq_auth::ZapHandler;
    ///
    /// let anybody = |_: Attempt| async { Decision::allow() };
    /// let context = Context::new();
    /// let _handler = ZapHandler::bind(&context, anybody).await?;
    /// assert!(ZapHandler::bind(&context, anybody).await.is_err()); // there can be one
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The context has a handler already.
    ///
    /// # Cancel safety
    ///
    /// It completes in its first poll.
    pub async fn bind(
        context: &Context,
        authenticator: impl Authenticator,
    ) -> Result<Self, BindError> {
        let socket = RouterSocket::builder_in(context).build();
        socket.bind(HANDLER).await?;
        let events = socket.events();
        Ok(Self { socket, events, authenticator: Arc::new(authenticator) })
    }

    /// Answers requests until the context is [shut down](Context::shutdown).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::Context;
    /// use zeromq_async::security::{Attempt, Decision};
    /// use zeromq_auth::ZapHandler;
    ///
    /// let context = Context::new();
    /// let handler = ZapHandler::bind(&context, |_: Attempt| async { Decision::allow() }).await?;
    /// let running = tokio::spawn(handler.run());
    /// context.shutdown().await;
    /// running.await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped, the handler is gone: what is undecided is denied for now, and so is everything else
    /// until there is another.
    pub async fn run(self) {
        let Self { mut socket, mut events, authenticator } = self;
        let mut deciding = FuturesUnordered::new();
        let mut askers = Askers::default();
        loop {
            match next(&mut socket, &mut events, &mut deciding).await {
                Happening::Asked(request, asker) => {
                    let (answer, abort) = abortable(answer(&*authenticator, request));
                    let number = askers.add(asker.id(), abort);
                    deciding.push(async move { (number, answer.await.ok().flatten()) });
                }
                Happening::Decided(number, reply) => {
                    askers.remove(number);
                    if let Some(reply) = reply
                        && socket.send(reply).await.is_err()
                    {
                        return;
                    }
                }
                Happening::Left(asker) => askers.give_up(|other| other == asker),
                Happening::Missed => {
                    let here = socket.stats().peers;
                    askers.give_up(|asker| here.iter().all(|peer| peer.peer != asker));
                }
                Happening::Closed => return,
            }
        }
    }
}

impl std::fmt::Debug for ZapHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZapHandler").finish_non_exhaustive()
    }
}

/// Who waits for what is being decided.
#[derive(Debug, Default)]
struct Askers {
    waiting: HashMap<u64, (PeerId, AbortHandle)>,
    next: u64,
}

impl Askers {
    fn add(&mut self, asker: PeerId, abort: AbortHandle) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, (asker, abort));
        self.next
    }

    fn remove(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    /// Decides no longer for those that have left.
    fn give_up(&self, has_left: impl Fn(PeerId) -> bool) {
        let left = self.waiting.values().filter(|(asker, _)| has_left(*asker));
        left.for_each(|(_, abort)| abort.abort());
    }
}

enum Happening {
    Asked(Message, Peer),
    /// What came of the question of this number: a reply, if there can be one and it is waited for.
    Decided(u64, Option<Message>),
    Left(PeerId),
    /// Some may have left, of whom nothing was heard.
    Missed,
    Closed,
}

/// The next thing that happens. Dropped, it loses nothing.
async fn next(
    socket: &mut RouterSocket,
    events: &mut Events,
    deciding: &mut FuturesUnordered<impl Future<Output = (u64, Option<Message>)>>,
) -> Happening {
    let mut request = pin!(socket.recv_from());
    poll_fn(|cx| {
        if let Poll::Ready(Some((number, reply))) = Pin::new(&mut *deciding).poll_next(cx) {
            return Poll::Ready(Happening::Decided(number, reply));
        }
        while let Poll::Ready(Some(event)) = Pin::new(&mut *events).poll_next(cx) {
            match event {
                SocketEvent::Disconnected { peer, .. } => {
                    return Poll::Ready(Happening::Left(peer));
                }
                SocketEvent::Missed { .. } => return Poll::Ready(Happening::Missed),
                _ => {}
            }
        }
        request.as_mut().poll(cx).map(|request| match request {
            Ok((request, asker)) => Happening::Asked(request, asker),
            Err(_) => Happening::Closed,
        })
    })
    .await
}

/// The reply to a request; `None` where it is not even a request.
async fn answer(authenticator: &dyn Authenticator, request: Message) -> Option<Message> {
    let mut envelope = request.into_frames();
    // The routing id comes first, and those of intermediaries may follow.
    let delimiter = envelope.iter().skip(1).position(|frame| frame.is_empty())? + 1;
    let body = envelope.split_off(delimiter + 1);
    let id = body.get(1)?;
    // An authenticator that panics must not take the handler of all others with it.
    let reply = AssertUnwindSafe(decide(authenticator, &body)).catch_unwind().await;
    let reply = reply
        .unwrap_or_else(|_| refusal(DenyStatus::InternalError, "the authenticator panicked"))
        .write(id);
    // The reply has a delimiter of its own.
    envelope.truncate(delimiter);
    Some(envelope.into_iter().chain(reply).collect())
}

async fn decide(authenticator: &dyn Authenticator, body: &[Frame]) -> Reply {
    let Some(attempt) = frames::read_request(body) else {
        return refusal(DenyStatus::InternalError, "the request is not understood");
    };
    match authenticator.authenticate(attempt.clone()).await {
        Decision::Allow { user_id, metadata } => {
            Reply { verdict: Verdict::Allow, text: "OK".into(), user_id, metadata }
        }
        Decision::Deny(status) => {
            let text = attempt.reason().map_or_else(String::new, |reason| reason.to_string());
            refusal(status, text)
        }
    }
}

fn refusal(status: DenyStatus, text: impl Into<String>) -> Reply {
    let verdict = Verdict::Deny(status);
    Reply { verdict, text: text.into(), user_id: String::new(), metadata: Metadata::new() }
}
