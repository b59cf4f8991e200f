//! Who may connect: what the engine asks of a socket's mechanism, and of whoever decides.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use zmtp::{AuthenticationRequest, Decision, DenyStatus, Mechanism, Null, RoutingId};

use crate::identity::PeerAddress;
use crate::sync::Mutex;

/// A peer that asks to be let in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The mechanism and what the peer has shown.
    pub request: AuthenticationRequest,
    /// Where the peer is.
    pub address: PeerAddress,
    /// The routing id of the socket that is asked to let it in, where one was set.
    pub routing_id: Option<RoutingId>,
    /// The domain that it asks to be let into, where the question came over 27/ZAP. `None` where a
    /// socket asks its own authenticator, which knows whose it is.
    pub domain: Option<String>,
    reason: Reason,
}

impl Attempt {
    /// Makes an attempt without a domain, as a socket does; for tests of authenticators, and for
    /// protocols that carry attempts.
    pub fn new(
        request: AuthenticationRequest,
        address: PeerAddress,
        routing_id: Option<RoutingId>,
    ) -> Self {
        Self { request, address, routing_id, domain: None, reason: Reason::default() }
    }

    /// Turns the peer away, and says why: [`HandshakeFailure::Denied`] carries it.
    ///
    /// The peer is told the status and nothing more.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::security::{Attempt, DenyStatus};
    /// use zeromq_async::{PullSocket, PushSocket, SocketEvent};
    ///
    /// let closed = |attempt: Attempt| async move {
    ///     attempt.deny(DenyStatus::TemporaryError, "we are closed until Monday")
    /// };
    /// let pull = PullSocket::builder().null_server(closed).build();
    /// let mut events = pull.events();
    /// let push = PushSocket::new();
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// while let Some(event) = events.next().await {
    ///     if let SocketEvent::HandshakeFailed { reason, .. } = event {
    ///         assert!(reason.to_string().ends_with("we are closed until Monday"));
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// [`HandshakeFailure::Denied`]: crate::HandshakeFailure::Denied
    pub fn deny(
        &self,
        status: DenyStatus,
        reason: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Decision {
        self.reason.set(reason);
        Decision::Deny(status)
    }

    /// Sets the reason of a denial that may follow. All clones of an attempt share it.
    pub fn set_reason(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        self.reason.set(reason);
    }

    /// The reason of the denial, if one was set.
    pub fn reason(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.reason.get()
    }

    /// Takes the reason away, as an authenticator does that allows the peer after all.
    pub fn take_reason(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.reason.take()
    }

    pub(crate) fn shared_reason(&self) -> Reason {
        self.reason.clone()
    }
}

/// Why an attempt comes to nothing, as far as whoever decides has said. All copies of an attempt
/// share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reason(Arc<Mutex<Option<Arc<dyn Error + Send + Sync>>>>);

impl Reason {
    pub(crate) fn set(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        *self.0.lock() = Some(reason.into().into());
    }

    pub(crate) fn get(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.0.lock().clone()
    }

    pub(crate) fn take(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.0.lock().take()
    }
}

/// Decides who may connect.
///
/// Asked once for each connection, in the middle of its handshake; the answer may take as long as
/// the handshake timeout allows, and holds up nobody else. Every async function from an
/// [`Attempt`] to a [`Decision`] is an authenticator:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// async fn check(attempt: Attempt) -> Decision {
///     match &attempt.request.credentials {
///         Credentials::Password { username, password }
///             if username == "admin" && password.expose() == b"secret" =>
///         {
///             Decision::allow_as("admin")
///         }
///         _ => Decision::Deny(DenyStatus::AuthenticationFailure),
///     }
/// }
///
/// let mut server = RepSocket::builder().plain_server(check).build();
/// let mut client = ReqSocket::builder().plain_client("admin", "secret")?.build();
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("let me in").await?;
/// assert_eq!(server.recv().await?, "let me in");
/// # Ok(()) }
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// Says whether the peer may connect, and as whom.
    ///
    /// Where it panics the peer is disconnected, and may come again; others notice nothing.
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::Pin;
    /// use zeromq_async::RepSocket;
    /// use zeromq_async::security::{Attempt, Authenticator, Credentials, Decision, DenyStatus};
    ///
    /// struct Users(Vec<String>);
    ///
    /// impl Authenticator for Users {
    ///     fn authenticate(
    ///         &self,
    ///         attempt: Attempt,
    ///     ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
    ///         Box::pin(async move {
    ///             match attempt.request.credentials {
    ///                 Credentials::Password { username, .. }
    ///                     if self.0.iter().any(|known| username == known.as_str()) =>
    ///                 {
    ///                     Decision::allow()
    ///                 }
    ///                 _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    ///             }
    ///         })
    ///     }
    /// }
    ///
    /// let rep = RepSocket::builder().plain_server(Users(vec!["admin".into()])).build();
    /// # drop(rep);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the peer goes away or its time is over: it must not leave
    /// anything half done.
    fn authenticate(&self, attempt: Attempt)
    -> Pin<Box<dyn Future<Output = Decision> + Send + '_>>;
}

impl<F, D> Authenticator for F
where
    F: Fn(Attempt) -> D + Send + Sync + 'static,
    D: Future<Output = Decision> + Send + 'static,
{
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(self(attempt))
    }
}

/// What a socket asks of its peers and shows them.
#[derive(Clone)]
pub(crate) struct Security {
    pub(crate) mechanism: Arc<dyn Mechanism>,
    authenticator: Option<Arc<dyn Authenticator>>,
}

impl Security {
    /// What the mechanism checks by itself is all that is checked.
    pub(crate) fn new(mechanism: impl Mechanism + 'static) -> Self {
        Self { mechanism: Arc::new(mechanism), authenticator: None }
    }

    /// Asks about each peer.
    pub(crate) fn asking(
        mechanism: impl Mechanism + 'static,
        authenticator: impl Authenticator,
    ) -> Self {
        Self { authenticator: Some(Arc::new(authenticator)), ..Self::new(mechanism) }
    }

    /// Whether even a peer that shows nothing is asked about.
    pub(crate) fn asks_always(&self) -> bool {
        self.authenticator.is_some()
    }

    /// The answer to a peer; without anybody to ask, no.
    pub(crate) async fn decide(&self, attempt: Attempt) -> Decision {
        match &self.authenticator {
            Some(authenticator) => {
                let reason = attempt.reason.clone();
                let deciding = caught(|| authenticator.authenticate(attempt));
                deciding.await.unwrap_or_else(|panicked| {
                    // It may be over the next time: the peer may come again.
                    reason.set(panicked);
                    Decision::Deny(DenyStatus::TemporaryError)
                })
            }
            None => Decision::Deny(DenyStatus::InternalError),
        }
    }
}

/// What somebody else's code decides, or that it panicked: that must cost the one peer it was asked
/// about, and not the task that asked, which connects again.
async fn caught<F>(ask: impl FnOnce() -> Pin<Box<F>>) -> Result<Decision, Panicked>
where
    F: Future<Output = Decision> + Send + ?Sized,
{
    // What has panicked is dropped and not used again; what an authenticator shares is its own.
    let mut deciding = catch_unwind(AssertUnwindSafe(ask)).map_err(|_| Panicked)?;
    poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| deciding.as_mut().poll(cx)));
        poll.map_or(Poll::Ready(Err(Panicked)), |poll| poll.map(Ok))
    })
    .await
}

/// An authenticator panicked; what it said, the panic hook has printed.
#[derive(Debug, thiserror::Error)]
#[error("the authenticator panicked")]
struct Panicked;

impl Default for Security {
    fn default() -> Self {
        Self::new(Null)
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Security").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}
