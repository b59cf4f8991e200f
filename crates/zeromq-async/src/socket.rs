//! Sockets: a stack of layers for sending, one for receiving, or both, over an engine.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use zmtp::{Message, SocketType};

mod builder;
mod dealer;
mod handle;
mod outlet;
mod pair;
mod r#pub;
mod pull;
mod push;
mod receiver;
mod rep;
mod req;
mod router;
mod sender;
mod sub;
mod xpub;
mod xsub;

pub use builder::{Conflates, Named, Probes, Publishes, SocketBuilder, Subscribes};
pub use dealer::{Dealer, DealerSocket};
pub use handle::SocketHandle;
pub use pair::{Pair, PairSocket};
pub use r#pub::{Pub, PubSocket};
pub use pull::{Pull, PullSocket};
pub use push::{Push, PushSocket};
pub use receiver::Receiver;
pub use rep::{Rep, RepSocket};
pub use req::{Req, ReqSocket};
pub use router::{Router, RouterSocket};
pub use sender::Sender;
pub use sub::{Sub, SubSocket};
pub use xpub::{XPub, XPubSocket};
pub use xsub::{XSub, XSubSocket};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::engine::CloseReport;
use crate::error::{BindError, ConnectError, DetachError, EndpointError, RecvError, SendError};
use crate::event::Events;
use crate::identity::Peer;
use crate::options::SocketOptions;
use crate::pattern::{Incoming, Outgoing};
use crate::peer::{Pattern, PeerSet};
use crate::stats::SocketStats;

/// How a socket type is put together; the one thing a new type has to say.
pub(crate) trait Compose: Sized + Send + Sync + 'static {
    const TYPE: SocketType;
    /// The layers that send, outermost first; `()` where the type only receives.
    type Outgoing: Send;
    /// The layers that receive, outermost first; `()` where the type only sends.
    type Incoming: Send;
    /// What else the application can command: a SUB's subscriptions.
    type Control: Clone + Send + Sync;

    /// Where the defaults of this type differ from those of all.
    fn adjust(_options: &mut SocketOptions) {}

    fn compose(peers: &Arc<PeerSet>, options: &SocketOptions) -> Composition<Self>;
}

/// A socket type's parts.
pub(crate) struct Composition<P: Compose> {
    pub(crate) pattern: Arc<dyn Pattern>,
    pub(crate) outgoing: P::Outgoing,
    pub(crate) incoming: P::Incoming,
    pub(crate) control: P::Control,
}

/// A socket type: [`Req`], [`Rep`], [`Dealer`], [`Router`], [`Pub`], [`Sub`], [`XPub`], [`XSub`],
/// [`Push`], [`Pull`] or [`Pair`]. This trait is sealed.
#[expect(private_bounds, reason = "sealed: how a type is composed is not public")]
pub trait SocketKind: Compose {}

/// A socket type that sends. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not send",
    label = "this socket type only receives"
)]
#[expect(private_bounds, reason = "sealed: the layers of a socket are not public")]
pub trait Sends: SocketKind + Compose<Outgoing: Outgoing> {}

/// A socket type that receives. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not receive",
    label = "this socket type only sends"
)]
#[expect(private_bounds, reason = "sealed: the layers of a socket are not public")]
pub trait Receives: SocketKind + Compose<Incoming: Incoming> {}

/// A ZeroMQ socket of type `P`, with any number of bound and connected endpoints.
///
/// Use it by its alias: [`ReqSocket`], [`RepSocket`], [`DealerSocket`], [`RouterSocket`],
/// [`PubSocket`], [`SubSocket`], [`XPubSocket`], [`XSubSocket`], [`PushSocket`], [`PullSocket`],
/// [`PairSocket`]. A socket that receives is a `Stream` of messages, one that sends a `Sink`; to
/// use a socket in the wrong direction does not compile:
///
/// ```compile_fail
/// # async fn f(mut push: zeromq_async::PushSocket) {
/// push.recv().await;
/// # }
/// ```
///
/// # Sending
///
/// [`send`](Self::send) completes when the message is in the queue of a peer, where the socket
/// type's rule puts it. It is written from there at once, by itself; there is nothing to flush.
/// [`flush`](Self::flush) waits until all is handed to the kernel, and [`close`](Self::close)
/// reports what was not. As a `Sink`, `poll_ready` is ready when some eligible peer has room,
/// `start_send` queues the whole message, `poll_flush` is `flush`, and `poll_close` flushes and
/// then takes no more.
///
/// # Dropping
///
/// A dropped socket goes on writing in the background for its linger time, as long as the Tokio
/// runtime lives. A program that ends right after its last `send` calls [`close`](Self::close)
/// first.
#[expect(private_bounds, reason = "sealed by SocketKind")]
pub struct Socket<P: Compose> {
    sender: Sender<P>,
    receiver: Receiver<P>,
}

impl<P: SocketKind> Socket<P> {
    /// Makes a socket with default options in the shared [`Context`](crate::Context).
    ///
    /// ```
    /// let pull = zeromq_async::PullSocket::new();
    /// assert_eq!(pull.last_endpoint(), None); // not bound or connected yet
    /// ```
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins a socket with options.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    ///
    /// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    /// push.connect("inproc://builder-nobody").await?;
    /// push.send("never read").await?;
    /// assert_eq!(push.close().await.unsent, 1); // at once
    /// # Ok(()) }
    /// ```
    pub fn builder() -> SocketBuilder<P> {
        SocketBuilder::new(Context::shared().clone())
    }

    /// Begins a socket of a context, with the context's defaults.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{Context, PullSocket, RecvError};
    ///
    /// let context = Context::new();
    /// let mut pull = PullSocket::builder_in(&context).build();
    /// context.shutdown().await;
    /// assert_eq!(pull.recv().await.unwrap_err(), RecvError::Closed);
    /// # Ok(()) }
    /// ```
    pub fn builder_in(context: &Context) -> SocketBuilder<P> {
        SocketBuilder::new(context.clone())
    }

    /// Binds to an endpoint and accepts peers there from now on.
    ///
    /// Returns the endpoint as bound, with the real port where `*` or `0` asked for a free one. A
    /// socket can bind to several endpoints, of several transports.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rep = zeromq_async::RepSocket::new();
    /// let endpoint = rep.bind("tcp://127.0.0.1:*").await?;
    /// assert!(endpoint.to_string().starts_with("tcp://127.0.0.1:"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The endpoint is malformed, in use, not local or not permitted, or there is no Tokio
    /// runtime: each says which endpoint and what to do.
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

    /// Connects to an endpoint in the background, and again whenever the connection is lost.
    ///
    /// Returns at once, whether or not anybody is there: messages can be sent from now on and wait
    /// in the queue. Connecting again to the same endpoint makes a second connection, except for
    /// SUB, PUB, REQ and DEALER, where it does nothing, as in libzmq. [`wait_for_peers`](Self::wait_for_peers) waits for the connection and
    /// [`events`](Self::events) tells how the attempts fare.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect("inproc://connect-first").await?;
    /// push.send("waits").await?;
    /// pull.bind("inproc://connect-first").await?;
    /// assert_eq!(pull.recv().await?, "waits");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The endpoint is malformed or cannot be connected to, the socket is a PAIR that has its
    /// peer, or there is no Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// It completes in its first poll.
    pub async fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.handle().connect(endpoint)
    }

    /// Stops accepting at a bound endpoint; peers that are connected stay (`zmq_unbind`).
    ///
    /// Name the endpoint as [`bind`](Self::bind) returned it. When this completes the address is
    /// free.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pull = zeromq_async::PullSocket::new();
    /// let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
    /// pull.unbind(&endpoint).await?;
    /// assert!(pull.unbind(&endpoint).await.is_err()); // not bound any more
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is not bound there.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the endpoint is unbound all the same, a moment later.
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().unbind(endpoint).await
    }

    /// Ends the connection to an endpoint, after what is queued for it is written or the linger
    /// time is over (`zmq_disconnect`).
    ///
    /// Messages that have arrived from it can still be received.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
    /// push.connect(&endpoint).await?;
    /// push.send("the last").await?;
    /// push.disconnect(&endpoint).await?;
    /// assert_eq!(pull.recv().await?, "the last");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is not connected there.
    ///
    /// # Cancel safety
    ///
    /// It completes in its first poll.
    pub async fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().disconnect(endpoint)
    }

    /// The endpoint last bound or connected to (`ZMQ_LAST_ENDPOINT`).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pull = zeromq_async::PullSocket::new();
    /// let endpoint = pull.bind("tcp://127.0.0.1:*").await?;
    /// assert_eq!(pull.last_endpoint(), Some(endpoint)); // with its real port
    /// # Ok(()) }
    /// ```
    pub fn last_endpoint(&self) -> Option<Endpoint> {
        self.handle().last_endpoint()
    }

    /// What happens to this socket's connections from now on, as a `Stream`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, SocketEvent};
    ///
    /// let pull = PullSocket::new();
    /// let mut events = pull.events();
    /// pull.bind("tcp://127.0.0.1:0").await?;
    /// assert!(matches!(events.next().await, Some(SocketEvent::Listening { .. })));
    /// # Ok(()) }
    /// ```
    pub fn events(&self) -> Events {
        self.handle().events()
    }

    /// What the socket has sent, received and dropped so far.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("counted").await?;
    /// pull.recv().await?;
    /// assert_eq!(pull.stats().received, 1);
    /// # Ok(()) }
    /// ```
    pub fn stats(&self) -> SocketStats {
        self.handle().stats()
    }

    /// Waits until at least `count` peers are connected and have finished their handshakes.
    ///
    /// For a publisher, peers that are connected may not have subscribed yet. When the socket is
    /// closed this returns too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// pull.wait_for_peers(1).await;
    /// assert_eq!(pull.stats().peers.len(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        self.handle().wait_for_peers(count).await;
    }

    /// What commands this socket from elsewhere: another task, or after [`split`](Self::split).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, RecvError};
    ///
    /// let mut pull = PullSocket::new();
    /// let handle = pull.handle().clone();
    /// tokio::spawn(async move { handle.close().await });
    /// assert_eq!(pull.recv().await.unwrap_err(), RecvError::Closed);
    /// # Ok(()) }
    /// ```
    pub fn handle(&self) -> &SocketHandle {
        self.receiver.handle()
    }

    /// Closes the socket: writes what is queued, for the linger time at most, and reports what
    /// was not written.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("the last").await?;
    /// assert_eq!(push.close().await.unsent, 0);
    /// assert_eq!(pull.recv().await?, "the last");
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the socket goes on closing in the background, without a report.
    pub async fn close(mut self) -> CloseReport {
        self.sender.outlet.abandon_parked();
        self.handle().close().await
    }
}

impl<P: Sends> Socket<P> {
    /// Sends a message: completes when it is in the queue of a peer.
    ///
    /// Where the message goes, and whether this waits while no peer has room or drops the message
    /// for those that have none, is the socket type's rule.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{Message, PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("one frame").await?;
    /// push.send(Message::multipart(["two", "frames"])).await?;
    /// assert_eq!(pull.recv().await?, "one frame");
    /// assert_eq!(pull.recv().await?.frame_count(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids it, or the socket is closed; the message comes back in the
    /// error.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent. To keep it in that case, wait with
    /// [`ready`](Self::ready) and then call [`try_send`](Self::try_send).
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let mut message = message.into();
        poll_fn(|cx| self.sender.outlet.poll_send(cx, &mut message)).await
    }

    /// Sends a message if that takes no waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PushSocket, SendErrorKind};
    ///
    /// let mut push = PushSocket::new();
    /// let error = push.try_send("for nobody").unwrap_err();
    /// assert_eq!(error.kind(), &SendErrorKind::Full);
    /// push.connect("inproc://try-send").await?;
    /// push.try_send("queued")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`Full`](crate::SendErrorKind::Full) where it would have
    /// waited. The message comes back in the error.
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.outlet.try_send(message.into())
    }

    /// Waits until a message can be sent without waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut push = zeromq_async::PushSocket::new();
    /// push.connect("inproc://ready").await?;
    /// push.ready().await?; // dropped here, no message would be lost
    /// push.try_send("now")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids sending now, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn ready(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.sender.outlet.poll_ready(cx)).await
    }

    /// Waits until the queues of all peers are empty: everything sent is with the kernel.
    ///
    /// A message for a peer that is not connected, or that reads slowly, takes as long as that, and
    /// another sender that goes on sending holds this up. What was lost with a peer that went away
    /// is not waited for; [`stats`](Self::stats) count it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("hello").await?;
    /// push.flush().await?;
    /// assert_eq!(push.stats().queued, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A message that was fed to this socket as a `Sink` and found no room cannot be sent any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.sender.outlet.poll_flush(cx)).await
    }

    /// Another sender on this socket, for another task.
    ///
    /// Each message of each sender goes where the socket type's rule says; senders do not wait for
    /// one another.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// let mut sender = push.sender();
    /// tokio::spawn(async move { sender.send("from a task").await });
    /// assert_eq!(pull.recv().await?, "from a task");
    /// # Ok(()) }
    /// ```
    #[expect(private_bounds, reason = "sealed by Sends")]
    pub fn sender(&self) -> Sender<P>
    where
        P::Outgoing: Clone,
    {
        self.sender.clone()
    }
}

impl<P: Receives> Socket<P> {
    /// Receives the next message.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids it, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        poll_fn(|cx| self.receiver.incoming.poll_recv(cx)).await
    }

    /// Receives the next message, and who it is from.
    ///
    /// The peer is the one of the connection over which the message came, with the user id and
    /// metadata that whoever let it in gave it, even when it has gone since.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket, SocketType};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("hello").await?;
    /// let (message, peer) = pull.recv_from().await?;
    /// assert_eq!(message, "hello");
    /// assert_eq!(peer.info().socket_type(), SocketType::Push);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError> {
        poll_fn(|cx| self.receiver.poll_recv_from(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, RecvError};
    ///
    /// let mut pull = PullSocket::new();
    /// pull.bind("tcp://127.0.0.1:0").await?;
    /// assert_eq!(pull.try_recv().unwrap_err(), RecvError::Empty);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        self.receiver.try_recv()
    }
}

impl<P: Sends + Receives> Socket<P> {
    /// Parts the socket into a half that sends and one that receives, for two tasks.
    ///
    /// The socket lives until both are dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::DealerSocket;
    ///
    /// let (one, other) = (DealerSocket::new(), DealerSocket::new());
    /// one.connect(other.bind("tcp://127.0.0.1:0").await?).await?;
    /// let (mut sender, _receiver) = one.split();
    /// let (_sender, mut receiver) = other.split();
    /// let sending = tokio::spawn(async move { sender.send("hello").await });
    /// assert_eq!(receiver.recv().await?, "hello");
    /// sending.await??;
    /// # Ok(()) }
    /// ```
    pub fn split(self) -> (Sender<P>, Receiver<P>) {
        (self.sender, self.receiver)
    }
}

impl<P: SocketKind> Default for Socket<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: SocketKind> std::fmt::Debug for Socket<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("type", &P::TYPE).finish_non_exhaustive()
    }
}

impl<P: Compose> Unpin for Socket<P> {}

impl<P: Sends> Sink<Message> for Socket<P> {
    type Error = SendError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.sender.outlet.poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.sender.outlet.start_send(message)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.sender.outlet.poll_flush(cx)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.sender.outlet.poll_close(cx)
    }
}

impl<P: Receives> Stream for Socket<P> {
    type Item = Result<Message, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}
