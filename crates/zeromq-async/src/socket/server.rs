//! SERVER: replies to the CLIENT that asked, from any number of tasks (41/CLISRV).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Frame, SocketType};

use super::{
    FrameKind, Greets, Notifies, NotifiesDisconnect, Receives, Sends, SharedSocket, SharesSending,
    SocketKind, Stacks,
};
use crate::error::DetachError;
use crate::identity::RouteId;
use crate::pattern::{
    Addressed, ByRouteId, ByRouteIdLayer, FairQueue, OneFrame, OneFrameLayer, Peers, RouteTable,
};

/// Receives from its CLIENTs fairly, and sends to the one that a [`RouteId`] names (41/CLISRV).
///
/// Messages have one frame. Any task can receive a request, and any task can reply to it, at any time
/// and any number of times, until the client has left: then sending is an error. While the queue of a
/// client is full, sending to it waits, and sending to others does not.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{ClientSocket, ServerSocket};
///
/// let (client, server) = (ClientSocket::new(), ServerSocket::new());
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("count to two").await?;
/// let (from, _request) = server.recv().await?;
/// server.send_to(from, "one").await?;
/// server.send_to(from, "two").await?;
/// assert_eq!(client.recv().await?, "one");
/// assert_eq!(client.recv().await?, "two");
/// # Ok(()) }
/// ```
pub type ServerSocket = SharedSocket<Server>;

/// The type of a [`ServerSocket`].
#[derive(Debug)]
pub enum Server {}

impl SocketKind for Server {
    const TYPE: SocketType = SocketType::Server;
    const ONE_FRAME: bool = true;
    type SendStack = ByRouteId<Addressed>;
    type ReceiveStack = OneFrame<FairQueue>;
    type Options = ();
    type Control = Arc<RouteTable>;

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let table = Arc::new(RouteTable::default());
        Stacks {
            send: ByRouteIdLayer(table.clone()).layer(Addressed::new(peers, Arc::default(), true)),
            receive: OneFrameLayer.layer(FairQueue::new(peers)),
            hooks: table.clone(),
            control: table,
        }
    }
}

impl FrameKind for Server {
    type To = RouteId;
    type From = RouteId;
}

impl Sends for Server {}
impl SharesSending for Server {}
impl Receives for Server {}

impl Notifies for Server {
    type Notice = Frame;
}

impl Greets for Server {}
impl NotifiesDisconnect for Server {}

impl<P: FrameKind + SocketKind<Control = Arc<RouteTable>>> SharedSocket<P> {
    /// Ends the connection to the peer with this routing id (`zmq_disconnect_peer`); see
    /// [`SocketHandle::disconnect_peer`](crate::SocketHandle::disconnect_peer).
    ///
    /// Messages queued for it are written first, within the linger time. From now on no peer has this id.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{ClientSocket, ServerSocket};
    ///
    /// let (client, server) = (ClientSocket::new(), ServerSocket::new());
    /// client.connect(server.bind("inproc://server-disconnect-peer").await?)?;
    /// client.send("hello").await?;
    /// let (from, _) = server.recv().await?;
    /// server.disconnect_peer(from)?;
    /// assert!(server.send_to(from, "too late").await.is_err());
    /// assert!(server.disconnect_peer(from).is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoRoute`](DetachError::NoRoute): no peer has this routing id.
    pub fn disconnect_peer(&self, id: RouteId) -> Result<(), DetachError> {
        let no_route = DetachError::NoRoute(id);
        let peer = self.control().find(id).filter(|peer| !peer.is_closing());
        let peer = peer.ok_or_else(|| no_route.clone())?;
        self.handle().disconnect_peer(peer.id()).map_err(|_| no_route)
    }
}
