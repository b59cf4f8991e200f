//! Invalid endpoints.

use std::convert::Infallible;
use std::{fmt, io};

/// Text that is not an endpoint, or an endpoint that cannot be used here.
///
/// Each message names the text, what is wrong with it, and a valid example.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is no address after the scheme, or no name after `ipc://@`.
    #[error(
        "{endpoint:?} has nothing after the scheme; \
         write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name"
    )]
    EmptyAddress {
        /// The text.
        endpoint: String,
    },

    /// The host is neither an address nor a valid name.
    #[error("{endpoint:?}: the host {host:?} is not valid: {reason}")]
    InvalidHost {
        /// The text.
        endpoint: String,
        /// The host.
        host: String,
        /// The reason.
        reason: &'static str,
    },

    /// An ipc path contains a NUL byte.
    #[error("{endpoint:?}: a path cannot contain a NUL byte")]
    InvalidPath {
        /// The text.
        endpoint: String,
    },

    /// The port is not a number from 0 to 65535.
    #[error(
        "{endpoint:?}: the port {port:?} is not a number from 0 to 65535; \
         to bind to a free port write * or 0"
    )]
    InvalidPort {
        /// The text.
        endpoint: String,
        /// The port.
        port: String,
    },

    /// A TCP address has no port.
    #[error("{endpoint:?} has no port; write one after a colon, as in tcp://127.0.0.1:5555")]
    MissingPort {
        /// The text.
        endpoint: String,
    },

    /// A link-local IPv6 address has no network interface.
    #[error(
        "{endpoint:?} names a link-local address without its network interface; \
         write it as a zone, as in [fe80::1%eth0]"
    )]
    MissingZone {
        /// The endpoint.
        endpoint: String,
    },

    /// The text has no `://`.
    #[error(
        "{endpoint:?} has no scheme; \
         write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name"
    )]
    MissingScheme {
        /// The text.
        endpoint: String,
    },

    /// The part before `://` is not a valid scheme.
    #[error(
        "{endpoint:?}: {scheme:?} is not a valid scheme; it begins with a letter and has lowercase \
         letters, digits, '+', '-' and '.' only, as in tcp://127.0.0.1:5555"
    )]
    InvalidScheme {
        /// The text.
        endpoint: String,
        /// The part before `://`.
        scheme: String,
    },

    /// `source;destination` cannot be bound.
    #[error(
        "{endpoint:?} names a source address, which is for connecting only; \
         bind to one address without ';'"
    )]
    SourceNotAllowed {
        /// The endpoint.
        endpoint: String,
    },

    /// A name or a path is longer than its transport allows.
    #[error(
        "{endpoint:?} is too long: {length} bytes, and the maximum is {limit}; \
         choose a shorter name"
    )]
    TooLong {
        /// The text.
        endpoint: String,
        /// Its length, in bytes.
        length: usize,
        /// The maximum length, in bytes.
        limit: usize,
    },

    /// The socket's context has no transport for the scheme.
    #[error(
        "{endpoint:?} has the unknown scheme {scheme:?}; use one of {}, or give the socket's context a \
         transport for it with ContextBuilder::transport", known.join(", ")
    )]
    UnknownScheme {
        /// The endpoint.
        endpoint: String,
        /// The part before `://`.
        scheme: String,
        /// All schemes of the context.
        known: Vec<String>,
    },

    /// A wildcard cannot be connected to.
    #[error(
        "{endpoint:?} is a wildcard, which can be bound but not connected to; \
         name a host and a port, or use the endpoint that bind returned"
    )]
    WildcardNotAllowed {
        /// The endpoint.
        endpoint: String,
    },
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
