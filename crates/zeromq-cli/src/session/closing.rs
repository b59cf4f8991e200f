//! The end of a session.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeromq_async::SocketHandle;

use crate::failure::Failure;
use crate::input::Backlog;
use crate::refusal::Refusals;
use crate::shutdown::{self, GRACE};
use crate::signals::Signals;

/// The parts of a session that outlive its work.
pub(super) struct Closing {
    pub(super) handle: SocketHandle,
    /// The task that writes events to standard error.
    pub(super) reporting: JoinHandle<()>,
    pub(super) endpoints: String,
    /// The value of `--linger`.
    pub(super) linger: Option<Duration>,
    /// Whether this socket type drops messages for disconnected peers by its RFC.
    pub(super) drops: bool,
    pub(super) backlog: Backlog,
}

impl Closing {
    /// Closes once all messages are sent, the linger time is over, or a signal arrives.
    pub(super) async fn when_sent(
        self,
        signals: &mut Signals,
        mut refusals: Refusals,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        let unsent = tokio::select! {
            report = self.handle.close() => report.unsent,
            () = signals.recv() => return self.on_signal().await,
            refused = refusals.next() => return self.on_failure(refused).await,
        };
        let in_time = self.linger.is_none_or(|linger| start.elapsed() < linger);
        let result = match unsent {
            0 => Ok(()),
            _ if self.drops && in_time => Ok(()),
            count => {
                let unsent = || Failure::unsent(&self.endpoints, count);
                Err(refusals.last().unwrap_or_else(unsent))
            }
        };
        self.finish(result).await
    }

    /// Closes within `--linger` or a moment, and reports unsent messages.
    pub(super) async fn on_signal(self) -> Result<(), Failure> {
        let unsent = shutdown::close_within(&self.handle, self.linger.unwrap_or(GRACE)).await;
        let result = match unsent + self.backlog.messages() {
            0 => Ok(()),
            count => Err(Failure::unsent(&self.endpoints, count)),
        };
        self.finish(result).await
    }

    /// Closes within `--linger` or a moment, and returns the failure.
    pub(super) async fn on_failure(self, failure: Failure) -> Result<(), Failure> {
        let _ = timeout(self.linger.unwrap_or(GRACE), self.handle.close()).await;
        self.finish(Err(failure)).await
    }

    /// Waits until all events are written.
    async fn finish(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let _ = timeout(GRACE, self.reporting).await;
        result
    }
}
