//! Sending at the pace of `--interval`.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::time::{Interval, MissedTickBehavior, interval};
use zeromq_async::{Message, SendErrorKind};

use super::timeout::Timeout;
use crate::failure::Failure;
use crate::socket::Outgoing;

/// The send half of the socket.
pub(super) struct Sender {
    sink: Outgoing,
    timeout: Timeout,
    /// The endpoints, for errors.
    endpoints: String,
    pace: Option<Interval>,
}

impl Sender {
    pub(super) fn new(
        sink: Outgoing,
        timeout: Timeout,
        endpoints: &str,
        pause: Option<Duration>,
    ) -> Self {
        let pace = pause.filter(|pause| !pause.is_zero()).map(|pause| {
            let mut pace = interval(pause);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        Self { sink, timeout, endpoints: endpoints.to_owned(), pace }
    }

    /// Waits for the interval, then for room in a queue, and sends.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Failure> {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        // `SinkExt::send` would also wait until the message is written to the connection.
        self.timeout.wait(self.sink.feed(message)).await?.map_err(|error| match error.kind() {
            SendErrorKind::NoRoutingId => Failure::about("--delimiter", error),
            _ => Failure::about(&self.endpoints, error),
        })
    }
}
