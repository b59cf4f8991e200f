//! PAIR: one peer and no other (31/EXPAIR).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Receives, Sends, SharesSending, Socket, SocketKind, Stacks};
use crate::pattern::{Exclusive, FairQueue, Occupancy, Peers};

/// Exchanges messages with one other PAIR (31/EXPAIR).
///
/// While there is no peer, or its queue is full, `send` waits. While there is a peer, a second one
/// is rejected, and an event says why.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::PairSocket;
///
/// let (mut one, mut other) = (PairSocket::new(), PairSocket::new());
/// one.bind("inproc://pair-example").await?;
/// other.connect("inproc://pair-example")?;
/// one.send("ping").await?;
/// assert_eq!(other.recv().await?, "ping");
/// other.send("pong").await?;
/// assert_eq!(one.recv().await?, "pong");
/// # Ok(()) }
/// ```
pub type PairSocket = Socket<Pair>;

/// The type of a [`PairSocket`].
#[derive(Debug)]
pub enum Pair {}

impl SocketKind for Pair {
    const TYPE: SocketType = SocketType::Pair;
    type SendStack = Exclusive;
    type ReceiveStack = FairQueue;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks {
            send: Exclusive::new(peers),
            receive: FairQueue::new(peers),
            hooks: Arc::new(Occupancy::default()),
            control: (),
        }
    }
}

impl Sends for Pair {}
impl SharesSending for Pair {}
impl Receives for Pair {}
