//! REQ: sends a request, then receives its reply (28/REQREP).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::SocketType;

use super::{
    DealerSocket, Named, Probes, Receiver, Receives, Sender, Sends, Socket, SocketKind, Stacks,
};
use crate::pattern::{
    FairQueue, Peers, ReqRecv, ReqRecvLayer, ReqSend, ReqSendLayer, ReqState, RoundRobin,
};

/// Sends each request to the next peer in turn, and receives its reply (28/REQREP). Requests and
/// replies alternate.
///
/// [`send`](Socket::send) and [`recv`](Socket::recv) must alternate, unless
/// [`relaxed`](crate::SocketBuilder::relaxed) is set. Another order is an error. If the peer
/// disconnects before it has replied, `recv` fails with [`ReplyLost`](crate::RecvError::ReplyLost),
/// and the next request can be sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
/// req.connect(rep.bind("tcp://127.0.0.1:0").await?)?;
/// req.send("Hello").await?;
/// assert_eq!(rep.recv().await?, "Hello");
/// rep.send("World").await?;
/// assert_eq!(req.recv().await?, "World");
/// # Ok(()) }
/// ```
pub type ReqSocket = Socket<Req>;

/// The type of a [`ReqSocket`].
#[derive(Debug)]
pub enum Req {}

/// The options that only a REQ has.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReqOptions {
    /// See [`SocketBuilder::correlate`](crate::SocketBuilder::correlate).
    pub correlate: bool,
    /// See [`SocketBuilder::relaxed`](crate::SocketBuilder::relaxed).
    pub relaxed: bool,
}

impl SocketKind for Req {
    const TYPE: SocketType = SocketType::Req;
    type SendStack = ReqSend<RoundRobin>;
    type ReceiveStack = ReqRecv<FairQueue>;
    type Options = ReqOptions;
    type Control = ();

    fn compose(peers: &Peers, options: &ReqOptions) -> Stacks<Self> {
        let state = Arc::new(ReqState::new(options.relaxed, options.correlate));
        Stacks {
            send: ReqSendLayer(state.clone()).layer(RoundRobin::new(peers)),
            receive: ReqRecvLayer(state.clone()).layer(FairQueue::new(peers)),
            hooks: state,
            control: (),
        }
    }
}

impl Sends for Req {}
impl Receives for Req {}
impl Named for Req {}
impl Probes for Req {}

/// Turns the socket into a DEALER with the same connections. Any number of requests can be under
/// way.
///
/// Peers still see a REQ. From now on the caller adds the empty frame in front of each request. A
/// reply to an earlier request is received like any other message.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DealerSocket, Message, RepSocket, ReqSocket};
///
/// let (req, mut rep) = (ReqSocket::new(), RepSocket::new());
/// req.connect(rep.bind("tcp://127.0.0.1:0").await?)?;
/// let mut dealer = DealerSocket::from(req);
/// for number in ["1", "2"] {
///     dealer.send(Message::multipart([number, "", "question"])).await?;
/// }
/// assert_eq!(rep.recv().await?, "question");
/// rep.send("answer").await?;
/// assert_eq!(dealer.recv().await?, Message::multipart(["1", "", "answer"]));
/// # Ok(()) }
/// ```
impl From<ReqSocket> for DealerSocket {
    fn from(Socket { sender, receiver }: ReqSocket) -> Self {
        let (ask, handle) = (sender.half.stack(), receiver.handle().clone());
        let sender = Sender::new(ask.get_ref().clone(), handle.clone());
        let receiver = Receiver::new(receiver.stack.into_inner(), (), handle);
        Self { sender, receiver }
    }
}
