//! Peers that refuse this side for good: nobody will come, so the command ends and says why.

use std::future::pending;

use futures_util::FutureExt;
use zeromq_async::{Endpoint, Events, HandshakeFailure, SocketEvent};

use crate::exit::Failure;

/// Watches the endpoints that a socket connects to.
pub(crate) struct Refusals {
    events: Events,
    last: Option<(Endpoint, String)>,
}

impl Refusals {
    pub(crate) fn new(events: Events) -> Self {
        Self { events, last: None }
    }

    /// Waits until an endpoint is given up because of what its peer has said.
    pub(crate) async fn next(&mut self) -> Failure {
        while let Some(event) = self.events.next().await {
            if let Some(failure) = self.take(event) {
                return failure;
            }
        }
        pending().await
    }

    /// What has been said until now, where the socket's work has failed already.
    pub(crate) fn told(mut self) -> Option<Failure> {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            if let Some(failure) = self.take(event) {
                return Some(failure);
            }
        }
        self.last.map(|(endpoint, reason)| Failure::about(endpoint, reason))
    }

    fn take(&mut self, event: SocketEvent) -> Option<Failure> {
        match event {
            SocketEvent::HandshakeFailed {
                endpoint,
                reason: HandshakeFailure::Protocol(error),
                ..
            } if !error.may_reconnect() => self.last = Some((endpoint, error.to_string())),
            SocketEvent::ConnectStopped { endpoint, .. } => {
                return self
                    .last
                    .take_if(|(refusing, _)| *refusing == endpoint)
                    .map(|(_, reason)| Failure::about(endpoint, reason));
            }
            _ => {}
        }
        None
    }
}
