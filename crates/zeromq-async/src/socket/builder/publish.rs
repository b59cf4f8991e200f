//! The options of PUB, XPUB and RADIO.

use zmtp::Message;

use super::SocketBuilder;
use crate::options::SubscriptionNotices;
use crate::socket::XPub;
use crate::socket::kind::{DropsWhenFull, Publishes, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Waits until every subscriber of a message, or member of its group, has room for it, and drops it
    /// for none (`ZMQ_XPUB_NODROP`). Default: off.
    ///
    /// A subscriber that does not read then delays all others.
    pub fn no_drop(mut self, no_drop: bool) -> Self
    where
        P: DropsWhenFull,
    {
        *P::no_drop(&mut self.own) = no_drop;
        self
    }
}

/// Apart from the others, because SUB has an option of the same name.
impl<P: Publishes, S> SocketBuilder<P, S> {
    /// Sends each message to the peers that have *not* subscribed to it (`ZMQ_INVERT_MATCHING`).
    /// Default: off.
    ///
    /// A peer without a subscription gets every message. A SUB drops messages that it has not
    /// subscribed to, unless it [inverts](SocketBuilder::<Sub>::invert_matching) too. An XSUB
    /// receives all.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let mut xpub = XPubSocket::builder().invert_matching(true).build();
    /// let mut sub = SubSocket::builder().subscribe("debug.").invert_matching(true).build();
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(xpub.recv().await?, "\u{1}debug.");
    /// xpub.send("debug.frame 7").await?;
    /// xpub.send("error.disk full").await?;
    /// assert_eq!(sub.recv().await?, "error.disk full"); // all but debug
    /// # Ok(()) }
    /// ```
    pub fn invert_matching(mut self, invert: bool) -> Self {
        self.own.invert_matching = invert;
        self
    }
}

impl SocketBuilder<XPub> {
    /// Selects the subscriptions that are received as messages (`ZMQ_XPUB_VERBOSE`, `_VERBOSER`,
    /// `_MANUAL`, `_MANUAL_LAST_VALUE`). Default: subscriptions that change the set of topics.
    pub fn notices(mut self, notices: SubscriptionNotices) -> Self {
        self.own.notices = notices;
        self
    }

    /// Sends this message to each new peer before any other (`ZMQ_XPUB_WELCOME_MSG`). Default:
    /// none.
    ///
    /// A SUB receives it only if it has subscribed to it.
    pub fn welcome(mut self, message: impl Into<Message>) -> Self {
        self.own.welcome = Some(message.into());
        self
    }
}
