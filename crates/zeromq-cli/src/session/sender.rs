//! Sending at the pace of `--interval`.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use zeromq_async::{AnySender, Message, SendErrorKind};

use super::timeout::Timeout;
use crate::failure::Failure;

/// The send half of the socket.
pub(super) struct Sender {
    half: AnySender,
    timeout: Timeout,
    /// The endpoints, for errors.
    endpoints: String,
    pace: Option<Interval>,
}

impl Sender {
    pub(super) fn new(
        half: AnySender,
        timeout: Timeout,
        endpoints: &str,
        pause: Option<Duration>,
    ) -> Self {
        let pace = pause.filter(|pause| !pause.is_zero()).map(|pause| {
            let mut pace = interval(pause);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        Self { half, timeout, endpoints: endpoints.to_owned(), pace }
    }

    /// Waits for the interval, then for room in a queue, and sends.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Failure> {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        self.timeout.wait(self.half.send(message)).await?.map_err(|error| match error.kind() {
            SendErrorKind::InvalidGroup(_) => Failure::about("--group", error),
            SendErrorKind::NoRoutingId
            | SendErrorKind::NoAddress
            | SendErrorKind::NotOneFrame { .. }
            | SendErrorKind::NoGroup => Failure::about("--delimiter", error),
            _ => Failure::about(&self.endpoints, error),
        })
    }
}
