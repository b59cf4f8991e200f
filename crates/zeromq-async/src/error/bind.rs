//! Errors of binding to an endpoint.

use std::error::Error;
use std::{fmt, io};

use super::{Mismatch, Rejected, RuntimeDriver, describe};
use crate::endpoint::{Endpoint, EndpointError, EndpointErrorKind};

/// A socket could not be bound.
///
/// Its text names the endpoint and says what to do next. The system's error, if there is one, is the
/// [`source`](Error::source).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{BindErrorKind, PullSocket};
///
/// let (first, second) = (PullSocket::new(), PullSocket::new());
/// first.bind("inproc://one-owner").await?;
/// let error = second.bind("inproc://one-owner").await.unwrap_err();
/// assert_eq!(error.kind(), &BindErrorKind::InUse);
/// assert_eq!(error.endpoint(), Some("inproc://one-owner"));
/// # Ok(()) }
/// ```
pub struct BindError {
    endpoint: Option<String>,
    kind: BindErrorKind,
    source: Option<io::Error>,
}

/// Why a socket could not be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindErrorKind {
    /// The socket was closed, or its context was shut down.
    #[error("the socket is closed")]
    Closed,
    /// The text is not an endpoint, or the endpoint cannot be bound.
    #[error(transparent)]
    InvalidEndpoint(EndpointErrorKind),
    /// Another socket listens there.
    #[error("the address is in use")]
    InUse,
    /// Another error of the system.
    #[error("the system refuses")]
    Io,
    /// The listener that the application made cannot be used.
    #[error("the listening socket cannot be used")]
    Listener,
    /// The socket type cannot use the endpoint.
    #[error(transparent)]
    Mismatch(Mismatch),
    /// The Tokio runtime lacks a driver that the endpoint needs.
    #[error("the Tokio runtime {0}")]
    NoDriver(RuntimeDriver),
    /// The system has no free port for a wildcard.
    #[error("every port that the system chooses from is taken")]
    NoFreePort,
    /// Called outside a Tokio runtime, and the socket has no live one.
    #[error("the call is outside a Tokio runtime")]
    NoRuntime,
    /// The path has a file that is not a socket.
    #[error("the path has a file that is not a socket")]
    NotASocket,
    /// The host or interface is unknown, or the directory of the path does not exist.
    #[error("there is no such address")]
    NotFound,
    /// No interface of this machine has the address.
    #[error("no interface of this machine has the address")]
    NotLocal,
    /// The system refuses an option of this socket.
    #[error("the system refuses an option of the socket")]
    OptionRefused,
    /// This user may not bind there.
    #[error("this user is not allowed to")]
    PermissionDenied,
    /// The socket takes no further endpoint of datagrams.
    #[error("{0}")]
    Rejected(Rejected),
    /// This system lacks the transport.
    #[error("this system has no such transport")]
    Unsupported,
}

impl BindError {
    pub(crate) fn new(endpoint: &Endpoint, kind: BindErrorKind) -> Self {
        Self { endpoint: Some(endpoint.to_string()), kind, source: None }
    }

    /// Converts the system's error of an attempt to bind.
    pub(crate) fn from_io(endpoint: &Endpoint, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::AddrInUse if endpoint.is_any_port() => BindErrorKind::NoFreePort,
            io::ErrorKind::AddrInUse => BindErrorKind::InUse,
            io::ErrorKind::AddrNotAvailable => BindErrorKind::NotLocal,
            io::ErrorKind::AlreadyExists => BindErrorKind::NotASocket,
            io::ErrorKind::NotFound => BindErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => BindErrorKind::PermissionDenied,
            io::ErrorKind::Unsupported => BindErrorKind::Unsupported,
            _ => BindErrorKind::Io,
        };
        Self { source: Some(source), ..Self::new(endpoint, kind) }
    }

    /// Converts the error of a transport that checked the endpoint and the options.
    pub(crate) fn option_refused(endpoint: &Endpoint, source: io::Error) -> Self {
        match source.downcast::<EndpointError>() {
            Ok(invalid) => invalid.into(),
            Err(source) if source.kind() == io::ErrorKind::Unsupported => {
                Self::new(endpoint, BindErrorKind::Unsupported)
            }
            Err(source) => {
                Self { source: Some(source), ..Self::new(endpoint, BindErrorKind::OptionRefused) }
            }
        }
    }

    pub(crate) fn listener(source: io::Error) -> Self {
        Self { endpoint: None, kind: BindErrorKind::Listener, source: Some(source) }
    }

    /// The endpoint as text. `None` with [`BindErrorKind::Listener`].
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The reason.
    pub fn kind(&self) -> &BindErrorKind {
        &self.kind
    }
}

impl From<EndpointError> for BindError {
    fn from(error: EndpointError) -> Self {
        let (endpoint, kind) = error.into_parts();
        let kind = BindErrorKind::InvalidEndpoint(kind);
        Self { endpoint: Some(endpoint), kind, source: None }
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        match &self.kind {
            BindErrorKind::InvalidEndpoint(_) => write!(f, "cannot bind to {endpoint:?}: ")?,
            BindErrorKind::Listener => {}
            _ => write!(f, "cannot bind to {endpoint}: ")?,
        }
        describe(f, &self.kind, self.source.as_ref(), advice(&self.kind, endpoint))
    }
}

/// What to do next.
fn advice(kind: &BindErrorKind, endpoint: &str) -> Option<&'static str> {
    Some(match kind {
        BindErrorKind::InvalidEndpoint(_)
        | BindErrorKind::Io
        | BindErrorKind::Listener
        | BindErrorKind::Mismatch(_)
        | BindErrorKind::NoDriver(_)
        | BindErrorKind::Rejected(_) => return None,
        BindErrorKind::Closed => "make a new one",
        BindErrorKind::InUse => in_use_advice(endpoint),
        BindErrorKind::NoFreePort => {
            "close sockets, name a port, or widen the range of ephemeral ports"
        }
        BindErrorKind::NoRuntime => "bind in a task, or within Runtime::enter",
        BindErrorKind::NotASocket => "remove it or choose another path",
        BindErrorKind::NotFound => not_found_advice(endpoint),
        BindErrorKind::NotLocal => "write * as the host to bind to all",
        BindErrorKind::OptionRefused => "set another value when building the socket",
        BindErrorKind::PermissionDenied => permission_advice(endpoint),
        BindErrorKind::Unsupported => "use tcp:// or inproc://",
    })
}

fn in_use_advice(endpoint: &str) -> &'static str {
    match split(endpoint) {
        ("tcp" | "udp" | "tls" | "quic" | "ws" | "wss", _) => {
            "if a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to port 0 for a free one"
        }
        ("ipc", _) => {
            "if a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to another path or to ipc://* for a free one"
        }
        ("inproc", _) => "await the close or unbind of the other socket, or choose another name",
        _ => {
            "if a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to another address"
        }
    }
}

fn not_found_advice(endpoint: &str) -> &'static str {
    match split(endpoint) {
        ("tcp" | "udp" | "tls" | "quic" | "ws" | "wss", _) => {
            "name a host or an interface of this machine"
        }
        ("ipc", "*") => {
            "create the directory for temporary files, or set TMPDIR to one that exists"
        }
        ("ipc", _) => "its directory does not exist, create it first",
        _ => "name another",
    }
}

fn permission_advice(endpoint: &str) -> &'static str {
    match split(endpoint) {
        ("tcp" | "udp" | "tls" | "quic" | "ws" | "wss", _) => {
            "most systems keep ports below 1024 for privileged programs: choose another"
        }
        ("ipc", "*") => "set TMPDIR to a directory that is writable for this user",
        ("ipc", _) => "the directory must be writable for this user",
        _ => "choose another address, or run with the right to use this one",
    }
}

/// The scheme and the address.
fn split(endpoint: &str) -> (&str, &str) {
    endpoint.split_once("://").unwrap_or_default()
}
