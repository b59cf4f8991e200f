//! SUB: the messages it has subscribed to (29/PUBSUB).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use zmtp::{SocketType, Subscription};

use super::{Compose, Composition, Receives, Socket, SocketKind, Subscribes};
use crate::options::SocketOptions;
use crate::pattern::{FairQueue, Filter, Subscriptions};
use crate::peer::PeerSet;

/// Receives from every publisher what it has subscribed to (29/PUBSUB).
///
/// It begins with no subscription and receives nothing until it has one. Subscriptions are sent to
/// each publisher again whenever a connection is made.
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

impl Compose for Sub {
    const TYPE: SocketType = SocketType::Sub;
    type Outgoing = ();
    type Incoming = Filter<FairQueue>;
    type Control = Arc<Subscriptions>;

    fn adjust(options: &mut SocketOptions) {
        // As libzmq has it: a subscriber has nothing to send that would be worth waiting for.
        options.linger = Some(Duration::ZERO);
    }

    fn compose(peers: &Arc<PeerSet>, options: &SocketOptions) -> Composition<Self> {
        let subscriptions = Subscriptions::new(peers.clone(), &options.subscribe);
        Composition {
            pattern: subscriptions.clone(),
            outgoing: (),
            incoming: Filter::new(FairQueue::new(peers), subscriptions.clone()),
            control: subscriptions,
        }
    }
}

impl SocketKind for Sub {}
impl Receives for Sub {}

/// SUB and XSUB alike.
impl<P: SocketKind> Socket<P> {
    /// Subscribes to every message whose first frame begins with `topic`; an empty topic is every
    /// message (`ZMQ_SUBSCRIBE`).
    ///
    /// It takes effect at the publishers that are connected when it has reached them, and at
    /// others when they connect. The same topic can be subscribed to several times, and then has
    /// to be cancelled as often.
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

    /// Cancels a subscription (`ZMQ_UNSUBSCRIBE`); a topic that is not subscribed to is ignored.
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
