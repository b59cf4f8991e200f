//! A socket with a type that is chosen at run time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use zmtp::{Group, GroupError, Message, SocketType};

/// Runs the same code for a value of any socket type.
macro_rules! each {
    ($value:expr, $inner:pat => $code:expr) => {
        match $value {
            Self::Channel($inner) => $code,
            Self::Client($inner) => $code,
            Self::Dealer($inner) => $code,
            Self::Dgram($inner) => $code,
            Self::Dish($inner) => $code,
            Self::Gather($inner) => $code,
            Self::Pair($inner) => $code,
            Self::Peer($inner) => $code,
            Self::Pub($inner) => $code,
            Self::Pull($inner) => $code,
            Self::Push($inner) => $code,
            Self::Radio($inner) => $code,
            Self::Rep($inner) => $code,
            Self::Req($inner) => $code,
            Self::Router($inner) => $code,
            Self::Scatter($inner) => $code,
            Self::Server($inner) => $code,
            Self::Stream($inner) => $code,
            Self::Sub($inner) => $code,
            Self::XPub($inner) => $code,
            Self::XSub($inner) => $code,
        }
    };
}

/// Runs the same code for the types that have a method. The others are an error.
macro_rules! only {
    ([$($Type:ident),*] $method:expr, $value:expr, $inner:pat => $code:expr) => {
        match $value {
            $(Self::$Type($inner) => Ok($code),)*
            other => Err(Unsupported::Method {
                socket_type: other.kind(),
                method: $method,
                supporting: &[$(SocketType::$Type),*],
            }),
        }
    };
}

mod builder;
mod halves;
pub(super) mod messages;
mod mismatch;

pub use builder::AnySocketBuilder;
pub use halves::{AnyReceiver, AnySender};
pub use mismatch::TypeMismatch;

use super::{
    ChannelSocket, ClientSocket, DealerSocket, DgramSocket, DishSocket, GatherSocket, PairSocket,
    PeerSocket, PubSocket, PullSocket, PushSocket, RadioSocket, RepSocket, ReqSocket, RouterSocket,
    ScatterSocket, ServerSocket, SocketHandle, StreamSocket, SubSocket, XPubSocket, XSubSocket,
};
use crate::context;
use crate::endpoint::{Endpoint, EndpointError};
use crate::engine::CloseReport;
use crate::error::{
    BindError, ConnectError, DetachError, MembershipError, RecvError, SendError, Unsupported,
};
use crate::event::Events;
use crate::identity::Peer;
use crate::stats::SocketStats;
use messages::{Messages, ReceiveMessages, SendMessages, item};

/// A socket with a type that is chosen at run time.
///
/// It is for tools, bridges and bindings, which learn the type from a user or a file. Other programs
/// use the typed sockets: what a type cannot do does not compile there, and is an error here.
///
/// Messages are [`Message`]s for every type. The types of one-frame messages have the address of a
/// message as its first frame:
///
/// | type | frames |
/// |---|---|
/// | CLIENT, CHANNEL, SCATTER, GATHER | body |
/// | SERVER, PEER | routing id (4 bytes, the most significant first), body |
/// | RADIO, DISH | group, body |
/// | DGRAM | address (text, such as `127.0.0.1:5555`), body |
///
/// A message of another form is not sent, and comes back in the error.
///
/// Each variant is a typed socket, so a `match` reaches the methods that only one type has. `From` and
/// `TryFrom` convert. A socket of any type is a `Stream` and a `Sink`: receiving from a type that only
/// sends gives [`RecvError::DoesNotReceive`], and sending with a type that only receives gives
/// [`SendErrorKind::DoesNotSend`](crate::SendErrorKind::DoesNotSend).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{AnySocket, SocketType};
///
/// let mut server = AnySocket::new("REP".parse()?)?; // from a user, for example
/// let mut client = AnySocket::new(SocketType::Req)?;
/// client.connect(server.bind("tcp://127.0.0.1:*").await?)?;
///
/// client.send("Hello").await?;
/// assert_eq!(server.recv().await?, "Hello");
/// server.send("World").await?;
/// assert_eq!(client.recv().await?, "World");
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AnySocket {
    /// A CHANNEL.
    Channel(ChannelSocket),
    /// A CLIENT.
    Client(ClientSocket),
    /// A DEALER.
    Dealer(DealerSocket),
    /// A DGRAM.
    Dgram(DgramSocket),
    /// A DISH.
    Dish(DishSocket),
    /// A GATHER.
    Gather(GatherSocket),
    /// A PAIR.
    Pair(PairSocket),
    /// A PEER.
    Peer(PeerSocket),
    /// A PUB.
    Pub(PubSocket),
    /// A PULL.
    Pull(PullSocket),
    /// A PUSH.
    Push(PushSocket),
    /// A RADIO.
    Radio(RadioSocket),
    /// A REP.
    Rep(RepSocket),
    /// A REQ.
    Req(ReqSocket),
    /// A ROUTER.
    Router(RouterSocket),
    /// A SCATTER.
    Scatter(ScatterSocket),
    /// A SERVER.
    Server(ServerSocket),
    /// A STREAM.
    Stream(StreamSocket),
    /// A SUB.
    Sub(SubSocket),
    /// An XPUB.
    XPub(XPubSocket),
    /// An XSUB.
    XSub(XSubSocket),
}

/// Names the type of a socket, and converts each typed socket into an [`AnySocket`] and back.
macro_rules! types {
    ($($Type:ident($Socket:ident)),* $(,)?) => {
        impl AnySocket {
            /// The type of this socket.
            pub fn kind(&self) -> SocketType {
                match self {
                    $(Self::$Type(_) => SocketType::$Type,)*
                }
            }
        }

        $(
        impl From<$Socket> for AnySocket {
            fn from(socket: $Socket) -> Self {
                Self::$Type(socket)
            }
        }

        impl TryFrom<AnySocket> for $Socket {
            type Error = TypeMismatch;

            fn try_from(socket: AnySocket) -> Result<Self, TypeMismatch> {
                match socket {
                    AnySocket::$Type(socket) => Ok(socket),
                    socket => Err(TypeMismatch::new(socket, SocketType::$Type)),
                }
            }
        }
        )*
    };
}

types! {
    Channel(ChannelSocket),
    Client(ClientSocket),
    Dealer(DealerSocket),
    Dgram(DgramSocket),
    Dish(DishSocket),
    Gather(GatherSocket),
    Pair(PairSocket),
    Peer(PeerSocket),
    Pub(PubSocket),
    Pull(PullSocket),
    Push(PushSocket),
    Radio(RadioSocket),
    Rep(RepSocket),
    Req(ReqSocket),
    Router(RouterSocket),
    Scatter(ScatterSocket),
    Server(ServerSocket),
    Stream(StreamSocket),
    Sub(SubSocket),
    XPub(XPubSocket),
    XSub(XSubSocket),
}

impl AnySocket {
    /// Makes a socket with default options in the shared [`Context`](crate::Context).
    ///
    /// # Errors
    ///
    /// This version of the library has no sockets of this type.
    pub fn new(socket_type: SocketType) -> Result<Self, Unsupported> {
        Ok(Self::builder(socket_type)?.build())
    }

    /// Begins a socket with options.
    ///
    /// # Errors
    ///
    /// This version of the library has no sockets of this type.
    pub fn builder(socket_type: SocketType) -> Result<AnySocketBuilder, Unsupported> {
        Self::builder_in(context::Context::shared(), socket_type)
    }

    /// Begins a socket of a context, with the context's defaults.
    ///
    /// # Errors
    ///
    /// This version of the library has no sockets of this type.
    pub fn builder_in(
        context: &context::Context,
        socket_type: SocketType,
    ) -> Result<AnySocketBuilder, Unsupported> {
        AnySocketBuilder::new(context, socket_type)
    }

    /// The handle that binds, connects and closes this socket from another task, or after
    /// [`split`](Self::split).
    pub fn handle(&self) -> &SocketHandle {
        each!(self, socket => socket.handle())
    }

    /// Binds to an endpoint and accepts peers there; see [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, nothing is bound.
    pub async fn bind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Endpoint, BindError> {
        self.handle().bind(endpoint).await
    }

    /// Connects to an endpoint in the background; see [`Socket::connect`](crate::Socket::connect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect).
    pub fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.handle().connect(endpoint)
    }

    /// Stops accepting at a bound endpoint, and ends its connections; see
    /// [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::unbind`](crate::Socket::unbind).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::unbind`](crate::Socket::unbind).
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().unbind(endpoint).await
    }

    /// Ends every connection to an endpoint; see [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::disconnect`](crate::Socket::disconnect).
    pub fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().disconnect(endpoint)
    }

    /// The endpoint last bound or connected to.
    pub fn last_endpoint(&self) -> Option<Endpoint> {
        self.handle().last_endpoint()
    }

    /// The events of this socket's connections from now on, as a `Stream`.
    pub fn events(&self) -> Events {
        self.handle().events()
    }

    /// The counts of messages sent, received and dropped so far.
    pub fn stats(&self) -> SocketStats {
        self.handle().stats()
    }

    /// Waits until at least `count` peers are connected; see
    /// [`Socket::wait_for_peers`](crate::Socket::wait_for_peers).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        self.handle().wait_for_peers(count).await;
    }

    /// Closes the socket: writes the queued messages, for the linger time at most, and reports how many
    /// were not written; see [`Socket::close`](crate::Socket::close).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the socket goes on closing in the background, without a report.
    pub async fn close(self) -> CloseReport {
        each!(self, socket => socket.close().await)
    }

    /// Parts the socket into a half that sends and one that receives, for two tasks.
    ///
    /// The socket lives until both are dropped. A type with one direction has both halves too, and the
    /// calls of one of them are errors.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{AnySocket, SocketType};
    ///
    /// let [one, other] = [SocketType::Push, SocketType::Pull].map(AnySocket::new);
    /// let (one, other) = (one?, other?);
    /// one.connect(other.bind("tcp://127.0.0.1:0").await?)?;
    /// let (mut sender, _) = one.split();
    /// let (_, mut receiver) = other.split();
    /// let sending = tokio::spawn(async move { sender.send("hello").await });
    /// assert_eq!(receiver.recv().await?, "hello");
    /// sending.await??;
    /// # Ok(()) }
    /// ```
    pub fn split(self) -> (AnySender, AnyReceiver) {
        let (kind, handle) = (self.kind(), self.handle().clone());
        let (sender, receiver) = each!(self, socket => socket.into_halves());
        (AnySender::new(kind, handle.clone(), sender), AnyReceiver::new(kind, handle, receiver))
    }
}

impl AnySocket {
    /// Sends a message: completes when it is in the queue of a peer; see
    /// [`Socket::send`](crate::Socket::send).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::send`](crate::Socket::send),
    /// [`DoesNotSend`](crate::SendErrorKind::DoesNotSend) for a type that only receives, and for one-frame
    /// types a message of another form. The message comes back in the error.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let mut message = message.into();
        poll_fn(|cx| self.sending().poll_send(cx, &mut message)).await
    }

    /// Sends a message if that takes no waiting; see [`Socket::try_send`](crate::Socket::try_send).
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`Full`](crate::SendErrorKind::Full) where it would have
    /// waited. The message comes back in the error.
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sending().try_send(message.into())
    }

    /// Receives the next message.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::recv`](crate::Socket::recv), and
    /// [`DoesNotReceive`](RecvError::DoesNotReceive) for a type that only sends.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        poll_fn(|cx| self.receiving().poll_recv(cx)).await
    }

    /// Receives the next message and its sender; see [`Socket::recv_from`](crate::Socket::recv_from).
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError> {
        poll_fn(|cx| self.receiving().poll_recv_from(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        self.receiving().try_recv()
    }

    /// Subscribes to every message whose first frame begins with `topic`; see
    /// [`Socket::subscribe`](crate::Socket::subscribe).
    ///
    /// # Errors
    ///
    /// The type has no subscriptions: SUB and XSUB have.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), Unsupported> {
        only!([Sub, XSub] "subscribe", self, socket => socket.subscribe(topic))
    }

    /// Cancels a subscription; see [`Socket::unsubscribe`](crate::Socket::unsubscribe).
    ///
    /// # Errors
    ///
    /// The type has no subscriptions: SUB and XSUB have.
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), Unsupported> {
        only!([Sub, XSub] "unsubscribe", self, socket => socket.unsubscribe(topic))
    }

    /// Joins a group; see [`DishSocket::join`].
    ///
    /// # Errors
    ///
    /// The type is not DISH, or the errors of [`DishSocket::join`].
    pub fn join(
        &self,
        group: impl TryInto<Group, Error: Into<GroupError>>,
    ) -> Result<(), MembershipError> {
        only!([Dish] "join", self, socket => socket.join(group))?
    }

    /// Leaves a group; see [`DishSocket::leave`].
    ///
    /// # Errors
    ///
    /// The type is not DISH, or the errors of [`DishSocket::leave`].
    pub fn leave(
        &self,
        group: impl TryInto<Group, Error: Into<GroupError>>,
    ) -> Result<(), MembershipError> {
        only!([Dish] "leave", self, socket => socket.leave(group))?
    }

    fn sending(&mut self) -> &mut dyn SendMessages {
        each!(self, socket => socket.sending())
    }

    fn receiving(&mut self) -> &mut dyn ReceiveMessages {
        each!(self, socket => socket.receiving())
    }
}

impl Sink<Message> for AnySocket {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sending().poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.sending().start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sending().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sending().poll_close(cx)
    }
}

impl Stream for AnySocket {
    type Item = Result<Message, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiving().poll_recv(cx).map(item)
    }
}
