//! Errors of binding to an endpoint.

use std::io;

use super::RuntimeDriver;
use crate::endpoint::{Endpoint, EndpointError, IpcName};

/// A socket could not be bound.
///
/// Each message names the endpoint and what to do next. The system's error, if there is one, is the
/// [`source`](std::error::Error::source).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The socket was closed, or its context was shut down.
    #[error("cannot bind to {endpoint}: the socket is closed; make a new one")]
    Closed {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The endpoint cannot be bound.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),

    /// Another socket listens there.
    #[error("{endpoint} is in use; {}", in_use_advice(endpoint))]
    InUse {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// Another error of the system.
    #[error("cannot bind to {endpoint}: {source}")]
    Io {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The system has no free port for a wildcard.
    #[error(
        "cannot bind to {endpoint}: every port that the system chooses from is taken; close sockets, \
         name a port, or widen the range of ephemeral ports"
    )]
    NoFreePort {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// The system refuses an option of this socket.
    #[error("cannot bind to {endpoint}: {source}; set another value when building the socket")]
    OptionRefused {
        /// The endpoint.
        endpoint: Endpoint,
        /// The option, and the system's error.
        source: io::Error,
    },

    /// The given listener cannot be used.
    #[error("cannot use the listening socket: {source}")]
    Listener {
        /// The reason.
        source: io::Error,
    },

    /// The Tokio runtime lacks a driver that the endpoint needs.
    #[error("cannot bind to {endpoint}: the Tokio runtime {driver}")]
    NoDriver {
        /// The endpoint.
        endpoint: Endpoint,
        /// The missing driver.
        driver: RuntimeDriver,
    },

    /// Called outside a Tokio runtime, and the socket has no live one.
    #[error(
        "cannot bind to {endpoint} outside a Tokio runtime; \
         call it from a task, or within Runtime::enter"
    )]
    NoRuntime {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The path has a file that is not a socket.
    #[error(
        "cannot bind to {endpoint}: the path has a file that is not a socket; \
         remove it or choose another path"
    )]
    NotASocket {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The host or interface is unknown, or the directory of the path does not exist.
    #[error("cannot bind to {endpoint}: {} ({source})", not_found_advice(endpoint))]
    NotFound {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// No interface of this machine has the address.
    #[error(
        "cannot bind to {endpoint}: no interface of this machine has the address; \
         write * as the host to bind to all"
    )]
    NotLocal {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// This user may not bind there.
    #[error("not allowed to bind to {endpoint} ({source}); {}", permission_advice(endpoint))]
    PermissionDenied {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's error.
        source: io::Error,
    },

    /// This system lacks the transport.
    #[error(
        "cannot bind to {endpoint}: this system has no such transport; use tcp:// or inproc://"
    )]
    Unsupported {
        /// The endpoint.
        endpoint: Endpoint,
    },
}

impl BindError {
    /// Converts the system's error of an attempt to bind.
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

fn in_use_advice(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        _ if endpoint.tcp().is_some() => {
            "if a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to port 0 for a free one"
        }
        Endpoint::Ipc(_) => {
            "if a socket of this program has it, await its close or unbind; \
             else stop the other program, or bind to another path or to ipc://* for a free one"
        }
        Endpoint::Inproc(_) => {
            "await the close or unbind of the other socket, or choose another name"
        }
        Endpoint::Tcp(_) | Endpoint::Other(_) => {
            "if a socket of this program has it, await its close or unbind; \
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
        _ if endpoint.tcp().is_some() => "no interface and no host has that name",
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
        Endpoint::Other(_) if endpoint.tcp().is_none() => {
            "choose another address, or run with the right to use this one"
        }
        _ => "most systems keep ports below 1024 for privileged programs: choose another",
    }
}
