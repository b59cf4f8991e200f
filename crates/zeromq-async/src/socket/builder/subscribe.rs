//! The options of SUB and XSUB.

use bytes::Bytes;

use super::SocketBuilder;
use crate::socket::kind::{SocketKind, Subscribes};
use crate::socket::{Sub, XSub};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Subscribes to messages that begin with `topic`. Can be called several times.
    pub fn subscribe(mut self, topic: impl AsRef<[u8]>) -> Self
    where
        P: Subscribes,
    {
        self.own.topics.push(Bytes::copy_from_slice(topic.as_ref()));
        self
    }
}

impl SocketBuilder<Sub> {
    /// Receives the messages that it has *not* subscribed to (`ZMQ_INVERT_MATCHING`). Default: off.
    ///
    /// Publishers must [invert](SocketBuilder::<Pub>::invert_matching) too. Otherwise they only
    /// send messages that are dropped here.
    pub fn invert_matching(mut self, invert: bool) -> Self {
        self.own.invert_matching = invert;
        self
    }
}

impl SocketBuilder<XSub> {
    /// Sends every cancellation to publishers, even if another subscription to the topic remains or
    /// there is none (`ZMQ_XSUB_VERBOSE_UNSUBSCRIBE`). Default: only the last cancellation of a
    /// topic.
    ///
    /// An XPUB with [all notices](crate::SubscriptionNotices::All) then sees each of them, also
    /// through proxies that do the same.
    pub fn tell_every_cancellation(mut self, tell: bool) -> Self {
        self.own.tell_every_cancellation = tell;
        self
    }
}
