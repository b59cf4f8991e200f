//! Functions for the tests of all transports.

use std::future::poll_fn;

use super::*;
use crate::error::BindError;

pub(super) fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

pub(super) async fn listen(text: &str) -> Box<dyn Listener> {
    bind(text, &TransportOptions::default()).await.unwrap_or_else(|error| panic!("{error}"))
}

pub(super) async fn refused(text: &str) -> BindError {
    match bind(text, &TransportOptions::default()).await {
        Ok(listener) => panic!("{text} was bound as {}", listener.local_endpoint()),
        Err(error) => error,
    }
}

pub(super) async fn bind(
    text: &str,
    options: &TransportOptions,
) -> Result<Box<dyn Listener>, BindError> {
    Transports::default().bind(&endpoint(text), options).await
}

pub(super) async fn dial(endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
    Transports::default().dial(endpoint, options).await
}

pub(super) async fn connect(endpoint: &Endpoint) -> Io {
    dial(endpoint, &TransportOptions::default()).await.unwrap_or_else(|error| panic!("{error}"))
}

pub(super) async fn accept(listener: &mut Box<dyn Listener>) -> Io {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}
