//! Errors of connecting to an endpoint, and of undoing it.

use std::error::Error;
use std::{fmt, io};

use zmtp::RoutingIdError;

use super::{Mismatch, Rejected, RuntimeDriver, describe};
use crate::endpoint::{Endpoint, EndpointError, EndpointErrorKind};
use crate::identity::{PeerId, RouteId};

/// A socket could not begin to connect.
///
/// An absent peer is not such an error: the socket tries to connect in the background until it
/// succeeds, and each failure is an event. The text names the endpoint and says what to do next.
///
/// ```
/// use zeromq_async::{ConnectErrorKind, EndpointErrorKind, PushSocket};
///
/// let error = PushSocket::new().connect("tcp://127.0.0.1").unwrap_err();
/// let no_port = ConnectErrorKind::InvalidEndpoint(EndpointErrorKind::MissingPort);
/// assert_eq!((error.endpoint(), error.kind()), ("tcp://127.0.0.1", &no_port));
/// ```
pub struct ConnectError {
    endpoint: String,
    kind: ConnectErrorKind,
    io: Option<io::Error>,
}

/// Why a socket could not begin to connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The socket was closed, or its context was shut down.
    #[error("the socket is closed")]
    Closed,
    /// The peer has no routing id before it is connected, because the socket is
    /// [`immediate`](crate::SocketBuilder::immediate) (libzmq's `EFAULT`).
    #[error("the socket is immediate, and names a peer only when it is connected")]
    Immediate,
    /// The text is not an endpoint, or the endpoint cannot be connected to.
    #[error(transparent)]
    InvalidEndpoint(EndpointErrorKind),
    /// No peer can have this routing id.
    #[error("the peer cannot have this routing id: {0}")]
    InvalidRoutingId(#[source] RoutingIdError),
    /// The socket type cannot use the endpoint.
    #[error(transparent)]
    Mismatch(Mismatch),
    /// The Tokio runtime lacks a driver that the endpoint needs.
    #[error("the Tokio runtime {0}")]
    NoDriver(RuntimeDriver),
    /// Called outside a Tokio runtime, and the socket has no live one.
    #[error("the call is outside a Tokio runtime")]
    NoRuntime,
    /// The system refuses an option of this socket, so no attempt can succeed.
    #[error("the system refuses an option of the socket")]
    OptionRefused,
    /// The socket rejects the peer.
    #[error("{0}")]
    Rejected(#[source] Rejected),
    /// This system lacks the transport.
    #[error("this system has no such transport")]
    Unsupported,
}

impl ConnectError {
    pub(crate) fn new(endpoint: &Endpoint, kind: ConnectErrorKind) -> Self {
        Self { endpoint: endpoint.to_string(), kind, io: None }
    }

    /// Converts the error of a transport that checked the endpoint and the options.
    pub(crate) fn option_refused(endpoint: &Endpoint, error: io::Error) -> Self {
        match error.downcast::<EndpointError>() {
            Ok(invalid) => invalid.into(),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                Self::new(endpoint, ConnectErrorKind::Unsupported)
            }
            Err(error) => {
                Self { io: Some(error), ..Self::new(endpoint, ConnectErrorKind::OptionRefused) }
            }
        }
    }

    /// The endpoint as text.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The reason.
    pub fn kind(&self) -> &ConnectErrorKind {
        &self.kind
    }
}

impl From<EndpointError> for ConnectError {
    fn from(error: EndpointError) -> Self {
        let (endpoint, kind) = error.into_parts();
        Self { endpoint, kind: ConnectErrorKind::InvalidEndpoint(kind), io: None }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.io.as_ref().map_or_else(|| self.kind.source(), |error| Some(error))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = &self.endpoint;
        match &self.kind {
            ConnectErrorKind::InvalidEndpoint(_) => write!(f, "cannot connect to {endpoint:?}: ")?,
            _ => write!(f, "cannot connect to {endpoint}: ")?,
        }
        describe(f, &self.kind, self.io.as_ref(), advice(&self.kind))
    }
}

/// What to do next.
fn advice(kind: &ConnectErrorKind) -> Option<&'static str> {
    match kind {
        ConnectErrorKind::InvalidEndpoint(_)
        | ConnectErrorKind::InvalidRoutingId(_)
        | ConnectErrorKind::Mismatch(_)
        | ConnectErrorKind::NoDriver(_)
        | ConnectErrorKind::Rejected(_) => None,
        ConnectErrorKind::Closed => Some("make a new one"),
        ConnectErrorKind::Immediate => {
            Some("use connect, and learn the routing id from the first message")
        }
        ConnectErrorKind::NoRuntime => Some("connect in a task, or within Runtime::enter"),
        ConnectErrorKind::OptionRefused => Some("set another value when building the socket"),
        ConnectErrorKind::Unsupported => Some("use tcp:// or inproc://"),
    }
}

/// A socket could not be unbound or disconnected.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetachError {
    /// The text is not an endpoint.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),
    /// The socket is neither bound nor connected to the endpoint.
    #[error(
        "the socket is not bound or connected to {0}; after binding to a wildcard, use the \
         endpoint that bind returned"
    )]
    NotAttached(Endpoint),
    /// The socket has no such peer. It may have disconnected, or belong to another socket.
    #[error("the socket has no {0}; events and stats name its peers")]
    NoPeer(PeerId),
    /// No peer of the SERVER or PEER has this routing id. It may have disconnected.
    #[error("no peer has the routing id {0}; it may have disconnected")]
    NoRoute(RouteId),
}
