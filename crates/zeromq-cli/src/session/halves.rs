//! The two directions of a socket, with the pace, the patience and the errors of the command line.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use zeromq_async::{Message, RecvError, SendErrorKind};

use crate::exit::Failure;
use crate::socket::{Incoming, Outgoing};

/// How long to wait for anything to happen; `None` for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(pub(super) Option<Duration>);

impl Patience {
    pub(super) async fn wait<T>(self, for_what: impl Future<Output = T>) -> Result<T, Failure> {
        let Some(limit) = self.0 else { return Ok(for_what.await) };
        let gave_up = || Failure::TimedOut(format!("--timeout: nothing arrived for {limit:?}"));
        timeout(limit, for_what).await.map_err(|_| gave_up())
    }
}

/// Sends, at the pace of `--interval`.
pub(super) struct Outlet {
    sink: Outgoing,
    patience: Patience,
    /// The endpoints, for errors.
    subject: String,
    pace: Option<Interval>,
}

impl Outlet {
    pub(super) fn new(
        sink: Outgoing,
        patience: Patience,
        subject: &str,
        pause: Option<Duration>,
    ) -> Self {
        let pace = pause.filter(|pause| !pause.is_zero()).map(|pause| {
            let mut pace = interval(pause);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        Self { sink, patience, subject: subject.to_owned(), pace }
    }

    /// Waits for its time, then for room, and sends.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Failure> {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        // Not `SinkExt::send`, which waits until the kernel has the message.
        self.patience.wait(self.sink.feed(message)).await?.map_err(|error| match error.kind() {
            SendErrorKind::NoRoutingId => Failure::about("--delimiter", error),
            _ => Failure::about(&self.subject, error),
        })
    }
}

/// Receives.
pub(super) struct Inlet {
    stream: Incoming,
    patience: Patience,
    /// The endpoints, for errors.
    subject: String,
}

impl Inlet {
    pub(super) fn new(stream: Incoming, patience: Patience, subject: &str) -> Self {
        Self { stream, patience, subject: subject.to_owned() }
    }

    pub(super) async fn recv(&mut self) -> Result<Message, Failure> {
        let received = self.patience.wait(self.stream.next()).await?;
        let received = received.unwrap_or(Err(RecvError::Closed));
        received.map_err(|error| Failure::about(&self.subject, error))
    }

    /// The stream itself, which waits for ever.
    pub(super) fn into_stream(self) -> Incoming {
        self.stream
    }
}
