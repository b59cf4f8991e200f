//! Authenticators: they decide whether a peer may connect.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use zmtp::wire::MechanismName;
use zmtp::{AuthenticationRequest, Decision, DenyStatus, Mechanism, Null, RoutingId};

use crate::identity::{PeerAddress, TransportUser};
use crate::sync::Mutex;

/// A peer that wants to connect, for an [`Authenticator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// The mechanism, and the credentials of the peer.
    pub request: AuthenticationRequest,
    /// The address of the peer.
    pub address: PeerAddress,
    /// The routing id of this socket, if one was set.
    pub routing_id: Option<RoutingId>,
    /// The domain, for a request over 27/ZAP. `None` for the authenticator of a socket.
    pub domain: Option<String>,
    /// The user that the transport has verified, such as the holder of a TLS certificate.
    pub user: Option<TransportUser>,
    reason: Reason,
}

impl Attempt {
    /// Makes an attempt without a domain, for tests of authenticators and for protocols that carry
    /// attempts.
    pub fn new(
        request: AuthenticationRequest,
        address: PeerAddress,
        routing_id: Option<RoutingId>,
    ) -> Self {
        Self { request, address, routing_id, domain: None, user: None, reason: Reason::default() }
    }

    /// Denies the peer for a reason that [`HandshakeFailure::Denied`] reports.
    ///
    /// The peer receives the status only.
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

    /// Sets the reason for a denial that may follow. All clones of the attempt share it.
    pub fn set_reason(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        self.reason.set(reason);
    }

    /// The reason for a denial, if one was set.
    pub fn reason(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.reason.get()
    }

    /// Removes the reason, if the peer is allowed after all.
    pub fn take_reason(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.reason.take()
    }

    pub(crate) fn shared_reason(&self) -> Reason {
        self.reason.clone()
    }
}

/// The reason for a denial, shared by all clones of an attempt.
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

/// Decides which peers may connect.
///
/// It is asked once for each connection, during the handshake. The decision must come within the
/// handshake timeout, and does not delay other peers. Any async function from an [`Attempt`] to a
/// [`Decision`] is an authenticator:
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
    /// Decides whether the peer may connect, and as which user.
    ///
    /// A panic disconnects this peer only, and it may connect again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the peer disconnects, and at the handshake timeout.
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

/// The mechanism of a socket, and its authenticator.
#[derive(Clone)]
pub(crate) struct Security {
    pub(crate) mechanism: Arc<dyn Mechanism>,
    authenticator: Option<Arc<dyn Authenticator>>,
}

impl Security {
    /// Without an authenticator: the mechanism alone decides.
    pub(crate) fn new(mechanism: impl Mechanism + 'static) -> Self {
        Self { mechanism: Arc::new(mechanism), authenticator: None }
    }

    pub(crate) fn asking(
        mechanism: impl Mechanism + 'static,
        authenticator: impl Authenticator,
    ) -> Self {
        Self { authenticator: Some(Arc::new(authenticator)), ..Self::new(mechanism) }
    }

    /// Whether peers without credentials are authenticated too.
    pub(crate) fn asks_always(&self) -> bool {
        self.authenticator.is_some()
    }

    /// Whether any peer may connect, and nothing is encrypted.
    pub(crate) fn is_none(&self) -> bool {
        self.authenticator.is_none() && self.mechanism.name() == MechanismName::NULL
    }

    /// Asks the authenticator. Without one, the peer is denied. A panic ends one handshake, not the
    /// task.
    pub(crate) async fn decide(&self, attempt: Attempt) -> Decision {
        let Some(authenticator) = &self.authenticator else {
            return Decision::Deny(DenyStatus::InternalError);
        };
        let reason = attempt.reason.clone();
        let deciding = async { authenticator.authenticate(attempt).await };
        AssertUnwindSafe(deciding).catch_unwind().await.unwrap_or_else(|_| {
            // The next attempt may succeed.
            reason.set(Panicked);
            Decision::Deny(DenyStatus::TemporaryError)
        })
    }
}

/// An authenticator panicked. The panic hook has printed the message.
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
