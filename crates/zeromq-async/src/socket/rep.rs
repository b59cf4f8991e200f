//! REP: receives a request, then sends its reply (28/REQREP).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::SocketType;

use super::{Named, Receiver, Receives, Sends, Socket, SocketKind, Stacks};
use crate::pattern::{
    Addressed, FairQueue, Peers, RepRecv, RepRecvLayer, RepSend, RepSendLayer, RepState,
};

/// Receives requests from its peers in turn, and sends each reply to the peer that asked
/// (28/REQREP). Requests and replies alternate.
///
/// A reply is dropped if the peer has left or does not read its replies.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{RecvError, RepSocket, ReqSocket, SendErrorKind};
///
/// let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
/// req.connect(rep.bind("tcp://127.0.0.1:0").await?)?;
///
/// let error = rep.send("too early").await.unwrap_err();
/// assert_eq!(*error.kind(), SendErrorKind::OutOfTurn);
/// req.send("2 + 2?").await?;
/// assert_eq!(rep.recv().await?, "2 + 2?");
/// assert_eq!(rep.recv().await, Err(RecvError::OutOfTurn));
/// rep.send("4").await?;
/// assert_eq!(req.recv().await?, "4");
/// # Ok(()) }
/// ```
pub type RepSocket = Socket<Rep>;

/// The type of a [`RepSocket`].
#[derive(Debug)]
pub enum Rep {}

impl SocketKind for Rep {
    const TYPE: SocketType = SocketType::Rep;
    type SendStack = RepSend<Addressed>;
    type ReceiveStack = RepRecv<FairQueue>;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let state = Arc::new(RepState::default());
        let addressed = Addressed::new(peers, Arc::default(), false);
        Stacks {
            send: RepSendLayer(state.clone()).layer(addressed),
            receive: RepRecvLayer(state).layer(FairQueue::new(peers)),
            hooks: Arc::new(()),
            control: (),
        }
    }
}

impl Sends for Rep {}
impl Receives for Rep {}
impl Named for Rep {}

impl Receiver<Rep> {
    /// Gives up the reply to the last request, so that the next request can be received. Returns
    /// `false` if there is no request without a reply.
    ///
    /// The peer is not told: a REQ waits until its own deadline.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{RepSocket, ReqSocket};
    ///
    /// let rep = RepSocket::new();
    /// let mut req = ReqSocket::builder().relaxed(true).build();
    /// req.connect(rep.bind("tcp://127.0.0.1:0").await?)?;
    /// let (_sender, mut receiver) = rep.split();
    /// for question in ["one", "two"] {
    ///     req.send(question).await?;
    ///     assert_eq!(receiver.recv().await?, question);
    ///     assert!(receiver.discard());
    /// }
    /// assert!(!receiver.discard());
    /// # Ok(()) }
    /// ```
    pub fn discard(&mut self) -> bool {
        self.stack.discard()
    }
}
