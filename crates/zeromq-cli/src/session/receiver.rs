//! Receiving within `--timeout`.

use futures_util::StreamExt;
use tokio::task::JoinSet;
use zeromq_async::{Message, RecvError};

use super::timeout::Timeout;
use crate::failure::Failure;
use crate::socket::Incoming;

/// The receive half of the socket.
pub(super) struct Receiver {
    stream: Incoming,
    timeout: Timeout,
    /// The endpoints, for errors.
    endpoints: String,
}

impl Receiver {
    pub(super) fn new(stream: Incoming, timeout: Timeout, endpoints: &str) -> Self {
        Self { stream, timeout, endpoints: endpoints.to_owned() }
    }

    pub(super) async fn recv(&mut self) -> Result<Message, Failure> {
        let received = self.timeout.wait(self.stream.next()).await?;
        let received = received.unwrap_or(Err(RecvError::Closed));
        received.map_err(|error| Failure::about(&self.endpoints, error))
    }

    /// Drops all messages until the returned set is dropped.
    pub(super) fn discard(mut self) -> JoinSet<()> {
        let mut discarding = JoinSet::new();
        discarding.spawn(async move { while self.stream.next().await.is_some() {} });
        discarding
    }
}
