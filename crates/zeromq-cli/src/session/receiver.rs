//! Receiving within `--timeout`.

use tokio::task::JoinSet;
use zeromq_async::{AnyReceiver, Message};

use super::timeout::Timeout;
use crate::failure::Failure;

/// The receive half of the socket.
pub(super) struct Receiver {
    half: AnyReceiver,
    timeout: Timeout,
    /// The endpoints, for errors.
    endpoints: String,
}

impl Receiver {
    pub(super) fn new(half: AnyReceiver, timeout: Timeout, endpoints: &str) -> Self {
        Self { half, timeout, endpoints: endpoints.to_owned() }
    }

    pub(super) async fn recv(&mut self) -> Result<Message, Failure> {
        let received = self.timeout.wait(self.half.recv()).await?;
        received.map_err(|error| Failure::about(&self.endpoints, error))
    }

    /// Drops all messages until the returned set is dropped.
    pub(super) fn discard(mut self) -> JoinSet<()> {
        let mut discarding = JoinSet::new();
        discarding.spawn(async move { while self.half.recv().await.is_ok() {} });
        discarding
    }
}
