//! What `tracing` hears of connections besides a socket's events: a span for each, and the few
//! things an operator must know. `docs/observability.md` has them all.

use std::{fmt, io};

use tracing::field::{Empty, display};
use tracing::{Span, debug, debug_span, warn};

use super::Engine;
use crate::endpoint::Endpoint;
use crate::identity::{PeerAddress, PeerId};

impl Engine {
    /// The span of one connection, from its first attempt or its acceptance to its end.
    pub(super) fn connection_span(&self, endpoint: &Endpoint) -> Span {
        debug_span!(
            target: "zeromq_async::connection",
            parent: None,
            "connection",
            socket = %self.socket_type,
            %endpoint,
            address = Empty,
            peer = Empty
        )
    }

    /// The socket has ended.
    pub(super) fn trace_closed(&self, unsent: usize) {
        let socket = self.socket_type;
        debug!(name: "closed", target: "zeromq_async::socket", %socket, unsent);
    }

    /// The socket was dropped, not closed, so that nobody else learns of these.
    pub(super) fn warn_unsent(&self, unsent: usize) {
        if unsent > 0 {
            let socket = self.socket_type;
            warn!(
                name: "dropped_unsent", target: "zeromq_async::socket", %socket, unsent,
                "a dropped socket had messages that were not sent within its linger time"
            );
        }
    }

    /// Accepting fails, and had not the time before.
    pub(super) fn warn_accept_failing(&self, endpoint: &Endpoint, error: &io::Error) {
        let socket = self.socket_type;
        warn!(
            name: "accept_failing", target: "zeromq_async::socket", %socket, %endpoint, %error,
            "no connection can be accepted, until this is over"
        );
    }

    /// A connecting endpoint is given up, and stays so.
    pub(super) fn warn_given_up(&self, endpoint: &Endpoint, error: &dyn fmt::Display) {
        let socket = self.socket_type;
        warn!(
            name: "connect_given_up", target: "zeromq_async::socket", %socket, %endpoint, %error,
            "not connecting again"
        );
    }
}

/// In the span of the connection: where it goes or comes from.
pub(super) fn record_address(span: &Span, address: &PeerAddress) {
    span.record("address", display(address));
}

/// In the span of the connection: who it is.
pub(super) fn record_peer(peer: PeerId) {
    Span::current().record("peer", display(peer));
}
