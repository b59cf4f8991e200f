//! XPUB: PUB that sees subscriptions (29/PUBSUB).

use std::sync::Arc;

use bytes::Bytes;
use zmtp::{SocketType, Subscription};

use super::{
    DropsWhenFull, Publishes, Receiver, Receives, Sends, SharesSending, Socket, SocketKind, Stacks,
    Topical,
};
use crate::pattern::{Distribute, FairQueue, Peers, PublishOptions, ReceiveStrategy, Subscribers};

/// A PUB that receives the subscriptions of its peers, and messages that an XSUB sends (29/PUBSUB).
///
/// A subscription is received as a message of one frame: the byte 1 and the topic. A cancellation
/// has the byte 0. [`notices`](crate::SocketBuilder::notices) selects which of them are received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{SubSocket, XPubSocket};
///
/// let mut xpub = XPubSocket::new();
/// let sub = SubSocket::new();
/// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
/// sub.subscribe("a");
/// assert_eq!(xpub.recv().await?, "\u{1}a");
/// sub.unsubscribe("a");
/// assert_eq!(xpub.recv().await?, "\u{0}a");
/// # Ok(()) }
/// ```
pub type XPubSocket = Socket<XPub>;

/// The type of a [`XPubSocket`].
#[derive(Debug)]
pub enum XPub {}

impl SocketKind for XPub {
    const TYPE: SocketType = SocketType::XPub;
    type SendStack = Distribute;
    type ReceiveStack = FairQueue;
    type Options = PublishOptions;
    type Control = Arc<Subscribers>;

    fn compose(peers: &Peers, options: &PublishOptions) -> Stacks<Self> {
        let subscribers = Arc::new(Subscribers::of_xpub(options));
        Stacks {
            send: Distribute::new(peers, subscribers.clone(), options.no_drop),
            receive: FairQueue::new(peers),
            hooks: subscribers.clone(),
            control: subscribers,
        }
    }
}

impl Sends for XPub {}
impl SharesSending for XPub {}
impl Receives for XPub {}
impl Publishes for XPub {}

impl DropsWhenFull for XPub {
    fn no_drop(options: &mut PublishOptions) -> &mut bool {
        &mut options.no_drop
    }
}

impl Topical for XPub {
    fn topics_count(subscribers: &Arc<Subscribers>) -> usize {
        subscribers.topics_count()
    }
}

impl Socket<XPub> {
    /// Subscribes the sender of the last message received. It need not have asked for the topic.
    ///
    /// With [`SubscriptionNotices::Manual`](crate::SubscriptionNotices::Manual) only this
    /// subscribes peers (`ZMQ_XPUB_MANUAL`). Returns false before the first message, and if the
    /// peer has left.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, SubscriptionNotices, XPubSocket};
    ///
    /// let mut xpub = XPubSocket::builder().notices(SubscriptionNotices::Manual).build();
    /// let mut sub = SubSocket::builder().subscribe("").build();
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(xpub.recv().await?, "\u{1}");
    /// xpub.subscribe_last_peer("public."); // it asked for everything, and gets this
    /// xpub.send("secret.key").await?;
    /// xpub.send("public.news").await?;
    /// assert_eq!(sub.recv().await?, "public.news");
    /// # Ok(()) }
    /// ```
    pub fn subscribe_last_peer(&mut self, topic: impl AsRef<[u8]>) -> bool {
        subscribe_last_peer(&self.receiver.stack, &self.receiver.control, topic.as_ref())
    }

    /// Cancels a subscription of the sender of the last message received.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let mut xpub = XPubSocket::new();
    /// let sub = SubSocket::builder().subscribe("a").build();
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(xpub.recv().await?, "\u{1}a");
    /// assert!(xpub.unsubscribe_last_peer("a"));
    /// xpub.send("a message").await?;
    /// assert_eq!(xpub.stats().dropped.unsubscribed, 1);
    /// # Ok(()) }
    /// ```
    pub fn unsubscribe_last_peer(&mut self, topic: impl AsRef<[u8]>) -> bool {
        unsubscribe_last_peer(&self.receiver.stack, &self.receiver.control, topic.as_ref())
    }
}

impl Receiver<XPub> {
    /// See [`Socket::subscribe_last_peer`].
    pub fn subscribe_last_peer(&mut self, topic: impl AsRef<[u8]>) -> bool {
        subscribe_last_peer(&self.stack, &self.control, topic.as_ref())
    }

    /// See [`Socket::unsubscribe_last_peer`].
    pub fn unsubscribe_last_peer(&mut self, topic: impl AsRef<[u8]>) -> bool {
        unsubscribe_last_peer(&self.stack, &self.control, topic.as_ref())
    }
}

fn subscribe_last_peer(stack: &FairQueue, subscribers: &Subscribers, topic: &[u8]) -> bool {
    stack.last_handle().is_some_and(|peer| {
        subscribers.apply(peer, &Subscription::Subscribe(Bytes::copy_from_slice(topic)));
        !peer.is_closing()
    })
}

fn unsubscribe_last_peer(stack: &FairQueue, subscribers: &Subscribers, topic: &[u8]) -> bool {
    stack.last_handle().is_some_and(|peer| {
        subscribers.apply(peer, &Subscription::Cancel(Bytes::copy_from_slice(topic)));
        true
    })
}
