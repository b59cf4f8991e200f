//! SUB: receives messages that match its subscriptions (29/PUBSUB).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tower_layer::Layer;
use zmtp::{SocketType, Subscription};

use super::{Conflates, Receives, Socket, SocketKind, Stacks, Subscribes, Topical};
use crate::pattern::{
    FairQueue, Peers, SubscribeOptions, SubscriptionFilter, SubscriptionFilterLayer, Subscriptions,
};

/// Receives the messages of its publishers that match its subscriptions (29/PUBSUB).
///
/// Without a subscription it receives nothing. It sends all subscriptions to each publisher again
/// after each new connection.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{SubSocket, XPubSocket};
///
/// let mut publisher = XPubSocket::new();
/// let mut sub = SubSocket::new();
/// sub.subscribe("weather.");
/// sub.connect(publisher.bind("tcp://127.0.0.1:0").await?)?;
/// publisher.recv().await?; // the subscription has arrived
/// publisher.send("weather.london rain").await?;
/// assert_eq!(sub.recv().await?, "weather.london rain");
/// # Ok(()) }
/// ```
pub type SubSocket = Socket<Sub>;

/// The type of a [`SubSocket`].
#[derive(Debug)]
pub enum Sub {}

impl SocketKind for Sub {
    const TYPE: SocketType = SocketType::Sub;
    /// A subscriber only sends subscriptions, which need no lingering, as in libzmq.
    const LINGER: Option<Duration> = Some(Duration::ZERO);
    type SendStack = ();
    type ReceiveStack = SubscriptionFilter<FairQueue>;
    type Options = SubscribeOptions;
    type Control = Arc<Subscriptions>;

    fn compose(peers: &Peers, options: &SubscribeOptions) -> Stacks<Self> {
        let subscriptions = Subscriptions::new(peers, options);
        Stacks {
            send: (),
            receive: SubscriptionFilterLayer(subscriptions.clone()).layer(FairQueue::new(peers)),
            hooks: subscriptions.clone(),
            control: subscriptions,
        }
    }
}

impl Receives for Sub {}
impl Subscribes for Sub {}

impl Topical for Sub {
    fn topics_count(subscriptions: &Arc<Subscriptions>) -> usize {
        subscriptions.topics_count()
    }
}
impl Conflates for Sub {}

/// SUB and XSUB alike.
impl<P: SocketKind> Socket<P> {
    /// Subscribes to every message with a first frame that begins with `topic`. The empty topic
    /// matches every message (`ZMQ_SUBSCRIBE`).
    ///
    /// Connected publishers learn of it after a moment, others when they connect. A topic that is
    /// subscribed to several times must be cancelled as often.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let (mut xpub, sub) = (XPubSocket::new(), SubSocket::new());
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// sub.subscribe("weather.");
    /// assert_eq!(xpub.recv().await?, "\u{1}weather."); // it has arrived
    /// # Ok(()) }
    /// ```
    pub fn subscribe(&self, topic: impl AsRef<[u8]>)
    where
        P: Subscribes,
    {
        self.receiver
            .control
            .change(&Subscription::Subscribe(Bytes::copy_from_slice(topic.as_ref())));
    }

    /// Cancels a subscription (`ZMQ_UNSUBSCRIBE`). A topic that is not subscribed to is ignored.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let (mut xpub, sub) = (XPubSocket::new(), SubSocket::new());
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// sub.subscribe("weather.");
    /// assert_eq!(xpub.recv().await?, "\u{1}weather."); // on
    /// sub.unsubscribe("weather.");
    /// assert_eq!(xpub.recv().await?, "\u{0}weather."); // and off
    /// # Ok(()) }
    /// ```
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>)
    where
        P: Subscribes,
    {
        self.receiver.control.change(&Subscription::Cancel(Bytes::copy_from_slice(topic.as_ref())));
    }
}

/// All socket types with topics alike.
impl<P: SocketKind> Socket<P> {
    /// The number of different topics with subscriptions (`ZMQ_TOPICS_COUNT`): of all peers
    /// together for PUB and XPUB, of this socket for SUB and XSUB.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let mut xpub = XPubSocket::new();
    /// let sub = SubSocket::builder().subscribe("news.").subscribe("news.").build();
    /// assert_eq!(sub.topics_count(), 1);
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(xpub.recv().await?, "\u{1}news.");
    /// assert_eq!(xpub.topics_count(), 1);
    /// # Ok(()) }
    /// ```
    pub fn topics_count(&self) -> usize
    where
        P: Topical,
    {
        P::topics_count(&self.receiver.control)
    }
}
