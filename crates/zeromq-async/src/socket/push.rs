//! PUSH: sends to the next peer that has room (30/PIPELINE).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Conflates, Sends, SharesSending, Socket, SocketKind, Stacks};
use crate::pattern::{Peers, RoundRobin};

/// Sends each message to the next connected PULL that has room (30/PIPELINE).
///
/// While there is no peer, or every peer's queue is full, `send` waits: nothing is dropped. If this
/// socket made the connection and it is lost, queued messages wait for the next one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
/// pull.connect(push.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("job").await?;
/// assert_eq!(pull.recv().await?, "job");
/// # Ok(()) }
/// ```
pub type PushSocket = Socket<Push>;

/// The type of a [`PushSocket`].
#[derive(Debug)]
pub enum Push {}

impl SocketKind for Push {
    const TYPE: SocketType = SocketType::Push;
    type SendStack = RoundRobin;
    type ReceiveStack = ();
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks { send: RoundRobin::new(peers), receive: (), hooks: Arc::new(()), control: () }
    }
}

impl Sends for Push {}
impl SharesSending for Push {}
impl Conflates for Push {}
