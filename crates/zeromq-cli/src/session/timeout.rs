//! `--timeout`.

use std::time::Duration;

use crate::failure::Failure;

/// The longest wait for one event; `None` for no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeout(pub(super) Option<Duration>);

impl Timeout {
    pub(super) async fn wait<T>(self, event: impl Future<Output = T>) -> Result<T, Failure> {
        let Some(limit) = self.0 else { return Ok(event.await) };
        let expired = || Failure::TimedOut(format!("--timeout: nothing arrived for {limit:?}"));
        tokio::time::timeout(limit, event).await.map_err(|_| expired())
    }
}
