//! Messages of one frame, and where they go and come from (41/CLISRV, 49/SCATTER-GATHER, 51/P2P,
//! 52/CHANNEL).

use tower_layer::Layer;
use zmtp::Message;

use super::{Criterion, Filter, OfferError, ReceiveStrategy, SendStrategy};
use crate::stats::Discarded;

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
        Filter::new(inner, HasOneFrame)
    }
}

/// Passes on messages of one frame.
///
/// Others are dropped whole, as libzmq does, and count as [`malformed`](crate::Discarded::malformed).
pub type OneFrame<S> = Filter<S, HasOneFrame>;

/// The criterion of a [`OneFrame`].
#[derive(Debug, Clone, Copy, Default)]
pub struct HasOneFrame;

impl Criterion for HasOneFrame {
    #[inline]
    fn passes(&self, message: &Message) -> bool {
        message.frame_count() == 1
    }

    fn count(&self, _message: &Message, discarded: &mut Discarded) {
        discarded.malformed += 1;
    }
}
