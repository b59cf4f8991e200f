//! REP: a request taken, then its reply given (28/REQREP).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::SocketType;

use super::{Named, Receiver, Receives, Sends, Socket, SocketKind, Stacks};
use crate::pattern::{
    Addressed, FairQueue, Peers, RepRecv, RepRecvLayer, RepSend, RepSendLayer, RepState,
};

/// Receives a request from each peer in turn and sends the reply to where it came from, in
/// lock-step (28/REQREP).
///
/// A reply to a peer that has gone, or that does not read its replies, is dropped.
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
    /// Leaves the request that was received last without a reply, so that the next can be received;
    /// `false` where there is none, or it has had its reply.
    ///
    /// The requester is not told: a REQ waits until its own deadline.
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
