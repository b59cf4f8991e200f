//! XSUB: SUB whose subscriptions are messages (29/PUBSUB).

use std::sync::Arc;
use std::time::Duration;

use zmtp::SocketType;

use super::{Receives, Sends, SharesSending, Socket, SocketKind, Stacks, Subscribes, Topical};
use crate::pattern::{FairQueue, Peers, SubscribeOptions, Subscriptions, Upstream};

/// A SUB that subscribes by sending, and can send other messages up to its publishers (29/PUBSUB).
///
/// A sent message of one frame that begins with the byte 1 subscribes to the topic behind it, and one
/// that begins with 0 cancels. All others go to every publisher, and are dropped for a publisher with a
/// full queue. Messages of a publisher are received without a filter.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{XPubSocket, XSubSocket};
///
/// let (mut xpub, mut xsub) = (XPubSocket::new(), XSubSocket::new());
/// xsub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
/// xsub.send("\u{1}topic").await?;
/// assert_eq!(xpub.recv().await?, "\u{1}topic");
/// xpub.send("topic and more").await?;
/// assert_eq!(xsub.recv().await?, "topic and more");
/// # Ok(()) }
/// ```
pub type XSubSocket = Socket<XSub>;

/// The type of a [`XSubSocket`].
#[derive(Debug)]
pub enum XSub {}

impl SocketKind for XSub {
    const TYPE: SocketType = SocketType::XSub;
    const LINGER: Option<Duration> = Some(Duration::ZERO);
    type SendStack = Upstream;
    type ReceiveStack = FairQueue;
    type Options = SubscribeOptions;
    type Control = Arc<Subscriptions>;

    fn compose(peers: &Peers, options: &SubscribeOptions) -> Stacks<Self> {
        let subscriptions = Subscriptions::new(peers, options);
        Stacks {
            send: Upstream::new(peers, subscriptions.clone()),
            receive: FairQueue::new(peers),
            hooks: subscriptions.clone(),
            control: subscriptions,
        }
    }
}

impl Sends for XSub {}
impl SharesSending for XSub {}
impl Receives for XSub {}
impl Subscribes for XSub {}

impl Topical for XSub {
    fn topics_count(subscriptions: &Arc<Subscriptions>) -> usize {
        subscriptions.topics_count()
    }
}
