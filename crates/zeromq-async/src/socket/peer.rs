//! PEER: messages to the peer they name, among equals (51/P2P).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Frame, SocketType};

use super::{
    FrameKind, Greets, Notifies, NotifiesDisconnect, NotifiesHiccup, Receives, Sends, SharedSocket,
    SharesSending, SocketKind, Stacks,
};
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::ConnectError;
use crate::identity::RouteId;
use crate::pattern::{
    Addressed, ByRouteId, ByRouteIdLayer, FairQueue, OneFrame, OneFrameLayer, Peers, RouteTable,
};

/// Receives from other PEERs fairly, and sends to the one that a [`RouteId`] names (51/P2P).
///
/// It is a SERVER whose peers are its equals: each side can send first. The side that connects learns
/// the id of its peer from [`connect_peer`](SharedSocket::connect_peer), the other side from the first
/// message.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::PeerSocket;
///
/// let (one, other) = (PeerSocket::new(), PeerSocket::new());
/// let to_other = one.connect_peer(other.bind("tcp://127.0.0.1:0").await?)?;
/// one.send_to(to_other, "hello").await?;
/// let (to_one, hello) = other.recv().await?;
/// assert_eq!(hello, "hello");
/// other.send_to(to_one, "welcome").await?;
/// assert_eq!(one.recv().await?, (to_other, "welcome".into()));
/// # Ok(()) }
/// ```
pub type PeerSocket = SharedSocket<PeerKind>;

/// The type of a [`PeerSocket`].
#[derive(Debug)]
pub enum PeerKind {}

impl SocketKind for PeerKind {
    const TYPE: SocketType = SocketType::Peer;
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

impl FrameKind for PeerKind {
    type To = RouteId;
    type From = RouteId;
}

impl Sends for PeerKind {}
impl SharesSending for PeerKind {}
impl Receives for PeerKind {}

impl Notifies for PeerKind {
    type Notice = Frame;
}

impl Greets for PeerKind {}
impl NotifiesDisconnect for PeerKind {}
impl NotifiesHiccup for PeerKind {}

impl SharedSocket<PeerKind> {
    /// Connects as [`connect`](Self::connect) does, and returns the routing id of the peer
    /// (`zmq_connect_peer`).
    ///
    /// Messages can be sent to it from now on, and wait for the connection. The id stays the same when
    /// the connection is lost and made again, until the endpoint is [disconnected](Self::disconnect).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::PeerSocket;
    ///
    /// let (one, other) = (PeerSocket::new(), PeerSocket::new());
    /// let to_other = one.connect_peer("inproc://connect-peer")?;
    /// one.send_to(to_other, "waits").await?;
    /// other.bind("inproc://connect-peer").await?;
    /// assert_eq!(other.recv().await?.1, "waits");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), and [`Immediate`](crate::ConnectErrorKind::Immediate) where the socket is
    /// built with [`immediate`](crate::SocketBuilder::immediate).
    pub fn connect_peer(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<RouteId, ConnectError> {
        let pipe = self.handle().connect_peer(endpoint.try_into().map_err(Into::into)?)?;
        let id = RouteId::from_label(&pipe.routing_id());
        Ok(id.expect("a RouteTable gives each peer an id when it joins"))
    }
}
