//! DEALER: asynchronous requests to any peer (28/REQREP).

use std::sync::Arc;

use zmtp::{Message, SocketType};

use super::{
    Conflates, Greets, Named, Notifies, NotifiesHiccup, Probes, Receives, Sends, SharesSending,
    Socket, SocketKind, Stacks,
};
use crate::pattern::{FairQueue, Peers, RoundRobin};

/// Sends to its peers in turn and receives from them fairly (28/REQREP).
///
/// Unlike with REQ, any number of requests can be under way. To talk to a REP, put an empty frame
/// in front of each request. Its replies begin with an empty frame too.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DealerSocket, Message, RepSocket};
///
/// let (mut dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
/// dealer.connect(rep.bind("tcp://127.0.0.1:0").await?)?;
/// dealer.send(Message::multipart(["", "question"])).await?;
/// assert_eq!(rep.recv().await?, "question");
/// rep.send("answer").await?;
/// assert_eq!(dealer.recv().await?, Message::multipart(["", "answer"]));
/// # Ok(()) }
/// ```
pub type DealerSocket = Socket<Dealer>;

/// The type of a [`DealerSocket`].
#[derive(Debug)]
pub enum Dealer {}

impl SocketKind for Dealer {
    const TYPE: SocketType = SocketType::Dealer;
    type SendStack = RoundRobin;
    type ReceiveStack = FairQueue;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks {
            send: RoundRobin::new(peers),
            receive: FairQueue::new(peers),
            hooks: Arc::new(()),
            control: (),
        }
    }
}

impl Sends for Dealer {}
impl SharesSending for Dealer {}
impl Receives for Dealer {}

impl Notifies for Dealer {
    type Notice = Message;
}

impl Greets for Dealer {}
impl NotifiesHiccup for Dealer {}
impl Named for Dealer {}
impl Conflates for Dealer {}
impl Probes for Dealer {}
