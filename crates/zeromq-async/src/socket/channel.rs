//! CHANNEL: one peer and no other, from any number of tasks (52/CHANNEL).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::SocketType;

use super::{FrameKind, Receives, Sends, SharedSocket, SharesSending, SocketKind, Stacks};
use crate::pattern::{Exclusive, FairQueue, Occupancy, OneFrame, OneFrameLayer, Peers};

/// Exchanges messages with exactly one other CHANNEL (52/CHANNEL).
///
/// It is PAIR with messages of one frame, for any number of tasks. While there is no peer, or its queue
/// is full, sending waits. A second peer is rejected, with an event that says why, until the first has
/// left.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::ChannelSocket;
///
/// let (one, other) = (ChannelSocket::new(), ChannelSocket::new());
/// one.bind("inproc://channel-example").await?;
/// other.connect("inproc://channel-example")?;
/// one.send("ping").await?;
/// assert_eq!(other.recv().await?, "ping");
/// other.send("pong").await?;
/// assert_eq!(one.recv().await?, "pong");
/// # Ok(()) }
/// ```
pub type ChannelSocket = SharedSocket<Channel>;

/// The type of a [`ChannelSocket`].
#[derive(Debug)]
pub enum Channel {}

impl SocketKind for Channel {
    const TYPE: SocketType = SocketType::Channel;
    const ONE_FRAME: bool = true;
    type SendStack = Exclusive;
    type ReceiveStack = OneFrame<FairQueue>;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks {
            send: Exclusive::new(peers),
            receive: OneFrameLayer.layer(FairQueue::new(peers)),
            hooks: Arc::new(Occupancy::default()),
            control: (),
        }
    }
}

impl FrameKind for Channel {
    type To = ();
    type From = ();
}

impl Sends for Channel {}
impl SharesSending for Channel {}
impl Receives for Channel {}
