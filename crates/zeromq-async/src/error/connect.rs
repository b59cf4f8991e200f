//! Errors of connecting to an endpoint, and of undoing it.

use std::io;

use zmtp::RoutingIdError;

use super::{Rejected, RuntimeDriver};
use crate::endpoint::{Endpoint, EndpointError};
use crate::identity::PeerId;

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
