//! What can be wrong with an endpoint, with binding to it, and with asking to connect to it.

use std::convert::Infallible;
use std::{fmt, io};

use zmtp::RoutingIdError;

use super::{Rejected, RuntimeDriver};
use crate::endpoint::{Endpoint, IpcName};
use crate::identity::PeerId;

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

/// `Debug` is the message too: it is what a program prints that ends `main` with the error.
macro_rules! debug_as_display {
    ($($error:ident),*) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

debug_as_display!(EndpointError, BindError, ConnectError, DetachError);

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

/// Why a socket could not be bound.
///
/// Every message names the endpoint and what to do next; the system's error, where there is one, is
/// the [`source`](std::error::Error::source).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The socket was closed, or its context was shut down.
    #[error("cannot bind to {endpoint}: the socket is closed; make a new one")]
    Closed {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// The endpoint is not one that can be bound.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),

    /// Another socket listens there already.
    #[error("{endpoint} is in use; {}", in_use_advice(endpoint))]
    InUse {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// Any other failure of the system.
    #[error("cannot bind to {endpoint}: {source}")]
    Io {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The system has no port left to choose for a wildcard.
    #[error(
        "cannot bind to {endpoint}: every port that the system chooses from is taken; close sockets, \
         name a port, or widen the range of ephemeral ports"
    )]
    NoFreePort {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The system does not take an option of this socket.
    #[error("cannot bind to {endpoint}: {source}; set another value when building the socket")]
    OptionRefused {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// Which option, and the system's error.
        source: io::Error,
    },

    /// What should listen already cannot be taken.
    #[error("cannot take the listening socket: {source}")]
    Listener {
        /// What is wrong with it.
        source: io::Error,
    },

    /// The Tokio runtime was built without a driver that the endpoint needs.
    #[error("cannot bind to {endpoint}: the Tokio runtime {driver}")]
    NoDriver {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The driver that is missing.
        driver: RuntimeDriver,
    },

    /// Called outside a Tokio runtime, for a socket that has none yet or whose runtime has ended.
    #[error(
        "cannot bind to {endpoint} outside a Tokio runtime; \
         call it from a task, or within Runtime::enter"
    )]
    NoRuntime {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// A file that is not a socket stands where the socket's should. It is left alone.
    #[error(
        "cannot bind to {endpoint}: a file that is not a socket stands there; \
         remove it or choose another path"
    )]
    NotASocket {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// The name is unknown here, or the directory of the path does not exist.
    #[error("cannot bind to {endpoint}: {} ({source})", not_found_advice(endpoint))]
    NotFound {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The address is another machine's.
    #[error(
        "cannot bind to {endpoint}: no interface of this machine has the address; \
         write * as the host to bind to all"
    )]
    NotLocal {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The system does not let this user bind there.
    #[error("not allowed to bind to {endpoint} ({source}); {}", permission_advice(endpoint))]
    PermissionDenied {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// This system lacks the transport.
    #[error(
        "cannot bind to {endpoint}: this system has no such transport; use tcp:// or inproc://"
    )]
    Unsupported {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },
}

impl BindError {
    /// Sorts the system's error for an attempt to bind to `endpoint`.
    pub(crate) fn from_io(endpoint: &Endpoint, source: io::Error) -> Self {
        let endpoint = endpoint.clone();
        match source.kind() {
            io::ErrorKind::AddrInUse if endpoint.is_any_port() => {
                Self::NoFreePort { endpoint, source }
            }
            io::ErrorKind::AddrInUse => Self::InUse { endpoint, source },
            io::ErrorKind::AddrNotAvailable => Self::NotLocal { endpoint, source },
            io::ErrorKind::AlreadyExists => Self::NotASocket { endpoint },
            io::ErrorKind::NotFound => Self::NotFound { endpoint, source },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { endpoint, source },
            io::ErrorKind::Unsupported => Self::Unsupported { endpoint },
            _ => Self::Io { endpoint, source },
        }
    }
}

/// Why a socket could not begin to connect.
///
/// These are told by the call itself. A peer that is not there is not among them: a connection is
/// attempted in the background until it succeeds, and every failure is an event.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The socket was closed, or its context was shut down.
    #[error("cannot connect to {endpoint}: the socket is closed; make a new one")]
    Closed {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// The endpoint is not one that can be connected to.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),

    /// The Tokio runtime was built without a driver that the endpoint needs.
    #[error("cannot connect to {endpoint}: the Tokio runtime {driver}")]
    NoDriver {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// The driver that is missing.
        driver: RuntimeDriver,
    },

    /// Called outside a Tokio runtime, for a socket that has none yet or whose runtime has ended.
    #[error(
        "cannot connect to {endpoint} outside a Tokio runtime; \
         call it from a task, or within Runtime::enter"
    )]
    NoRuntime {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// The system does not take an option of this socket: no attempt could succeed.
    #[error("cannot connect to {endpoint}: {source}; set another value when building the socket")]
    OptionRefused {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// Which option, and the system's error.
        source: io::Error,
    },

    /// The peer cannot be given this routing id, whoever it is.
    #[error("cannot give the peer at {endpoint} this name: {source}")]
    InvalidRoutingId {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: RoutingIdError,
    },

    /// The socket takes no further peer, or not this one.
    #[error("cannot connect to {endpoint}: {rejected}")]
    Rejected {
        /// The endpoint asked for.
        endpoint: Endpoint,
        /// Why not.
        #[source]
        rejected: Rejected,
    },

    /// This system lacks the transport.
    #[error(
        "cannot connect to {endpoint}: this system has no such transport; use tcp:// or inproc://"
    )]
    Unsupported {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },
}

/// Why a socket could not be unbound or disconnected.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetachError {
    /// The text is no endpoint.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),

    /// The socket is neither bound nor connected to the endpoint: there is nothing to undo.
    #[error(
        "the socket is not bound or connected to {endpoint}; a wildcard port is undone under the \
         address that binding gave it"
    )]
    NotAttached {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },

    /// The socket has no such peer: it has gone already, or is one of another socket.
    #[error("the socket has no {peer}; events and stats name those that it has")]
    NoPeer {
        /// The peer asked for.
        peer: PeerId,
    },
}

fn in_use_advice(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Tcp(_) => {
            "where a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to port 0 for a free one"
        }
        Endpoint::Ipc(_) => {
            "where a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to another path or to ipc://* for a free one"
        }
        Endpoint::Inproc(_) => {
            "await the close or unbind of the other socket, or choose another name"
        }
        Endpoint::Other(_) => {
            "where a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to another address"
        }
    }
}

fn not_found_advice(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Ipc(ipc) if *ipc.name() == IpcName::Any => {
            "the directory for temporary files does not exist, create it or set TMPDIR to another"
        }
        Endpoint::Ipc(_) => "its directory does not exist, create it first",
        Endpoint::Other(_) => "there is no such address, name another",
        _ => "no interface and no host has that name",
    }
}

fn permission_advice(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Ipc(ipc) if *ipc.name() == IpcName::Any => {
            "set TMPDIR to a directory that is writable for this user"
        }
        Endpoint::Ipc(_) => "the directory must be writable for this user",
        Endpoint::Other(_) => "choose another address, or run with the right to use this one",
        _ => "most systems keep ports below 1024 for privileged programs: choose another",
    }
}
