//! GATHER: work from every SCATTER in turn (49/SCATTER-GATHER).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::SocketType;

use super::{FrameKind, Receives, SharedSocket, SocketKind, Stacks};
use crate::pattern::{FairQueue, OneFrame, OneFrameLayer, Peers};

/// Receives from each connected SCATTER in turn (49/SCATTER-GATHER).
///
/// It is PULL with messages of one frame, for any number of tasks: each message is received by one of
/// them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{GatherSocket, ScatterSocket};
///
/// let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
/// scatter.connect(gather.bind("tcp://127.0.0.1:0").await?)?;
/// let workers = [gather.clone(), gather].map(|gather| {
///     tokio::spawn(async move { gather.recv().await })
/// });
/// for job in ["one", "two"] {
///     scatter.send(job).await?;
/// }
/// for worker in workers {
///     worker.await??;
/// }
/// # Ok(()) }
/// ```
pub type GatherSocket = SharedSocket<Gather>;

/// The type of a [`GatherSocket`].
#[derive(Debug)]
pub enum Gather {}

impl SocketKind for Gather {
    const TYPE: SocketType = SocketType::Gather;
    const ONE_FRAME: bool = true;
    type SendStack = ();
    type ReceiveStack = OneFrame<FairQueue>;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let receive = OneFrameLayer.layer(FairQueue::new(peers));
        Stacks { send: (), receive, hooks: Arc::new(()), control: () }
    }
}

impl FrameKind for Gather {
    type To = ();
    type From = ();
}

impl Receives for Gather {}
