//! Invalid endpoints.

use std::convert::Infallible;
use std::{fmt, io};

/// Text that is not an endpoint, or an endpoint that cannot be used here.
///
/// Its text names the endpoint, what is wrong with it, and a valid example.
///
/// ```
/// use zeromq_async::{Endpoint, EndpointErrorKind};
///
/// let error = "127.0.0.1:5555".parse::<Endpoint>().unwrap_err();
/// assert_eq!(error.endpoint(), "127.0.0.1:5555");
/// assert_eq!(error.kind(), &EndpointErrorKind::MissingScheme);
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint:?}: {kind}")]
pub struct EndpointError {
    endpoint: String,
    kind: EndpointErrorKind,
}

/// What is wrong with an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointErrorKind {
    /// There is no address after the scheme, or no name after `ipc://@`.
    #[error(
        "there is nothing after the scheme; \
         write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name"
    )]
    EmptyAddress,
    /// A UDP endpoint names a network interface and no multicast group.
    #[error(
        "a network interface is for a multicast group only; remove the part before ';', or name a \
         group, as in udp://eth0;239.0.0.1:5555"
    )]
    InterfaceNotAllowed,
    /// The host is neither an address nor a valid name.
    #[error("the host {host:?} is not valid: {reason}")]
    InvalidHost {
        /// The host.
        host: String,
        /// The reason.
        reason: &'static str,
    },
    /// An ipc path contains a NUL byte.
    #[error("a path cannot contain a NUL byte")]
    InvalidPath,
    /// The path of a WebSocket endpoint is not valid in a URL.
    #[error("the path is not valid: {0}")]
    InvalidUrlPath(&'static str),
    /// The port is not a number from 0 to 65535.
    #[error("the port {0:?} is not a number from 0 to 65535; to bind to a free port write * or 0")]
    InvalidPort(String),
    /// The part before `://` is not a valid scheme.
    #[error(
        "{0:?} is not a valid scheme; it begins with a letter and has lowercase letters, digits, \
         '+', '-' and '.' only, as in tcp://127.0.0.1:5555"
    )]
    InvalidScheme(String),
    /// A TCP or UDP address has no port.
    #[error("there is no port; write one after a colon, as in tcp://127.0.0.1:5555")]
    MissingPort,
    /// The text has no `://`.
    #[error("there is no scheme; write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name")]
    MissingScheme,
    /// A link-local IPv6 address has no network interface.
    #[error(
        "a link-local address needs its network interface; \
         write it as a zone, as in [fe80::1%eth0]"
    )]
    MissingZone,
    /// `source;destination` cannot be bound.
    #[error("a source address is for connecting only; bind to one address without ';'")]
    SourceNotAllowed,
    /// A name or a path is longer than its transport allows.
    #[error("{length} bytes are too long, the maximum is {limit}; choose a shorter name")]
    TooLong {
        /// The length, in bytes.
        length: usize,
        /// The maximum length, in bytes.
        limit: usize,
    },
    /// The socket's context has no transport for the scheme.
    #[error(
        "the scheme {scheme:?} is unknown; {}use one of {}, or give the socket's context a transport \
         for it with ContextBuilder::transport",
        feature(scheme), known.join(", ")
    )]
    UnknownScheme {
        /// The part before `://`.
        scheme: String,
        /// All schemes of the context.
        known: Vec<String>,
    },
    /// A wildcard cannot be connected to.
    #[error(
        "a wildcard can be bound but not connected to; \
         name a host and a port, or use the endpoint that bind returned"
    )]
    WildcardNotAllowed,
}

/// The feature that adds a scheme.
fn feature(scheme: &str) -> &'static str {
    match scheme {
        "ws" => "enable the feature `ws` of zeromq-async, ",
        _ => "",
    }
}

impl EndpointError {
    /// The text.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The reason.
    pub fn kind(&self) -> &EndpointErrorKind {
        &self.kind
    }

    pub(crate) fn into_parts(self) -> (String, EndpointErrorKind) {
        (self.endpoint, self.kind)
    }
}

impl EndpointErrorKind {
    /// The error of this kind that names the endpoint.
    pub(crate) fn of(self, endpoint: impl ToString) -> EndpointError {
        EndpointError { endpoint: endpoint.to_string(), kind: self }
    }
}

/// The message, because `main` prints an error with `Debug`.
impl fmt::Debug for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For calls that accept text or an [`Endpoint`](super::Endpoint).
impl From<Infallible> for EndpointError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// For transports that parse the address of another one.
impl From<EndpointError> for io::Error {
    fn from(error: EndpointError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
