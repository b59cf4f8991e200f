//! The endpoints of a shared socket, its events and its counts.

use super::SharedSocket;
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::{BindError, ConnectError, DetachError};
use crate::event::Events;
use crate::socket::FrameKind;
use crate::stats::SocketStats;

impl<P: FrameKind> SharedSocket<P> {
    /// Binds to an endpoint; see [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::bind`](crate::Socket::bind).
    pub async fn bind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Endpoint, BindError> {
        self.handle().bind(endpoint).await
    }

    /// Connects to an endpoint; see [`Socket::connect`](crate::Socket::connect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect).
    pub fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.handle().connect(endpoint)
    }

    /// Unbinds from an endpoint; see [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::unbind`](crate::Socket::unbind).
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().unbind(endpoint).await
    }

    /// Stops accepting at an endpoint; see
    /// [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::stop_accepting`](crate::Socket::stop_accepting).
    pub async fn stop_accepting(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().stop_accepting(endpoint).await
    }

    /// Disconnects from an endpoint; see [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::disconnect`](crate::Socket::disconnect).
    pub fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().disconnect(endpoint)
    }

    /// The endpoint last bound or connected to (`ZMQ_LAST_ENDPOINT`).
    pub fn last_endpoint(&self) -> Option<Endpoint> {
        self.handle().last_endpoint()
    }

    /// The events of this socket; see [`Socket::events`](crate::Socket::events).
    pub fn events(&self) -> Events {
        self.handle().events()
    }

    /// The counts of messages so far; see [`Socket::stats`](crate::Socket::stats).
    pub fn stats(&self) -> SocketStats {
        self.handle().stats()
    }

    /// Waits until `count` peers are connected; see
    /// [`Socket::wait_for_peers`](crate::Socket::wait_for_peers).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        self.handle().wait_for_peers(count).await;
    }
}
