//! ROUTER: addresses peers by routing id (28/REQREP).

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Message, RoutingId, SocketType};

use super::{
    Greets, Named, Notifies, NotifiesDisconnect, Probes, Receives, Sender, Sends, SharesSending,
    Socket, SocketKind, Stacks,
};
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::{ConnectError, ConnectErrorKind, SendErrorKind};
use crate::pattern::{
    Addressed, FairQueue, Peers, PrependRoutingId, PrependRoutingIdLayer, Routes,
};

/// Receives from its peers fairly, and sends each message to the peer that its first frame names
/// (28/REQREP).
///
/// The first frame of a received message is the routing id of its sender. The first frame of a
/// message to send is the routing id of its receiver. A peer that announces no routing id gets one
/// of five bytes, the first of them 0.
///
/// If no peer has the routing id, or its queue is full, the message is dropped, unless
/// [`mandatory`](crate::SocketBuilder::mandatory) is set. A second peer with the same routing id is
/// rejected, and an event says why, unless [`handover`](crate::SocketBuilder::handover) is set.
///
/// Any number of tasks can reply, each with its own [sender](Socket::sender). The messages of one
/// sender to one peer keep their order.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DealerSocket, Message, RouterSocket};
///
/// let mut router = RouterSocket::new();
/// let mut dealer = DealerSocket::builder().routing_id("worker-7")?.build();
/// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
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

/// The options that only a ROUTER has.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouterOptions {
    /// See [`SocketBuilder::mandatory`](crate::SocketBuilder::mandatory).
    pub mandatory: bool,
    /// See [`SocketBuilder::handover`](crate::SocketBuilder::handover).
    pub handover: bool,
}

impl SocketKind for Router {
    const TYPE: SocketType = SocketType::Router;
    type SendStack = Addressed;
    type ReceiveStack = PrependRoutingId<FairQueue>;
    type Options = RouterOptions;
    type Control = ();

    fn compose(peers: &Peers, options: &RouterOptions) -> Stacks<Self> {
        let routes = Arc::new(Routes::new(options.handover));
        Stacks {
            send: Addressed::new(peers, routes.clone(), options.mandatory),
            receive: PrependRoutingIdLayer.layer(FairQueue::new(peers)),
            hooks: routes,
            control: (),
        }
    }
}

impl Sends for Router {}
impl SharesSending for Router {}
impl Receives for Router {}

impl Notifies for Router {
    type Notice = Message;
}

impl Greets for Router {}
impl NotifiesDisconnect for Router {}
impl Named for Router {}
impl Probes for Router {}

impl Socket<Router> {
    /// Connects to a peer and gives it a routing id, whatever id the peer announces
    /// (`ZMQ_CONNECT_ROUTING_ID`).
    ///
    /// Otherwise the same as [`connect`](Self::connect). Messages can be sent to the routing id at
    /// once, before the handshake. libzmq has an option for the next connection instead.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, Message, RouterSocket};
    ///
    /// let mut worker = DealerSocket::new();
    /// let mut router = RouterSocket::builder().mandatory(true).build();
    /// router.connect_named(worker.bind("tcp://127.0.0.1:0").await?, "worker")?;
    /// router.send(Message::multipart(["worker", "job"])).await?; // before it is connected
    /// assert_eq!(worker.recv().await?, "job");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect). Also if another peer has this routing id, which aborts
    /// a program with libzmq, or if the routing id is invalid: it must have 1 to 255 bytes, and the
    /// first must not be 0.
    pub fn connect_named(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
        routing_id: impl AsRef<[u8]>,
    ) -> Result<(), ConnectError> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        match RoutingId::try_from(routing_id.as_ref()) {
            Ok(routing_id) => self.handle().connect_named(endpoint, routing_id),
            Err(error) => {
                Err(ConnectError::new(&endpoint, ConnectErrorKind::InvalidRoutingId(error)))
            }
        }
    }
    /// Whether a message for this routing id would be queued now (`zmq_socket_get_peer_state`).
    ///
    /// The peer may leave, or another sender may fill its queue, before a message is sent. With
    /// [`mandatory`](crate::SocketBuilder::mandatory), sending reports the same errors.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, RouterSocket, SendErrorKind};
    ///
    /// let router = RouterSocket::new();
    /// let dealer = DealerSocket::builder().routing_id("worker-7")?.build();
    /// let unknown = SendErrorKind::Unroutable("worker-7".into());
    /// assert_eq!(router.can_send_to("worker-7"), Err(unknown));
    /// dealer.connect(router.bind("inproc://can-send-to").await?)?;
    /// assert_eq!(router.can_send_to("worker-7"), Ok(()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unroutable`](SendErrorKind::Unroutable) if no peer has this routing id,
    /// [`Full`](SendErrorKind::Full) if its queue has no room, and
    /// [`Closed`](SendErrorKind::Closed) if the socket is closed.
    pub fn can_send_to(&self, routing_id: impl AsRef<[u8]>) -> Result<(), SendErrorKind> {
        self.sender.can_send_to(routing_id)
    }
}

impl Sender<Router> {
    /// See [`Socket::can_send_to`].
    ///
    /// # Errors
    ///
    /// Those of [`Socket::can_send_to`](crate::Socket::can_send_to).
    pub fn can_send_to(&self, routing_id: impl AsRef<[u8]>) -> Result<(), SendErrorKind> {
        self.half.stack().check_route(routing_id.as_ref())
    }
}
