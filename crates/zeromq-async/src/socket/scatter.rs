//! SCATTER: work to the next GATHER that has room (49/SCATTER-GATHER).

use std::sync::Arc;

use zmtp::SocketType;

use super::{FrameKind, Sends, SharedSocket, SharesSending, SocketKind, Stacks};
use crate::pattern::{Peers, RoundRobin};

/// Sends each message to the next connected GATHER that has room (49/SCATTER-GATHER).
///
/// It is PUSH with messages of one frame, for any number of tasks. With no peer, or while every peer's
/// queue is full, sending waits: nothing is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{GatherSocket, ScatterSocket};
///
/// let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
/// gather.connect(scatter.bind("tcp://127.0.0.1:0").await?)?;
/// let producer = scatter.clone();
/// tokio::spawn(async move { producer.send("job").await });
/// assert_eq!(gather.recv().await?, "job");
/// # Ok(()) }
/// ```
pub type ScatterSocket = SharedSocket<Scatter>;

/// The type of a [`ScatterSocket`].
#[derive(Debug)]
pub enum Scatter {}

impl SocketKind for Scatter {
    const TYPE: SocketType = SocketType::Scatter;
    const ONE_FRAME: bool = true;
    type SendStack = RoundRobin;
    type ReceiveStack = ();
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks { send: RoundRobin::new(peers), receive: (), hooks: Arc::new(()), control: () }
    }
}

impl FrameKind for Scatter {
    type To = ();
    type From = ();
}

impl Sends for Scatter {}
impl SharesSending for Scatter {}
