//! Errors of binding to an endpoint.

use std::io;

use super::RuntimeDriver;
use crate::endpoint::{Endpoint, EndpointError, IpcName};

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
