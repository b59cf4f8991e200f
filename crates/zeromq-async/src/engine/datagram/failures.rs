//! Datagrams that could not be sent or received: told once a second at most.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::event::SocketEvent;

use super::super::core::SocketCore;

/// Failures after which reading pauses. Some systems report a refusal for each datagram sent.
const MAX_IN_A_ROW: u32 = 16;

/// The time between two reports of an endpoint.
const INTERVAL: Duration = Duration::from_secs(1);

/// The failures of one endpoint.
#[derive(Default)]
pub(super) struct Failures {
    in_a_row: u32,
    told: Option<Instant>,
}

impl Failures {
    pub(super) fn add(&mut self, core: &SocketCore, endpoint: &Endpoint, error: io::Error) {
        // A RADIO that only fails to send never counts down.
        self.in_a_row = self.in_a_row.saturating_add(1);
        let now = Instant::now();
        if self.told.is_none_or(|told| now.duration_since(told) >= INTERVAL) {
            self.told = Some(now);
            let (endpoint, error) = (endpoint.clone(), Arc::new(error));
            core.events.emit(SocketEvent::DatagramFailed { endpoint, error });
        }
    }

    pub(super) fn end(&mut self) {
        self.in_a_row = 0;
    }

    /// Whether to pause: an immediate retry would only use the processor until the cause is gone.
    pub(super) fn are_many(&mut self) -> bool {
        let are_many = self.in_a_row >= MAX_IN_A_ROW;
        if are_many {
            self.in_a_row = 0;
        }
        are_many
    }
}
