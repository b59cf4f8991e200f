//! XSUB: a SUB that subscribes by sending messages (29/PUBSUB).

use std::sync::Arc;
use std::time::Duration;

use zmtp::SocketType;

use super::{Receives, Sends, SharesSending, Socket, SocketKind, Stacks, Subscribes, Topical};
use crate::pattern::{FairQueue, Peers, SubscribeOptions, Subscriptions, Upstream};

/// A SUB that subscribes by sending messages, and can send other messages to its publishers
/// (29/PUBSUB).
///
/// To subscribe, send a message of one frame: the byte 1 and the topic. The byte 0 cancels. All
/// other messages go to every publisher, except to those with a full queue. The messages of
/// publishers are not filtered.
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
