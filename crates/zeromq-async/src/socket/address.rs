//! Where a one-frame message goes or comes from, as the application sees it.

use std::net::SocketAddr;

use zmtp::{Frame, Group};

use crate::identity::RouteId;

/// The address of a one-frame message, and how the two are one item of a `Sink` or `Stream`.
///
/// It is `()` where the socket itself chooses the peer, a [`RouteId`] where the message names it, a
/// [`Group`] with RADIO and DISH, and a [`SocketAddr`] with DGRAM.
pub trait Address: Clone + Send + Unpin + 'static {
    /// A frame and its address.
    type Item: Send + 'static;

    /// Makes one item of the two.
    fn join(self, frame: Frame) -> Self::Item;

    /// Makes two of the item.
    fn split(item: Self::Item) -> (Self, Frame);
}

impl Address for () {
    type Item = Frame;

    fn join(self, frame: Frame) -> Frame {
        frame
    }

    fn split(frame: Frame) -> ((), Frame) {
        ((), frame)
    }
}

impl Address for RouteId {
    type Item = (Self, Frame);

    fn join(self, frame: Frame) -> (Self, Frame) {
        (self, frame)
    }

    fn split(item: (Self, Frame)) -> (Self, Frame) {
        item
    }
}

impl Address for Group {
    type Item = (Self, Frame);

    fn join(self, frame: Frame) -> (Self, Frame) {
        (self, frame)
    }

    fn split(item: (Self, Frame)) -> (Self, Frame) {
        item
    }
}

impl Address for SocketAddr {
    type Item = (Self, Frame);

    fn join(self, frame: Frame) -> (Self, Frame) {
        (self, frame)
    }

    fn split(item: (Self, Frame)) -> (Self, Frame) {
        item
    }
}
