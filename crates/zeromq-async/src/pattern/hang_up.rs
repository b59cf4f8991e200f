//! An empty message that ends the connection to its peer (libzmq's STREAM).

use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use zmtp::Message;

use super::{OfferError, Routes, SendStrategy};
use crate::error::SendErrorKind;

/// Makes a [`HangUp`] over the peers of these routes.
#[derive(Debug, Clone)]
pub struct HangUpLayer(pub Arc<Routes>);

impl<S> Layer<S> for HangUpLayer {
    type Service = HangUp<S>;

    fn layer(&self, inner: S) -> HangUp<S> {
        HangUp { inner, routes: self.0.clone() }
    }
}

/// Ends the connection to a peer when a message for it is empty behind the routing id.
///
/// Messages queued for the peer before are written first. Nothing more is received from it.
#[derive(Debug, Clone)]
pub struct HangUp<S> {
    inner: S,
    routes: Arc<Routes>,
}

impl<S> HangUp<S> {
    /// The strategy that sends all other messages.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn hang_up(&self, routing_id: &[u8]) -> Result<(), OfferError> {
        match self.routes.find(routing_id).filter(|peer| !peer.is_closing()) {
            Some(peer) => {
                peer.pipe().hang_up();
                Ok(())
            }
            None => Err(SendErrorKind::Unroutable(routing_id.to_vec().into()).into()),
        }
    }
}

impl<S: SendStrategy> SendStrategy for HangUp<S> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        match message.frames() {
            [routing_id, body] if body.is_empty() => {
                self.hang_up(routing_id)?;
                *message = Message::new();
                Ok(())
            }
            _ => self.inner.offer(message),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}
