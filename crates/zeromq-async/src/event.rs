//! What happens to a socket's connections, told as it happens (libzmq's socket monitor).

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc;
use zmtp::{DenyStatus, PeerInfo, ProtocolError, SocketType};

mod displaced;
mod display;
mod trace;

pub use displaced::Displaced;

use crate::endpoint::Endpoint;
use crate::error::{Rejected, SubscriptionsExceeded};
use crate::identity::{PeerAddress, PeerId};
use crate::stats::DropReason;
use crate::sync::Mutex;

/// Something that happened to one of a socket's endpoints or connections.
///
/// Its `Display` says it in one line, for a log.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket, SocketEvent, SocketType};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// let mut events = push.events();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::HandshakeSucceeded { info, .. } = event {
///         assert_eq!(info.socket_type(), SocketType::Pull);
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SocketEvent {
    /// An endpoint is bound (`ZMQ_EVENT_LISTENING`).
    Listening {
        /// The endpoint, with its real port.
        endpoint: Endpoint,
        /// The file descriptor that listens, on Unix; `None` elsewhere, for inproc, and where the
        /// [transport](crate::transport::Listener::descriptor) does not tell.
        descriptor: Option<i32>,
    },
    /// An endpoint is bound no longer (`ZMQ_EVENT_CLOSED`).
    ListenerClosed {
        /// The endpoint as it was bound.
        endpoint: Endpoint,
    },
    /// A peer has connected to a bound endpoint; its handshake follows (`ZMQ_EVENT_ACCEPTED`).
    Accepted {
        /// The bound endpoint.
        endpoint: Endpoint,
        /// Where the peer connects from.
        address: PeerAddress,
        /// This side of the connection: of TCP the address and port that the peer connected to, and
        /// otherwise the bound endpoint.
        local: Endpoint,
        /// The file descriptor of the connection, on Unix; `None` elsewhere, and where the transport
        /// does not tell. It may be another file's once the connection has ended.
        descriptor: Option<i32>,
    },
    /// A connection could not be accepted, or was turned away by the
    /// [filter](crate::SocketBuilder::accept_filter); the socket goes on
    /// (`ZMQ_EVENT_ACCEPT_FAILED`). It does not where the listener's Tokio runtime has ended, and
    /// [`ListenerClosed`](Self::ListenerClosed) follows.
    AcceptFailed {
        /// The bound endpoint.
        endpoint: Endpoint,
        /// What the system said, `PermissionDenied` from the filter, or the message of a panic in the
        /// listener.
        error: Arc<io::Error>,
    },
    /// A connection is there; its handshake follows (`ZMQ_EVENT_CONNECTED`).
    Connected {
        /// The endpoint connected to.
        endpoint: Endpoint,
        /// The address that answered.
        address: PeerAddress,
        /// This side of the connection, of TCP; `None` where it has no address.
        local: Option<Endpoint>,
        /// The file descriptor of the connection, as in [`Accepted`](Self::Accepted).
        descriptor: Option<i32>,
        /// Which attempt in a row this was, from 1.
        attempt: u32,
    },
    /// A connection could not be made.
    ConnectFailed {
        /// The endpoint tried.
        endpoint: Endpoint,
        /// Which attempt in a row this was, from 1.
        attempt: u32,
        /// What the system said, or the message of a panic in the transport.
        error: Arc<io::Error>,
    },
    /// The next attempt to connect is to come (`ZMQ_EVENT_CONNECT_RETRIED`).
    ConnectRetried {
        /// The endpoint to be tried.
        endpoint: Endpoint,
        /// Which attempt in a row it will be.
        attempt: u32,
        /// How long until then.
        delay: Duration,
    },
    /// No further attempt to connect will be made.
    ConnectStopped {
        /// The endpoint given up.
        endpoint: Endpoint,
        /// Attempts since the last completed handshake.
        attempts: u32,
    },
    /// A peer is ready (`ZMQ_EVENT_HANDSHAKE_SUCCEEDED`); inproc peers are too.
    HandshakeSucceeded {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The peer's name within this socket.
        peer: PeerId,
        /// What the peer said of itself.
        info: PeerInfo,
    },
    /// A handshake failed (`ZMQ_EVENT_HANDSHAKE_FAILED_*`).
    HandshakeFailed {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// Where the peer is.
        address: PeerAddress,
        /// Which attempt in a row this was to connect, from 1; `None` for a peer that connected.
        attempt: Option<u32>,
        /// Why.
        reason: HandshakeFailure,
    },
    /// An inproc peer was not taken.
    Rejected {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// Why.
        reason: Rejected,
    },
    /// A peer's connection has ended (`ZMQ_EVENT_DISCONNECTED`).
    Disconnected {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The peer's name within this socket.
        peer: PeerId,
        /// Why.
        reason: DisconnectReason,
        /// Messages for this peer that were not handed to the kernel.
        unsent: usize,
        /// All messages that were ever queued for this peer, those that are `unsent` included: the
        /// last so many of them.
        enqueued: u64,
        /// Whether they wait for the next connection, as those of a connecting socket do. An
        /// accepted peer's are lost, and with `immediate` those of any.
        kept: bool,
    },
    /// A peer has ended so many connections in a row in the middle of the same message, which is
    /// larger than it accepts or otherwise not to its liking: it is given up, and those behind it
    /// are sent ([`resend_limit`](crate::SocketBuilder::resend_limit)).
    MessageRefused {
        /// The endpoint connected to.
        endpoint: Endpoint,
        /// The peer's name within this socket.
        peer: PeerId,
        /// How many connections ended.
        attempts: u32,
        /// The size of the message on the wire.
        bytes: usize,
    },
    /// Messages go astray: told at most once a second for each reason, and not for what `conflate`
    /// replaces. [`stats`](crate::Socket::stats) have all that went so far.
    ///
    /// What goes astray while the socket closes is told when it has closed, the last of all its
    /// events. Then [`DropReason::Lost`] is what it could not send within its linger time, with every
    /// peer; the end of a connection before has told of those for that peer alone, and
    /// [`CloseReport`](crate::CloseReport) tells whoever closes.
    Dropping {
        /// Why.
        reason: DropReason,
        /// How many since this was told last, for this reason.
        count: u64,
    },
    /// Events were lost because this stream was not read.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Why a handshake failed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::{HandshakeFailure, PullSocket, SocketEvent};
///
/// let pull = PullSocket::builder().handshake_timeout(Duration::from_millis(20)).build();
/// let endpoint = pull.bind("tcp://127.0.0.1:0").await?.to_string();
/// let mut events = pull.events();
/// let _silent = std::net::TcpStream::connect(endpoint.trim_start_matches("tcp://"))?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::HandshakeFailed { reason, .. } = event {
///         assert!(matches!(reason, HandshakeFailure::TimedOut(_)));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The peer did not finish within the handshake timeout.
    #[error("the peer did not finish the handshake within {0:?}")]
    TimedOut(Duration),
    /// The peer closed the connection in the middle.
    #[error(
        "the peer closed the connection during the handshake; it may be of a socket type or use a \
         mechanism that does not go with this socket's, or speak another protocol"
    )]
    PeerClosed,
    /// The server closed the connection when it was sent what only the holder of its key can read.
    ///
    /// Nothing tells this from a server that goes just then, but for happening again.
    #[error(
        "the server closed the connection without a word when this side began to encrypt: most \
         likely the server's key that is set here is not the key it has; compare both"
    )]
    ServerKey,
    /// There was no room for it any more: newer connections took its place.
    #[error(transparent)]
    Displaced(#[from] Displaced),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Io(Arc<io::Error>),
    /// Whoever decides for this socket did not let the peer in.
    #[error("peer was not let in: {status}{}", because(reason))]
    Denied {
        /// What the peer is told; nothing, where the error is temporary.
        status: DenyStatus,
        /// Why, where it [is said](crate::security::Attempt::deny); `downcast_ref` tells a
        /// `ZapError` of `zeromq-auth` from others.
        reason: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// Whoever decides for this socket did not say within the handshake timeout whether the peer
    /// may connect.
    #[error("nobody said within {limit:?} whether the peer may connect{}", because(reason))]
    Undecided {
        /// The handshake timeout.
        limit: Duration,
        /// Why, where it is known.
        reason: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// One side speaks what the other does not accept.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// This socket does not take the peer.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Code that the handshake calls, such as a transport's, has panicked with this message.
    #[error("a panic ended the handshake: {0}")]
    Panicked(Arc<str>),
    /// The Tokio runtime has ended on which the handshake was performed.
    #[error("the Tokio runtime of the connection has ended")]
    RuntimeEnded,
}

fn because(reason: &Option<Arc<dyn Error + Send + Sync>>) -> String {
    reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
}

/// Why a connection ended.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DisconnectReason, PullSocket, PushSocket, SocketEvent};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// let mut events = pull.events();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// pull.wait_for_peers(1).await;
/// push.close().await;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::Disconnected { reason, .. } = event {
///         assert!(matches!(reason, DisconnectReason::PeerClosed));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The peer closed it.
    #[error("the peer closed the connection")]
    PeerClosed,
    /// This socket closed it, after all was written.
    #[error("this socket closed the connection")]
    Closed,
    /// It broke.
    #[error("the connection broke: {0}")]
    Io(Arc<io::Error>),
    /// The peer broke the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The peer subscribed to too much.
    #[error(transparent)]
    Subscriptions(#[from] SubscriptionsExceeded),
    /// The peer gave no sign of life within the heartbeat timeout.
    #[error("the peer gave no sign of life within the heartbeat timeout")]
    HeartbeatTimedOut,
    /// Code that the connection calls, such as a transport's, has panicked with this message.
    #[error("a panic ended the connection: {0}")]
    Panicked(Arc<str>),
    /// The Tokio runtime has ended on which the connection was.
    #[error("the Tokio runtime of the connection has ended")]
    RuntimeEnded,
}

/// The events of a socket, as a `Stream`.
///
/// The stream holds up to 1,024 events; where it is not read it never holds up the socket, and
/// tells with [`SocketEvent::Missed`] how many it lost. It ends when the socket has ended.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, SocketEvent};
///
/// let mut pull = PullSocket::new();
/// let mut events = pull.events();
/// pull.bind("tcp://127.0.0.1:0").await?;
/// assert!(matches!(events.next().await, Some(SocketEvent::Listening { .. })));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<SocketEvent>,
}

impl Events {
    /// The next event; `None` when the socket has ended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, SocketEvent};
    ///
    /// let pull = PullSocket::new();
    /// let mut events = pull.events();
    /// let bound = pull.bind("tcp://127.0.0.1:0").await?;
    /// let Some(SocketEvent::Listening { endpoint, .. }) = events.next().await else { panic!() };
    /// assert_eq!(endpoint, bound);
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        self.receiver.recv().await
    }
}

impl Events {
    /// Takes the next event if there is one already.
    pub fn try_next(&mut self) -> Option<SocketEvent> {
        self.receiver.try_recv().ok()
    }
}

impl Stream for Events {
    type Item = SocketEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        self.receiver.poll_recv(cx)
    }
}

/// Events held for one reader.
const CAPACITY: usize = 1024;

/// The streams that listen to a socket.
#[derive(Debug)]
pub(crate) struct Listeners {
    socket: SocketType,
    audience: Mutex<Audience>,
}

#[derive(Debug, Default)]
struct Audience {
    listeners: Vec<Listener>,
    /// The socket has ended, and has no more to tell.
    closed: bool,
}

#[derive(Debug)]
struct Listener {
    sender: mpsc::Sender<SocketEvent>,
    missed: u64,
}

impl Listeners {
    pub(crate) fn new(socket: SocketType) -> Self {
        Self { socket, audience: Mutex::default() }
    }

    pub(crate) fn listen(&self) -> Events {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let mut audience = self.audience.lock();
        if !audience.closed {
            audience.listeners.push(Listener { sender, missed: 0 });
        }
        Events { receiver }
    }

    pub(crate) fn emit(&self, event: SocketEvent) {
        trace::trace(self.socket, &event);
        self.audience.lock().listeners.retain_mut(|listener| listener.tell(&event));
    }

    /// Ends every stream, after what is in it has been read. False where that was done before.
    pub(crate) fn close(&self) -> bool {
        let audience = Audience { listeners: Vec::new(), closed: true };
        !std::mem::replace(&mut *self.audience.lock(), audience).closed
    }
}

impl Listener {
    /// False once nobody listens.
    fn tell(&mut self, event: &SocketEvent) -> bool {
        if self.missed > 0 {
            let missed = SocketEvent::Missed { count: self.missed };
            if self.sender.try_send(missed).is_err() {
                self.missed += 1;
                return !self.sender.is_closed();
            }
            self.missed = 0;
        }
        if self.sender.try_send(event.clone()).is_err() {
            self.missed += 1;
        }
        !self.sender.is_closed()
    }
}
