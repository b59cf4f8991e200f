//! Commanding a socket from any task.

use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::engine::{CloseReport, Engine};
use crate::error::{BindError, ConnectError, DetachError, EndpointError};
use crate::event::Events;
use crate::stats::SocketStats;

/// Binds, connects and closes a socket whose halves are elsewhere.
///
/// Cloning gives another handle to the same socket, which lives until the last of its sockets,
/// halves and handles is dropped or one of them closes it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::PullSocket;
///
/// let mut pull = PullSocket::new();
/// let handle = pull.handle().clone();
/// let receiving = tokio::spawn(async move { pull.recv().await });
/// handle.bind("tcp://127.0.0.1:0").await?;
/// handle.close().await;
/// assert!(receiving.await?.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SocketHandle {
    life: Arc<Life>,
}

/// Ends the engine when the last handle is dropped.
#[derive(Debug)]
struct Life(Arc<Engine>);

impl SocketHandle {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { life: Arc::new(Life(engine)) }
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.life.0
    }

    pub(super) fn count_unsent(&self, messages: usize) {
        self.engine().peers().ledger().lost(messages);
    }

    /// See [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn bind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Endpoint, BindError> {
        self.engine().bind(endpoint.try_into().map_err(Into::into)?).await
    }

    /// See [`Socket::connect`](crate::Socket::connect).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.engine().connect(endpoint.try_into().map_err(Into::into)?)
    }

    /// See [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.engine().unbind(&endpoint.try_into().map_err(Into::into)?).await
    }

    /// See [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.engine().disconnect(&endpoint.try_into().map_err(Into::into)?)
    }

    /// See [`Socket::last_endpoint`](crate::Socket::last_endpoint).
    pub fn last_endpoint(&self) -> Option<Endpoint> {
        self.engine().last_endpoint()
    }

    /// See [`Socket::events`](crate::Socket::events).
    pub fn events(&self) -> Events {
        self.engine().events().listen()
    }

    /// See [`Socket::stats`](crate::Socket::stats).
    pub fn stats(&self) -> SocketStats {
        self.engine().peers().stats()
    }

    /// See [`Socket::wait_for_peers`](crate::Socket::wait_for_peers).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        let peers = self.engine().peers();
        let mut connected = peers.connected();
        // The sending side lives in the engine, which this handle keeps.
        let _ = connected.wait_for(|connected| *connected >= count || peers.is_closed()).await;
    }

    /// Closes the socket for all who hold a part of it; see
    /// [`Socket::close`](crate::Socket::close).
    ///
    /// Senders get [`Closed`](crate::SendErrorKind::Closed) from now on, and receivers when the
    /// socket has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the socket is closed to new messages, and ends when its last handle is
    /// dropped.
    pub async fn close(&self) -> CloseReport {
        let engine = self.engine().clone();
        let linger = engine.options().linger;
        engine.close(linger).await
    }

    /// Closes the socket within a time other than its linger option; see [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn close_within(&self, linger: Duration) -> CloseReport {
        self.engine().clone().close(Some(linger)).await
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.clone().end_in_background();
    }
}
