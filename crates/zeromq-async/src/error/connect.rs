//! Errors of connecting to an endpoint, and of undoing it.

use std::io;

use zmtp::RoutingIdError;

use super::{Rejected, RuntimeDriver};
use crate::endpoint::{Endpoint, EndpointError};
use crate::identity::PeerId;

/// A socket could not begin to connect.
///
/// An absent peer is not such an error: the socket tries to connect in the background until it
/// succeeds, and each failure is an event.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The socket was closed, or its context was shut down.
    #[error("cannot connect to {endpoint}: the socket is closed; make a new one")]
    Closed {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The endpoint cannot be connected to.
    #[error(transparent)]
    InvalidEndpoint(#[from] EndpointError),

    /// The Tokio runtime lacks a driver that the endpoint needs.
    #[error("cannot connect to {endpoint}: the Tokio runtime {driver}")]
    NoDriver {
        /// The endpoint.
        endpoint: Endpoint,
        /// The missing driver.
        driver: RuntimeDriver,
    },

    /// Called outside a Tokio runtime, and the socket has no live one.
    #[error(
        "cannot connect to {endpoint} outside a Tokio runtime; \
         call it from a task, or within Runtime::enter"
    )]
    NoRuntime {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The system refuses an option of this socket, so no attempt can succeed.
    #[error("cannot connect to {endpoint}: {source}; set another value when building the socket")]
    OptionRefused {
        /// The endpoint.
        endpoint: Endpoint,
        /// The option, and the system's error.
        source: io::Error,
    },

    /// No peer can have this routing id.
    #[error("cannot give the peer at {endpoint} this routing id: {source}")]
    InvalidRoutingId {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        source: RoutingIdError,
    },

    /// The socket rejects the peer.
    #[error("cannot connect to {endpoint}: {rejected}")]
    Rejected {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        #[source]
        rejected: Rejected,
    },

    /// This system lacks the transport.
    #[error(
        "cannot connect to {endpoint}: this system has no such transport; use tcp:// or inproc://"
    )]
    Unsupported {
        /// The endpoint.
        endpoint: Endpoint,
    },
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
        "the socket is not bound or connected to {endpoint}; after binding to a wildcard, use the \
         endpoint that bind returned"
    )]
    NotAttached {
        /// The endpoint.
        endpoint: Endpoint,
    },

    /// The socket has no such peer. It may have disconnected, or belong to another socket.
    #[error("the socket has no {peer}; events and stats name its peers")]
    NoPeer {
        /// The peer.
        peer: PeerId,
    },
}
