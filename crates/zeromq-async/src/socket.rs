//! Sockets: the stacks of a socket type over an engine.

mod address;
mod any;
mod builder;
mod channel;
mod client;
mod dealer;
mod dgram;
mod dish;
mod gather;
mod handle;
mod kind;
mod pair;
mod peer;
mod r#pub;
mod pull;
mod push;
mod radio;
mod receiver;
mod receiving;
mod rep;
mod req;
mod router;
mod scatter;
mod send_half;
mod sender;
mod sending;
mod server;
mod shared;
mod stream;
mod sub;
mod xpub;
mod xsub;

pub use address::Address;
pub use any::{AnyReceiver, AnySender, AnySocket, AnySocketBuilder, TypeMismatch};
pub use builder::SocketBuilder;
pub use channel::{Channel, ChannelSocket};
pub use client::{Client, ClientSocket};
pub use dealer::{Dealer, DealerSocket};
pub use dgram::{Dgram, DgramSocket};
pub use dish::{Dish, DishSocket};
pub use gather::{Gather, GatherSocket};
pub use handle::{SocketHandle, StatsHandle};
pub use kind::{
    Conflates, DropsWhenFull, FrameKind, FromStacks, Greets, Multicasts, Named, Notifies,
    NotifiesDisconnect, NotifiesHiccup, Probes, Publishes, Receives, Sends, SharesSending,
    SocketKind, Stacks, Subscribes, Topical,
};
pub use pair::{Pair, PairSocket};
pub use peer::{PeerKind, PeerSocket};
pub use r#pub::{Pub, PubSocket};
pub use pull::{Pull, PullSocket};
pub use push::{Push, PushSocket};
pub use radio::{Radio, RadioSocket};
pub use receiver::Receiver;
pub use rep::{Rep, RepSocket};
pub use req::{Req, ReqOptions, ReqSocket};
pub use router::{Router, RouterOptions, RouterSocket};
pub use scatter::{Scatter, ScatterSocket};
pub use sender::Sender;
pub use server::{Server, ServerSocket};
pub use shared::SharedSocket;
pub use stream::{Stream, StreamSocket};
pub use sub::{Sub, SubSocket};
pub use xpub::{XPub, XPubSocket};
pub use xsub::{XSub, XSubSocket};

use crate::context::Context;
use crate::endpoint::{Endpoint, EndpointError};
use crate::engine::CloseReport;
use crate::error::{BindError, ConnectError, DetachError};
use crate::event::Events;
use crate::identity::Peer;
use crate::stats::SocketStats;

/// A ZeroMQ socket of type `P`, with any number of bound and connected endpoints.
///
/// Use it by its alias: [`ReqSocket`], [`RepSocket`], [`DealerSocket`], [`RouterSocket`],
/// [`PubSocket`], [`SubSocket`], [`XPubSocket`], [`XSubSocket`], [`PushSocket`], [`PullSocket`],
/// [`PairSocket`]. A socket that receives is a `Stream` of messages. A socket that sends is a
/// `Sink`. Using a socket in the wrong direction does not compile:
///
/// ```compile_fail
/// # async fn f(mut push: zeromq_async::PushSocket) {
/// push.recv().await;
/// # }
/// ```
///
/// # Sending
///
/// [`send`](Self::send) completes when the message is in the queue of a peer. The socket type
/// determines which peer. The message is written from the queue at once, so there is no need to
/// flush. [`flush`](Self::flush) waits until the kernel has all messages. [`close`](Self::close)
/// does too, within the linger time, and reports how many were not sent.
///
/// As a `Sink`, `poll_ready` is ready when a suitable peer has room, `start_send` queues the whole
/// message, and `poll_flush` is `flush`. `poll_close` flushes, and the `Sink` takes no more
/// messages.
///
/// # Dropping
///
/// A dropped socket goes on writing queued messages in the background for its linger time, while
/// the Tokio runtime lives. A program that ends right after its last `send` should call
/// [`close`](Self::close) first.
pub struct Socket<P: SocketKind> {
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

    /// Returns a builder for a socket in the shared [`Context`](crate::Context).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    ///
    /// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    /// push.connect("inproc://builder")?;
    /// push.send("never read").await?;
    /// assert_eq!(push.close().await.unsent, 1); // at once
    /// # Ok(()) }
    /// ```
    pub fn builder() -> SocketBuilder<P> {
        SocketBuilder::new(Context::shared().clone())
    }

    /// Returns a builder for a socket of a context, with the defaults of the context.
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

    /// Binds to an endpoint and accepts peers there.
    ///
    /// Returns the bound endpoint. If the port was `*` or `0`, it has the port that the system
    /// chose. A socket can bind to several endpoints, of several transports.
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
    /// The endpoint is malformed, in use, not local or not permitted. Or there is no Tokio runtime
    /// with the drivers that the endpoint needs. The error names the endpoint and says what to do.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, nothing is bound.
    pub async fn bind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<Endpoint, BindError> {
        self.handle().bind(endpoint).await
    }

    /// Connects to an endpoint in the background, and again whenever the connection is lost.
    ///
    /// Returns at once, without waiting for the peer. Messages can be sent at once and wait in the
    /// queue. A second connect to the same endpoint makes a second connection. For SUB, PUB, REQ
    /// and DEALER it does nothing, as in libzmq. [`wait_for_peers`](Self::wait_for_peers) waits for
    /// the connection. [`events`](Self::events) reports each attempt.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect("inproc://connect-first")?;
    /// push.send("waits").await?;
    /// pull.bind("inproc://connect-first").await?;
    /// assert_eq!(pull.recv().await?, "waits");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The endpoint is malformed or cannot be connected to, the socket is a PAIR that already has
    /// its peer, or there is no Tokio runtime.
    pub fn connect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), ConnectError> {
        self.handle().connect(endpoint)
    }

    /// Stops accepting at a bound endpoint, and ends the connections accepted there (`zmq_unbind`).
    ///
    /// No more messages are queued for these peers. Queued messages are written within the linger
    /// time, and messages that have arrived can still be received. inproc peers stay connected, as
    /// in libzmq. [`stop_accepting`](Self::stop_accepting) keeps all peers.
    ///
    /// Pass the endpoint that [`bind`](Self::bind) returned, or another name of the same host with
    /// the real port. A wildcard port does not name an endpoint. The address is free when this
    /// completes.
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
    /// It completes in its first poll, unless the name of the host is not the bound one and has to
    /// be looked up. If the future is dropped during the lookup, the endpoint stays bound.
    pub async fn unbind(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().unbind(endpoint).await
    }

    /// Stops accepting at a bound endpoint. Connected peers stay.
    ///
    /// Otherwise it is the same as [`unbind`](Self::unbind). libzmq has no such call.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
    /// push.connect(&endpoint)?;
    /// pull.wait_for_peers(1).await;
    /// pull.stop_accepting(&endpoint).await?;
    /// push.send("still here").await?;
    /// assert_eq!(pull.recv().await?, "still here");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is not bound there.
    ///
    /// # Cancel safety
    ///
    /// As with [`unbind`](Self::unbind).
    pub async fn stop_accepting(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().stop_accepting(endpoint).await
    }

    /// Ends every connection to an endpoint, after its queued messages are written or the linger
    /// time is over (`zmq_disconnect`).
    ///
    /// Pass the endpoint that was connected to: host names are not looked up. Messages that have
    /// arrived from it can still be received.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// let endpoint = pull.bind("tcp://127.0.0.1:0").await?;
    /// push.connect(&endpoint)?;
    /// push.send("the last").await?;
    /// push.disconnect(&endpoint)?;
    /// assert_eq!(pull.recv().await?, "the last");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is not connected there.
    pub fn disconnect(
        &self,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> Result<(), DetachError> {
        self.handle().disconnect(endpoint)
    }

    /// The endpoint that was bound or connected to last (`ZMQ_LAST_ENDPOINT`).
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

    /// The events of this socket's connections from now on, as a `Stream`.
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

    /// The counts of messages sent, received and dropped so far.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
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
    /// Peers of a publisher may be connected and not yet have subscribed. This also returns when
    /// the socket is closed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// pull.wait_for_peers(1).await;
    /// assert_eq!(pull.stats().peers.len(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn wait_for_peers(&self, count: usize) {
        self.handle().wait_for_peers(count).await;
    }

    /// The handle that binds, connects and closes this socket from another task, or after
    /// [`split`](Self::split).
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

    /// The state that the [socket type](SocketKind::Control) lets the application reach.
    pub fn control(&self) -> &P::Control {
        self.receiver.control()
    }

    /// The sender of the last message received. See [`Receiver::last_peer`].
    pub fn last_peer(&self) -> Option<Peer> {
        self.receiver.last_peer()
    }

    /// Closes the socket. Writes queued messages within the linger time, and reports how many were
    /// not written.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("the last").await?;
    /// assert_eq!(push.close().await.unsent, 0);
    /// assert_eq!(pull.recv().await?, "the last");
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, the socket goes on closing in the background, without a
    /// report.
    pub async fn close(mut self) -> CloseReport {
        self.handle().ledger().keep_unsent(usize::MAX);
        self.sender.half.abandon_pending();
        self.handle().close().await
    }
}

impl<P: SocketKind> Socket<P> {
    /// Splits the socket into a half that sends and a half that receives, for two tasks.
    ///
    /// The socket lives until both halves are dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::DealerSocket;
    ///
    /// let (one, other) = (DealerSocket::new(), DealerSocket::new());
    /// one.connect(other.bind("tcp://127.0.0.1:0").await?)?;
    /// let (mut sender, _receiver) = one.split();
    /// let (_sender, mut receiver) = other.split();
    /// let sending = tokio::spawn(async move { sender.send("hello").await });
    /// assert_eq!(receiver.recv().await?, "hello");
    /// sending.await??;
    /// # Ok(()) }
    /// ```
    pub fn split(self) -> (Sender<P>, Receiver<P>)
    where
        P: Sends + Receives,
    {
        (self.sender, self.receiver)
    }
}

impl<P: SocketKind> FromStacks<P> for Socket<P> {
    fn from_stacks(stacks: Stacks<P>, handle: SocketHandle) -> Self {
        const { assert!(!P::ONE_FRAME, "messages of this type have one frame: use SharedSocket") };
        let Stacks { send, receive, control, .. } = stacks;
        Self {
            sender: Sender::new(send, handle.clone()),
            receiver: Receiver::new(receive, control, handle),
        }
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

impl<P: SocketKind> Unpin for Socket<P> {}
