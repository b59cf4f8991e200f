//! CLIENT: requests to any SERVER, from any number of tasks (41/CLISRV).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Frame, SocketType};

use super::{
    FrameKind, Greets, Notifies, NotifiesHiccup, Receives, Sends, SharedSocket, SharesSending,
    SocketKind, Stacks,
};
use crate::pattern::{FairQueue, OneFrame, OneFrameLayer, Peers, RoundRobin};

/// Sends to its SERVERs in turn and receives from them fairly (41/CLISRV).
///
/// Messages have one frame. With no SERVER, or while every SERVER's queue is full, sending waits. Any
/// number of requests can be under way, and any task can send and receive through its own clone.
/// Replies say nothing of the request that they answer: put an id into both where several requests are
/// under way.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{ClientSocket, ServerSocket};
///
/// let (client, server) = (ClientSocket::new(), ServerSocket::new());
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// let asking = client.clone();
/// tokio::spawn(async move { asking.send("question").await });
/// let (from, question) = server.recv().await?;
/// assert_eq!(question, "question");
/// server.send_to(from, "answer").await?;
/// assert_eq!(client.recv().await?, "answer");
/// # Ok(()) }
/// ```
pub type ClientSocket = SharedSocket<Client>;

/// The type of a [`ClientSocket`].
#[derive(Debug)]
pub enum Client {}

impl SocketKind for Client {
    const TYPE: SocketType = SocketType::Client;
    const ONE_FRAME: bool = true;
    type SendStack = RoundRobin;
    type ReceiveStack = OneFrame<FairQueue>;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks {
            send: RoundRobin::new(peers),
            receive: OneFrameLayer.layer(FairQueue::new(peers)),
            hooks: Arc::new(()),
            control: (),
        }
    }
}

impl FrameKind for Client {
    type To = ();
    type From = ();
}

impl Sends for Client {}
impl SharesSending for Client {}
impl Receives for Client {}

impl Notifies for Client {
    type Notice = Frame;
}

impl Greets for Client {}
impl NotifiesHiccup for Client {}
