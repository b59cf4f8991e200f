//! The routing id of the sender in front of each message (28/REQREP, ROUTER).

use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use zmtp::Message;

use super::{PeerHandle, ReceiveStrategy};
use crate::error::RecvError;
use crate::identity::Peer;

/// Makes a [`PrependRoutingId`].
#[derive(Debug, Clone, Copy, Default)]
pub struct PrependRoutingIdLayer;

impl<S> Layer<S> for PrependRoutingIdLayer {
    type Service = PrependRoutingId<S>;

    fn layer(&self, inner: S) -> PrependRoutingId<S> {
        PrependRoutingId { inner }
    }
}

/// Puts the routing id of the sender in front of each message. A reply goes to this id.
#[derive(Debug)]
pub struct PrependRoutingId<S> {
    inner: S,
}

impl<S: ReceiveStrategy> ReceiveStrategy for PrependRoutingId<S> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        let mut message = ready!(self.inner.poll_recv(cx))?;
        if let Some(peer) = self.inner.last_peer() {
            message.push_front(peer.label().clone());
        }
        Poll::Ready(Ok(message))
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.inner.poll_recv_ready(cx)
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}
