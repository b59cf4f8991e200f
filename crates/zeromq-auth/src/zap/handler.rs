//! A ZAP handler that asks an authenticator (27/ZAP).

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::{AbortHandle, FutureExt, abortable};
use futures_util::stream::{FuturesUnordered, StreamExt};
use zeromq_async::security::{Authenticator, Decision, DenyStatus};
use zeromq_async::{
    BindError, Context, Events, Frame, Message, Metadata, PeerId, RouterSocket, SocketEvent,
};

use super::frames::{self, HANDLER, Reply, Verdict};

/// Answers the ZAP requests of a context (27/ZAP) with an [`Authenticator`].
///
/// The authenticator's [`Attempt`](zeromq_async::security::Attempt) is made from the request: it has
/// the domain, and the port of a TCP address is 0. Requests are handled concurrently. A request is
/// dropped when its requester disconnects. The reason passed to
/// [`deny`](zeromq_async::security::Attempt::deny) becomes the status text.
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
///         _ => attempt.deny(DenyStatus::AuthenticationFailure, "unknown user"),
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
    /// Binds the handler's endpoint. Requests queue from now on, and [`run`](Self::run) answers them.
    ///
    /// # Errors
    ///
    /// The context already has a handler.
    ///
    /// # Cancel safety
    ///
    /// The future completes in its first poll.
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
    /// # Cancel safety
    ///
    /// Dropping the future closes the handler. Open and later requests are denied with status 300
    /// (temporary error) until another handler is bound.
    pub async fn run(self) {
        let Self { mut socket, mut events, authenticator } = self;
        let mut decisions = FuturesUnordered::new();
        let mut pending = PendingRequests::default();
        loop {
            tokio::select! {
                biased;
                Some((number, reply)) = decisions.next() => {
                    pending.requests.remove(&number);
                    if let Some(reply) = reply
                        && socket.send(reply).await.is_err()
                    {
                        return;
                    }
                }
                Some(event) = events.next() => match event {
                    SocketEvent::Disconnected { peer, .. } => pending.abort(|other| other == peer),
                    SocketEvent::Missed { .. } => {
                        let connected = socket.stats().peers;
                        pending.abort(|peer| connected.iter().all(|other| other.peer != peer));
                    }
                    _ => {}
                },
                request = socket.recv_from() => {
                    let Ok((request, peer)) = request else { return };
                    let (answer, abort) = abortable(answer(&*authenticator, request));
                    let number = pending.insert(peer.id(), abort);
                    decisions.push(async move { (number, answer.await.ok().flatten()) });
                }
            }
        }
    }
}

impl fmt::Debug for ZapHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZapHandler").finish_non_exhaustive()
    }
}

/// The requests that the authenticator has not decided yet.
#[derive(Debug, Default)]
struct PendingRequests {
    requests: HashMap<u64, (PeerId, AbortHandle)>,
    last: u64,
}

impl PendingRequests {
    fn insert(&mut self, peer: PeerId, abort: AbortHandle) -> u64 {
        self.last += 1;
        self.requests.insert(self.last, (peer, abort));
        self.last
    }

    /// Aborts the requests of disconnected peers.
    fn abort(&self, is_disconnected: impl Fn(PeerId) -> bool) {
        let abandoned = self.requests.values().filter(|(peer, _)| is_disconnected(*peer));
        abandoned.for_each(|(_, abort)| abort.abort());
    }
}

/// The reply to a request. `None` if the request has no delimiter or no id.
async fn answer(authenticator: &dyn Authenticator, request: Message) -> Option<Message> {
    let mut envelope = request.into_frames();
    // The first frame is the routing id. Proxies may add more frames before the delimiter.
    let delimiter = envelope.iter().skip(1).position(|frame| frame.is_empty())? + 1;
    let body = envelope.split_off(delimiter + 1);
    let id = body.get(1)?;
    // A panic in the authenticator must not end the handler.
    let reply = AssertUnwindSafe(decide(authenticator, &body)).catch_unwind().await;
    let reply = reply
        .unwrap_or_else(|_| denial(DenyStatus::InternalError, "the authenticator panicked"))
        .encode(id);
    // The encoded reply begins with its own delimiter.
    envelope.truncate(delimiter);
    Some(envelope.into_iter().chain(reply).collect())
}

async fn decide(authenticator: &dyn Authenticator, body: &[Frame]) -> Reply {
    let Some(attempt) = frames::decode_request(body) else {
        return denial(DenyStatus::InternalError, "the request is malformed");
    };
    match authenticator.authenticate(attempt.clone()).await {
        Decision::Allow { user_id, metadata } => {
            Reply { verdict: Verdict::Allow, text: "OK".into(), user_id, metadata }
        }
        Decision::Deny(status) => {
            let text = attempt.reason().map_or_else(String::new, |reason| reason.to_string());
            denial(status, text)
        }
    }
}

fn denial(status: DenyStatus, text: impl Into<String>) -> Reply {
    let verdict = Verdict::Deny(status);
    Reply { verdict, text: text.into(), user_id: String::new(), metadata: Metadata::new() }
}
