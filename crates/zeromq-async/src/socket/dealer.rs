//! DEALER: asynchronous requests to any peer (28/REQREP).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Compose, Composition, Receives, Sends, SharesSending, Socket, SocketKind};
use crate::options::SocketOptions;
use crate::pattern::{FairQueue, RoundRobin};
use crate::peer::PeerSet;

/// Sends to its peers in turn and receives from them fairly (28/REQREP).
///
/// It is REQ without the lock-step: any number of requests can be under way. Towards a REP, put an
/// empty frame in front of each request; replies come with one.
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

impl Compose for Dealer {
    const TYPE: SocketType = SocketType::Dealer;
    type Outgoing = RoundRobin;
    type Incoming = FairQueue;
    type Control = ();

    fn compose(peers: &Arc<PeerSet>, _options: &SocketOptions) -> Composition<Self> {
        Composition {
            pattern: Arc::new(()),
            outgoing: RoundRobin::new(peers.clone()),
            incoming: FairQueue::new(peers),
            control: (),
        }
    }
}

impl SocketKind for Dealer {}
impl Sends for Dealer {}
impl SharesSending for Dealer {}
impl Receives for Dealer {}
