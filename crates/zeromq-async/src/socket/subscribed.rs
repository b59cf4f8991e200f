//! Knowing that subscribers are there before the first message is published.

use super::{Publishes, Sender, Socket, SocketKind};

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
        self.outlet.layers().wait_for_subscribers(topic.as_ref(), count).await;
    }
}
