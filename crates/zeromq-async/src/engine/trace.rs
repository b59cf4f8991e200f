//! Spans and log events of connections, besides the socket's own events. `docs/observability.md`
//! lists them all.

use std::{fmt, io};

use tracing::field::{Empty, display};
use tracing::{Span, debug, debug_span, warn};
use zmtp::SocketType;

use crate::endpoint::Endpoint;
use crate::identity::{PeerAddress, PeerId};

/// The span of one connection, from its first attempt or its acceptance to its end.
pub(super) fn connection_span(socket: SocketType, endpoint: &Endpoint) -> Span {
    debug_span!(
        target: "zeromq_async::connection",
        parent: None,
        "connection",
        %socket,
        %endpoint,
        address = Empty,
        peer = Empty
    )
}

pub(super) fn closed(socket: SocketType, unsent: usize) {
    debug!(name: "closed", target: "zeromq_async::socket", %socket, unsent);
}

/// Warns of unsent messages of a socket that was dropped, not closed. No caller has the report.
pub(super) fn warn_unsent(socket: SocketType, unsent: usize) {
    if unsent > 0 {
        warn!(
            name: "dropped_unsent", target: "zeromq_async::socket", %socket, unsent,
            "a dropped socket had messages that were not sent within its linger time"
        );
    }
}

/// Warns of the first of several failures to accept.
pub(super) fn warn_accept_failing(socket: SocketType, endpoint: &Endpoint, error: &io::Error) {
    warn!(
        name: "accept_failing", target: "zeromq_async::socket", %socket, %endpoint, %error,
        "no connection can be accepted, until this is over"
    );
}

/// Warns of an endpoint that is not connected to again.
pub(super) fn warn_given_up(socket: SocketType, endpoint: &Endpoint, error: &dyn fmt::Display) {
    warn!(
        name: "connect_given_up", target: "zeromq_async::socket", %socket, %endpoint, %error,
        "not connecting again"
    );
}

/// Records the address of the connection's peer in its span.
pub(super) fn record_address(span: &Span, address: &PeerAddress) {
    span.record("address", display(address));
}

/// Records the id of the connection's peer in the current span.
pub(super) fn record_peer(peer: PeerId) {
    Span::current().record("peer", display(peer));
}
