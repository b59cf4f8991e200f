//! PULL: receives from every peer in turn (30/PIPELINE).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Conflates, Receives, Socket, SocketKind, Stacks};
use crate::pattern::{FairQueue, Peers};

/// Receives from each connected PUSH in turn (30/PIPELINE).
///
/// A peer is read until the number of its unread messages reaches the receive high-water mark. Then
/// the peer has to wait.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("result").await?;
/// assert_eq!(pull.recv().await?, "result");
/// # Ok(()) }
/// ```
pub type PullSocket = Socket<Pull>;

/// The type of a [`PullSocket`].
#[derive(Debug)]
pub enum Pull {}

impl SocketKind for Pull {
    const TYPE: SocketType = SocketType::Pull;
    type SendStack = ();
    type ReceiveStack = FairQueue;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks { send: (), receive: FairQueue::new(peers), hooks: Arc::new(()), control: () }
    }
}

impl Receives for Pull {}
impl Conflates for Pull {}
