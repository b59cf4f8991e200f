//! What is wrong with the text of an endpoint, or with its use.

use std::convert::Infallible;
use std::{fmt, io};

/// Text that is not an endpoint, or an endpoint in the wrong place.
///
/// Every message names the text that was given, what is wrong with it and what a right one looks
/// like.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing but `tcp://` and the like, or an abstract ipc name without a name.
    #[error(
        "{endpoint:?} has nothing after the scheme; \
         write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name"
    )]
    EmptyAddress {
        /// The text given.
        endpoint: String,
    },

    /// The host is no address and cannot be a name.
    #[error("{endpoint:?}: the host {host:?} is not valid: {reason}")]
    InvalidHost {
        /// The text given.
        endpoint: String,
        /// The part that is wrong.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// An ipc path holds a NUL byte, which no file name can.
    #[error("{endpoint:?}: a path cannot hold a NUL byte")]
    InvalidPath {
        /// The text given.
        endpoint: String,
    },

    /// The port is not a number that fits.
    #[error(
        "{endpoint:?}: the port {port:?} is not a number from 0 to 65535; \
         to bind to a free port write * or 0"
    )]
    InvalidPort {
        /// The text given.
        endpoint: String,
        /// The part that is wrong.
        port: String,
    },

    /// A TCP address without a port.
    #[error("{endpoint:?} has no port; write one after a colon, as in tcp://127.0.0.1:5555")]
    MissingPort {
        /// The text given.
        endpoint: String,
    },

    /// A link-local address of IPv6 without the interface that it is at.
    #[error(
        "{endpoint:?} names a link-local address without its network interface; \
         write it as a zone, as in [fe80::1%eth0]"
    )]
    MissingZone {
        /// The endpoint given.
        endpoint: String,
    },

    /// Text without `://`.
    #[error(
        "{endpoint:?} has no scheme; \
         write tcp://127.0.0.1:5555, ipc:///tmp/app.sock or inproc://name"
    )]
    MissingScheme {
        /// The text given.
        endpoint: String,
    },

    /// The part before `://` cannot be a scheme.
    #[error(
        "{endpoint:?}: {scheme:?} is no scheme; one begins with a letter and has small letters, \
         digits, '+', '-' and '.' only, as in tcp://127.0.0.1:5555"
    )]
    InvalidScheme {
        /// The text given.
        endpoint: String,
        /// The part before `://`.
        scheme: String,
    },

    /// The `source;destination` form, asked to bind.
    #[error(
        "{endpoint:?} names a source address, which only a connection has; \
         bind to one address without ';'"
    )]
    SourceNotAllowed {
        /// The endpoint given.
        endpoint: String,
    },

    /// A name or a path that is longer than its transport allows.
    #[error(
        "{endpoint:?} is too long: {length} bytes where at most {limit} are possible; \
         choose a shorter name"
    )]
    TooLong {
        /// The text given.
        endpoint: String,
        /// Its length, in bytes.
        length: usize,
        /// The greatest length possible, in bytes.
        limit: usize,
    },

    /// A scheme that no transport of the socket's context has.
    #[error(
        "{endpoint:?} has the unknown scheme {scheme:?}; use one of {}, or give the socket's context a \
         transport for it with ContextBuilder::transport", known.join(", ")
    )]
    UnknownScheme {
        /// The endpoint given.
        endpoint: String,
        /// The part before `://`.
        scheme: String,
        /// Every scheme that is understood.
        known: Vec<String>,
    },

    /// A wildcard, asked to connect.
    #[error(
        "{endpoint:?} stands for any address, which can be bound but not connected to; \
         name a host and a port, or use the address that the bound socket reports"
    )]
    WildcardNotAllowed {
        /// The endpoint given.
        endpoint: String,
    },
}

/// The message, because `main` prints an error with `Debug`.
impl fmt::Debug for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lets what is an [`Endpoint`] already stand where text can.
impl From<Infallible> for EndpointError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Lets a transport made of another one say which part of an address it cannot use.
impl From<EndpointError> for io::Error {
    fn from(error: EndpointError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
