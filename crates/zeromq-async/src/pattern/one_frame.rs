//! Messages of one frame, and where they go and come from (41/CLISRV, 49/SCATTER-GATHER, 51/P2P,
//! 52/CHANNEL).

use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use zmtp::Message;

use super::{Held, OfferError, PeerHandle, ReceiveStrategy, SendStrategy};
use crate::error::RecvError;
use crate::identity::Peer;

/// A strategy that sends a message to an address of type `A`.
///
/// Each strategy that chooses the peer itself sends to the address `()`.
pub trait SendTo<A>: SendStrategy {
    /// Queues the whole message for this address, and leaves an empty one in its place.
    ///
    /// # Errors
    ///
    /// The message was not taken and is as it was.
    fn offer_at(&mut self, address: &A, message: &mut Message) -> Result<(), OfferError>;
}

impl<S: SendStrategy> SendTo<()> for S {
    #[inline]
    fn offer_at(&mut self, _address: &(), message: &mut Message) -> Result<(), OfferError> {
        self.offer(message)
    }
}

/// A strategy that tells the address, of type `A`, of a message that it received.
///
/// Each strategy tells the address `()`.
pub trait ReceiveFrom<A>: ReceiveStrategy {
    /// The address of `message`, which is the last one of
    /// [`poll_recv`](ReceiveStrategy::poll_recv). Takes frames of the address out of the message.
    ///
    /// A message without an address is dropped, and counts as
    /// [`malformed`](crate::Discarded::malformed).
    fn take_address(&self, message: &mut Message) -> Option<A>;
}

impl<S: ReceiveStrategy> ReceiveFrom<()> for S {
    #[inline]
    fn take_address(&self, _message: &mut Message) -> Option<()> {
        Some(())
    }
}

/// Makes a [`OneFrame`].
#[derive(Debug, Clone, Copy, Default)]
pub struct OneFrameLayer;

impl<S> Layer<S> for OneFrameLayer {
    type Service = OneFrame<S>;

    fn layer(&self, inner: S) -> OneFrame<S> {
        OneFrame { inner, held: None }
    }
}

/// Passes on messages of one frame.
///
/// Others are dropped whole, as libzmq does, and count as [`malformed`](crate::Discarded::malformed).
#[derive(Debug)]
pub struct OneFrame<S> {
    inner: S,
    /// A message that was looked at and not yet received.
    held: Option<Held>,
}

impl<S: ReceiveStrategy> OneFrame<S> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            let message = ready!(self.inner.poll_recv(cx))?;
            if message.frame_count() == 1 {
                return Poll::Ready(Ok(message));
            }
            if let Some(peer) = self.inner.last_handle() {
                peer.count_discarded(|discarded| discarded.malformed += 1);
            }
        }
    }
}

impl<S: ReceiveStrategy> ReceiveStrategy for OneFrame<S> {
    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        match self.held.take() {
            Some(held) => Poll::Ready(Ok(held.take())),
            None => self.poll_next(cx),
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        if self.held.is_none() {
            let message = ready!(self.poll_next(cx))?;
            self.held = Some(Held::new(self.inner.last_handle(), message));
        }
        Poll::Ready(Ok(()))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}
