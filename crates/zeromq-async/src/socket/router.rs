//! ROUTER: messages to the peer they name (28/REQREP).

use std::sync::Arc;

use zmtp::SocketType;

use super::{Compose, Composition, Receives, Sends, Socket, SocketKind};
use crate::options::{RouterOptions, SocketOptions};
use crate::pattern::{Addressed, FairQueue, Identified, Probe, Routes};
use crate::peer::PeerSet;

/// Receives from its peers fairly, and sends to the one that a message names (28/REQREP).
///
/// A received message has the routing id of its sender as an additional first frame; a message to
/// be sent has that of its receiver. Peers that announce no routing id are given one: the octet 0
/// and four more.
///
/// A message for nobody, or for a peer whose queue is full, is dropped, unless
/// [`mandatory`](crate::SocketBuilder::mandatory) is set. Of two peers with the same routing id
/// the second is turned away, with an event here that says why, unless
/// [`handover`](crate::SocketBuilder::handover) is set.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DealerSocket, Message, RouterSocket};
///
/// let mut router = RouterSocket::new();
/// let mut dealer = DealerSocket::builder().routing_id("worker-7")?.build();
/// dealer.connect(router.bind("tcp://127.0.0.1:0").await?).await?;
/// dealer.send("hello").await?;
/// assert_eq!(router.recv().await?, Message::multipart(["worker-7", "hello"]));
/// router.send(Message::multipart(["worker-7", "welcome"])).await?;
/// assert_eq!(dealer.recv().await?, "welcome");
/// # Ok(()) }
/// ```
pub type RouterSocket = Socket<Router>;

/// The type of a [`RouterSocket`].
#[derive(Debug)]
pub enum Router {}

impl Compose for Router {
    const TYPE: SocketType = SocketType::Router;
    type Outgoing = Addressed;
    type Incoming = Identified<FairQueue>;
    type Control = ();

    fn compose(peers: &Arc<PeerSet>, options: &SocketOptions) -> Composition<Self> {
        let RouterOptions { mandatory, handover } = options.router;
        let routes = Arc::new(Routes::new(handover));
        Composition {
            outgoing: Addressed::new(peers.clone(), routes.clone(), mandatory),
            pattern: Probe::around(routes, options.probe_router),
            incoming: Identified::new(FairQueue::new(peers)),
            control: (),
        }
    }
}

impl SocketKind for Router {}
impl Sends for Router {}
impl Receives for Router {}
