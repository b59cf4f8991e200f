//! Sending at the pace of `--interval`.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use zeromq_async::{AnySender, Message, SendError, SendErrorKind};

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

    /// Sends a reply. It is dropped if the peer has left.
    pub(super) async fn reply(&mut self, message: Message) -> Result<(), Failure> {
        match self.offer(message).await? {
            Err(error) if is_unroutable(error.kind()) => Ok(()),
            sent => self.described(sent),
        }
    }

    /// Waits for the interval, then for room in a queue, and sends.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Failure> {
        let sent = self.offer(message).await?;
        self.described(sent)
    }

    async fn offer(&mut self, message: Message) -> Result<Result<(), SendError>, Failure> {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        self.timeout.wait(self.half.send(message)).await
    }

    fn described(&self, sent: Result<(), SendError>) -> Result<(), Failure> {
        sent.map_err(|error| match error.kind() {
            SendErrorKind::InvalidGroup(_) => Failure::about("--group", error),
            SendErrorKind::NoRoutingId
            | SendErrorKind::NoAddress
            | SendErrorKind::NotOneFrame { .. }
            | SendErrorKind::NoGroup => Failure::about("--delimiter", error),
            _ => Failure::about(&self.endpoints, error),
        })
    }
}

/// Whether the message names a peer that is not there.
fn is_unroutable(kind: &SendErrorKind) -> bool {
    matches!(kind, SendErrorKind::NoRoute(_) | SendErrorKind::Unroutable(_))
}
