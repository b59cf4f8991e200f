//! The routing id of the sender in front of each message (28/REQREP, ROUTER).

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::Incoming;
use crate::error::RecvError;
use crate::identity::Peer;
use crate::peer::Pipe;

/// Puts in front of each message the routing id by which its sender is answered.
#[derive(Debug)]
pub(crate) struct Identified<I> {
    inner: I,
}

impl<I> Identified<I> {
    pub(crate) fn new(inner: I) -> Self {
        Self { inner }
    }
}

impl<I: Incoming> Incoming for Identified<I> {
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

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.inner.last_pipe()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}
