//! STREAM: bytes to and from peers that do not speak ZMTP.

use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Frame, RoutingId, SocketType};

use super::{Receives, Sends, SharesSending, Socket, SocketKind, Stacks};
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::pattern::{
    Addressed, FairQueue, HangUp, HangUpLayer, Peers, PrependRoutingId, PrependRoutingIdLayer,
    Routes,
};

/// Sends and receives plain bytes, with any program at the other end.
///
/// A received message has two frames: the routing id of the peer, five bytes that this socket chose, and
/// a chunk of up to 8 KiB. A chunk is what one read gave; the bytes of a peer stay in order, and their
/// borders mean nothing. A message to be sent has the routing id of its peer and the bytes, in one or
/// more frames. An empty chunk has a meaning:
///
/// - received, that the peer has connected, or that the connection to it is lost, after all its bytes
///   ([`notify`](crate::SocketBuilder::notify));
/// - sent, that the connection is to end, after all bytes queued before. No more is received from this
///   peer, not even a notice.
///
/// A message for an unknown peer is the error [`Unroutable`](crate::SendErrorKind::Unroutable), and a
/// message for a peer with a full queue waits. The end of one direction is the end of the connection: a
/// peer that half-closes gets no answer.
///
/// It binds and connects to endpoints of tcp, ipc and custom transports. A connection that is lost is
/// made again, with the same routing id. Of the queue, only the message that was partly written is
/// dropped. There is neither security nor a heartbeat, but an authenticator for NULL is asked about each
/// peer. With a security mechanism, no connection succeeds.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::TcpStream;
/// use zeromq_async::{Endpoint, Message, StreamSocket};
///
/// let mut stream = StreamSocket::new();
/// let Endpoint::Tcp(tcp) = stream.bind("tcp://127.0.0.1:0").await? else { panic!() };
/// let mut client = TcpStream::connect(tcp.address().to_string()).await?;
/// let connected = stream.recv().await?;
/// let peer = connected.frames()[0].clone();
/// assert_eq!(connected, Message::multipart([peer.clone(), "".into()]));
///
/// client.write_all(b"ping").await?;
/// assert_eq!(stream.recv().await?, Message::multipart([peer.clone(), "ping".into()]));
/// stream.send(Message::multipart([peer.clone(), "pong".into()])).await?;
/// stream.send(Message::multipart([peer, "".into()])).await?; // ends the connection
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "pong");
/// # Ok(()) }
/// ```
pub type StreamSocket = Socket<Stream>;

/// The type of a [`StreamSocket`].
#[derive(Debug)]
pub enum Stream {}

impl SocketKind for Stream {
    const TYPE: SocketType = SocketType::Stream;
    type SendStack = HangUp<Addressed>;
    type ReceiveStack = PrependRoutingId<FairQueue>;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let routes = Arc::new(Routes::new(false).with_early_names());
        let addressed = Addressed::new(peers, routes.clone(), true);
        Stacks {
            send: HangUpLayer(routes.clone()).layer(addressed),
            receive: PrependRoutingIdLayer.layer(FairQueue::new(peers)),
            hooks: routes,
            control: (),
        }
    }
}

impl Sends for Stream {}
impl SharesSending for Stream {}
impl Receives for Stream {}

impl Socket<Stream> {
    /// Connects as [`connect`](Self::connect) does, and returns the routing id of the peer (libzmq's
    /// `ZMQ_ROUTING_ID` after `zmq_connect`).
    ///
    /// Messages can be sent to it from now on, and wait for the connection. The id stays the same when
    /// the connection is lost and made again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use tokio::net::TcpListener;
    /// use zeromq_async::{Message, StreamSocket};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut stream = StreamSocket::builder().notify(false).build();
    /// let server = stream.connect_peer(format!("tcp://{}", listener.local_addr()?))?;
    /// stream.send(Message::multipart([server.clone(), "hello".into()])).await?;
    ///
    /// let (mut connection, _) = listener.accept().await?;
    /// let mut hello = [0; 5];
    /// connection.read_exact(&mut hello).await?;
    /// connection.write_all(b"welcome").await?;
    /// assert_eq!(stream.recv().await?, Message::multipart([server, "welcome".into()]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), and [`Immediate`](ConnectErrorKind::Immediate) where the
    /// socket is built with [`immediate`](crate::SocketBuilder::immediate).
    pub fn connect_peer(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Frame, ConnectError> {
        let pipe = self.handle().connect_peer(endpoint.try_into().map_err(Into::into)?)?;
        Ok(pipe.routing_id())
    }

    /// Connects as [`connect`](Self::connect) does to a peer that is known here by this routing id
    /// (`ZMQ_CONNECT_ROUTING_ID`).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::StreamSocket;
    ///
    /// let stream = StreamSocket::new();
    /// stream.connect_named("tcp://127.0.0.1:9999", "debugger")?;
    /// let taken = stream.connect_named("tcp://127.0.0.1:9999", "debugger").unwrap_err();
    /// assert!(taken.to_string().contains("debugger"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), and where a peer has this routing id already (which aborts a
    /// program with libzmq) or it is not valid: 1 to 255 bytes, and the first is not 0.
    pub fn connect_named(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
        routing_id: impl AsRef<[u8]>,
    ) -> Result<(), ConnectError> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        match RoutingId::try_from(routing_id.as_ref()) {
            Ok(routing_id) => self.handle().connect_named(endpoint, routing_id),
            Err(invalid) => {
                Err(ConnectError::new(&endpoint, ConnectErrorKind::InvalidRoutingId(invalid)))
            }
        }
    }
}
