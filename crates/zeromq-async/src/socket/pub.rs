//! PUB: each message to all who subscribed (29/PUBSUB).

use std::sync::Arc;

use zmtp::SocketType;

use super::{
    Conflates, Publishes, Sender, Sends, SharesSending, Socket, SocketKind, Stacks, Topical,
};
use crate::pattern::{Distribute, Peers, PublishOptions, Subscribers};

/// Sends each message to every peer that has subscribed to its beginning (29/PUBSUB).
///
/// A subscription is to a prefix of the first frame. Sending never waits: a subscriber whose queue
/// is full loses the message, it alone, unless [`no_drop`](crate::SocketBuilder::no_drop) is set.
/// A message to which nobody has subscribed goes nowhere; subscriptions take a moment to arrive
/// after the connection is made.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{SubSocket, XPubSocket};
///
/// // An XPUB is a PUB that sees subscriptions, and so knows when to begin.
/// let mut publisher = XPubSocket::new();
/// let mut sub = SubSocket::builder().subscribe("news.").build();
/// sub.connect(publisher.bind("tcp://127.0.0.1:0").await?)?;
/// assert_eq!(publisher.recv().await?, "\u{1}news.");
///
/// publisher.send("sport.football").await?;
/// publisher.send("news.world").await?;
/// assert_eq!(sub.recv().await?, "news.world");
/// # Ok(()) }
/// ```
pub type PubSocket = Socket<Pub>;

/// The type of a [`PubSocket`].
#[derive(Debug)]
pub enum Pub {}

impl SocketKind for Pub {
    const TYPE: SocketType = SocketType::Pub;
    type SendStack = Distribute;
    type ReceiveStack = ();
    type Options = PublishOptions;
    type Control = Arc<Subscribers>;

    fn compose(peers: &Peers, options: &PublishOptions) -> Stacks<Self> {
        let subscribers = Arc::new(Subscribers::of_pub(options));
        Stacks {
            send: Distribute::new(peers, subscribers.clone(), options.no_drop),
            receive: (),
            hooks: subscribers.clone(),
            control: subscribers,
        }
    }
}

impl Sends for Pub {}
impl SharesSending for Pub {}
impl Publishes for Pub {}

impl Topical for Pub {
    fn topics_count(subscribers: &Arc<Subscribers>) -> usize {
        subscribers.topics_count()
    }
}
impl Conflates for Pub {}

/// PUB and XPUB alike.
impl<P: SocketKind> Socket<P> {
    /// Waits until a message whose first frame is `topic` would go to `count` peers at least.
    ///
    /// This ends the slow joiner: 29/PUBSUB has a publisher drop what nobody has subscribed to, and
    /// a subscription takes its time to arrive, even where the connection is there. What is sent
    /// after this has returned goes to all of the peers that it counted, as far as their queues
    /// have room. A subscription counts where it matches, so that one to `a` or to everything does
    /// for the topic `a.b`; where [`invert_matching`](crate::SocketBuilder::invert_matching) is set,
    /// one that does not match. Returns early when the socket is closed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PubSocket, SubSocket};
    ///
    /// let mut publisher = PubSocket::new();
    /// let endpoint = publisher.bind("tcp://127.0.0.1:0").await?;
    /// let mut sub = SubSocket::builder().subscribe("weather.").build();
    /// sub.connect(endpoint)?;
    /// publisher.wait_for_subscribers("weather.london", 1).await;
    /// publisher.send("weather.london rain").await?;
    /// assert_eq!(sub.recv().await?, "weather.london rain");
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_subscribers(&self, topic: impl AsRef<[u8]>, count: usize)
    where
        P: Publishes,
    {
        self.sender.wait_for_subscribers(topic, count).await;
    }
}

impl<P: SocketKind> Sender<P> {
    /// See [`Socket::wait_for_subscribers`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let (mut sender, receiver) = XPubSocket::new().split();
    /// let endpoint = receiver.handle().bind("tcp://127.0.0.1:0").await?;
    /// let mut sub = SubSocket::builder().subscribe("").build();
    /// sub.connect(endpoint)?;
    /// sender.wait_for_subscribers("news", 1).await;
    /// sender.send("news").await?;
    /// assert_eq!(sub.recv().await?, "news");
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn wait_for_subscribers(&self, topic: impl AsRef<[u8]>, count: usize)
    where
        P: Publishes,
    {
        self.half.layers().wait_for_subscribers(topic.as_ref(), count).await;
    }
}
