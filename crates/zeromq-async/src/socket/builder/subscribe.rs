//! The options of SUB and XSUB.

use bytes::Bytes;

use super::SocketBuilder;
use crate::socket::kind::{SocketKind, Subscribes};
use crate::socket::{Sub, XSub};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Subscribes from the start to what begins with `topic`; repeatable.
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
    /// Publishers have to [invert](SocketBuilder::<Pub>::invert_matching) too. Otherwise they send only
    /// messages that are filtered out here.
    pub fn invert_matching(mut self, invert: bool) -> Self {
        self.own.invert_matching = invert;
        self
    }
}

impl SocketBuilder<XSub> {
    /// Tells publishers of every cancellation, even of a topic that is subscribed to once more or
    /// not at all (`ZMQ_XSUB_VERBOSE_UNSUBSCRIBE`). Default: only of the last for its topic.
    ///
    /// An XPUB that takes [all notices](crate::SubscriptionNotices::All) then sees each of them,
    /// through any number of proxies that do the same.
    pub fn tell_every_cancellation(mut self, tell: bool) -> Self {
        self.own.tell_every_cancellation = tell;
        self
    }
}
