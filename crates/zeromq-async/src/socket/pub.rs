//! PUB: sends each message to all of its subscribers (29/PUBSUB).

use std::sync::Arc;

use zmtp::SocketType;

use super::{
    Conflates, DropsWhenFull, Publishes, Sender, Sends, SharesSending, Socket, SocketKind, Stacks,
    Topical,
};
use crate::pattern::{Distribute, Peers, PublishOptions, Subscribers};

/// Sends each message to every peer that has subscribed to it (29/PUBSUB).
///
/// A subscription is a prefix of the first frame. Sending never waits: a subscriber with a full
/// queue misses the message, unless [`no_drop`](crate::SocketBuilder::no_drop) is set. A message
/// without subscribers is dropped. Subscriptions arrive a moment after the connection is made.
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

impl DropsWhenFull for Pub {
    fn no_drop(options: &mut PublishOptions) -> &mut bool {
        &mut options.no_drop
    }
}

impl Topical for Pub {
    fn topics_count(subscribers: &Arc<Subscribers>) -> usize {
        subscribers.topics_count()
    }
}
impl Conflates for Pub {}

/// PUB and XPUB alike.
impl<P: SocketKind> Socket<P> {
    /// Waits until a message with the first frame `topic` would go to at least `count` peers.
    ///
    /// This solves the slow joiner problem: a publisher drops messages without subscribers
    /// (29/PUBSUB), and a subscription arrives some time after the connection. Messages that are
    /// sent after this returns go to all counted peers, if their queues have room. A peer counts if
    /// one of its subscriptions matches `topic`. For `a.b` these include `a` and the empty
    /// subscription. With [`invert_matching`](crate::SocketBuilder::invert_matching), a peer counts
    /// if none matches. Also returns when the socket is closed.
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
    /// Nothing is lost when the future is dropped.
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
    /// # Cancel safety
    ///
    /// That of [`Socket::wait_for_subscribers`](crate::Socket::wait_for_subscribers).
    pub async fn wait_for_subscribers(&self, topic: impl AsRef<[u8]>, count: usize)
    where
        P: Publishes,
    {
        self.half.stack().wait_for_subscribers(topic.as_ref(), count).await;
    }
}
