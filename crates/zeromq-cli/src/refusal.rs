//! Peers that refuse the connection for good, which ends the command.

use std::future::pending;

use futures_util::FutureExt;
use zeromq_async::{Endpoint, Events, HandshakeFailure, SocketEvent};

use crate::failure::Failure;

/// Watches the events of a socket for connections that the peer refuses.
pub(crate) struct Refusals {
    events: Events,
    last: Option<(Endpoint, String)>,
}

impl Refusals {
    pub(crate) fn new(events: Events) -> Self {
        Self { events, last: None }
    }

    /// Waits until the socket gives up an endpoint because its peer refused the connection.
    pub(crate) async fn next(&mut self) -> Failure {
        while let Some(event) = self.events.next().await {
            if let Some(failure) = self.handle(event) {
                return failure;
            }
        }
        pending().await
    }

    /// The last refusal so far. It may be the cause of another failure.
    pub(crate) fn last(mut self) -> Option<Failure> {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            if let Some(failure) = self.handle(event) {
                return Some(failure);
            }
        }
        self.last.map(|(endpoint, reason)| Failure::about(endpoint, reason))
    }

    fn handle(&mut self, event: SocketEvent) -> Option<Failure> {
        match event {
            SocketEvent::HandshakeFailed {
                endpoint,
                reason: HandshakeFailure::Protocol(error),
                ..
            } if !error.may_reconnect() => self.last = Some((endpoint, error.to_string())),
            SocketEvent::ConnectStopped { endpoint, .. } => {
                return self
                    .last
                    .take_if(|(refused, _)| *refused == endpoint)
                    .map(|(_, reason)| Failure::about(endpoint, reason));
            }
            _ => {}
        }
        None
    }
}
