//! PUB: each message to all who subscribed (29/PUBSUB).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Compose, Composition, Sends, SharesSending, Socket, SocketKind};
use crate::options::SocketOptions;
use crate::pattern::{Distribute, Subscribers};
use crate::peer::PeerSet;

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

impl Compose for Pub {
    const TYPE: SocketType = SocketType::Pub;
    type Outgoing = Distribute;
    type Incoming = ();
    type Control = Arc<Subscribers>;

    fn compose(peers: &Arc<PeerSet>, options: &SocketOptions) -> Composition<Self> {
        let subscribers = Arc::new(Subscribers::new(None, &options.publish));
        Composition {
            pattern: subscribers.clone(),
            outgoing: Distribute::new(peers.clone(), subscribers.clone(), options.publish.no_drop),
            incoming: (),
            control: subscribers,
        }
    }
}

impl SocketKind for Pub {}
impl Sends for Pub {}
impl SharesSending for Pub {}
