//! Events of a socket's endpoints and connections (libzmq's socket monitor).

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

/// An event of a socket's endpoints or connections.
///
/// Its `Display` is one line for a log.
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
        /// The listening file descriptor, on Unix. `None` for inproc, and if the
        /// [transport](crate::transport::Listener::descriptor) has none.
        descriptor: Option<i32>,
    },
    /// An endpoint is no longer bound (`ZMQ_EVENT_CLOSED`).
    ListenerClosed {
        /// The endpoint as it was bound.
        endpoint: Endpoint,
    },
    /// A connection was accepted. Its handshake follows (`ZMQ_EVENT_ACCEPTED`).
    Accepted {
        /// The bound endpoint.
        endpoint: Endpoint,
        /// The address of the peer.
        address: PeerAddress,
        /// The local address of a TCP connection, or else the bound endpoint.
        local: Endpoint,
        /// The file descriptor of the connection, on Unix. `None` if the transport has none. The
        /// system reuses it after the connection has ended.
        descriptor: Option<i32>,
    },
    /// A connection could not be accepted, or the
    /// [accept filter](crate::SocketBuilder::accept_filter) refused it (`ZMQ_EVENT_ACCEPT_FAILED`).
    ///
    /// The endpoint goes on accepting, unless the listener's Tokio runtime has ended. Then
    /// [`ListenerClosed`](Self::ListenerClosed) follows.
    AcceptFailed {
        /// The bound endpoint.
        endpoint: Endpoint,
        /// The system's error, `PermissionDenied` from the filter, or a panic in the listener.
        error: Arc<io::Error>,
    },
    /// A connection was established. Its handshake follows (`ZMQ_EVENT_CONNECTED`).
    Connected {
        /// The endpoint connected to.
        endpoint: Endpoint,
        /// The address that answered.
        address: PeerAddress,
        /// The local address of a TCP connection. `None` for others.
        local: Option<Endpoint>,
        /// The file descriptor of the connection, as in [`Accepted`](Self::Accepted).
        descriptor: Option<i32>,
        /// The number of this attempt, from 1, since the last completed handshake.
        attempt: u32,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// The endpoint tried.
        endpoint: Endpoint,
        /// The number of this attempt, from 1, since the last completed handshake.
        attempt: u32,
        /// The transport's error, or a panic in the transport.
        error: Arc<io::Error>,
    },
    /// The next attempt to connect follows after a delay (`ZMQ_EVENT_CONNECT_RETRIED`).
    ConnectRetried {
        /// The endpoint.
        endpoint: Endpoint,
        /// The number of the next attempt.
        attempt: u32,
        /// The delay.
        delay: Duration,
    },
    /// The socket stops connecting to an endpoint.
    ConnectStopped {
        /// The endpoint.
        endpoint: Endpoint,
        /// Attempts since the last completed handshake.
        attempts: u32,
    },
    /// A peer is ready, over inproc too (`ZMQ_EVENT_HANDSHAKE_SUCCEEDED`).
    HandshakeSucceeded {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The id of the peer in this socket.
        peer: PeerId,
        /// What the peer announced in its handshake.
        info: PeerInfo,
    },
    /// A handshake failed (`ZMQ_EVENT_HANDSHAKE_FAILED_*`).
    HandshakeFailed {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The address of the peer.
        address: PeerAddress,
        /// The number of the attempt to connect, from 1. `None` for an accepted connection.
        attempt: Option<u32>,
        /// The reason.
        reason: HandshakeFailure,
    },
    /// An inproc peer was rejected.
    Rejected {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The reason.
        reason: Rejected,
    },
    /// A peer's connection has ended (`ZMQ_EVENT_DISCONNECTED`).
    Disconnected {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The id of the peer in this socket.
        peer: PeerId,
        /// The reason.
        reason: DisconnectReason,
        /// The number of messages for this peer that the kernel did not get.
        unsent: usize,
        /// The number of all messages queued for this peer. The last `unsent` of them were not
        /// sent.
        enqueued: u64,
        /// Whether the unsent messages wait for the next connection. They do if this socket made
        /// the connection, except with `immediate`. Otherwise they are lost.
        kept: bool,
    },
    /// A message was dropped, because the peer ended several connections in the middle of it. It
    /// may be larger than the peer accepts. Later messages are still sent
    /// ([`resend_limit`](crate::SocketBuilder::resend_limit)).
    MessageRefused {
        /// The endpoint connected to.
        endpoint: Endpoint,
        /// The id of the peer in this socket.
        peer: PeerId,
        /// The number of connections that ended.
        attempts: u32,
        /// The size of the message on the wire.
        bytes: usize,
    },
    /// A datagram could not be sent or received. Reported at most once a second for each endpoint, which
    /// goes on. Datagrams that were not sent count as [`failed`](crate::Dropped::failed).
    DatagramFailed {
        /// The endpoint bound or connected to.
        endpoint: Endpoint,
        /// The system's error.
        error: Arc<io::Error>,
    },
    /// Messages were dropped. Reported at most once a second for each reason, and not for messages that
    /// `conflate` replaces. [`stats`](crate::Socket::stats) has the totals.
    ///
    /// The last one follows when the socket has closed. Its [`DropReason::Lost`] counts the messages to
    /// all peers that were not sent within the linger time. For earlier losses see
    /// [`Disconnected`](Self::Disconnected).
    Dropping {
        /// The reason.
        reason: DropReason,
        /// The number of messages for this reason since the last report.
        count: u64,
    },
    /// This stream was not read in time, and lost events.
    Missed {
        /// The number of lost events.
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
    /// The peer closed the connection.
    #[error(
        "the peer closed the connection during the handshake; it may be of a socket type or use a \
         mechanism that does not go with this socket's, or speak another protocol"
    )]
    PeerClosed,
    /// The server closed the connection at the first command that is encrypted to its key.
    ///
    /// A server that stops at this moment looks the same. If it happens again, the key is probably wrong.
    #[error(
        "the server closed the connection when this side began to encrypt: the server key that is \
         set here is probably not the server's; compare both"
    )]
    ServerKey,
    /// A limit on pending handshakes was reached, and newer connections displaced this one.
    #[error(transparent)]
    Displaced(#[from] Displaced),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Io(Arc<io::Error>),
    /// The TLS handshake of `tls://` failed.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsFailure),
    /// The authenticator of this socket denied the peer.
    #[error("peer was not let in: {status}{}", because(reason))]
    Denied {
        /// The status that the peer receives, unless the error is temporary.
        status: DenyStatus,
        /// The reason, if [one was given](crate::security::Attempt::deny). It may be a `ZapError` of
        /// `zeromq-auth`.
        reason: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// The authenticator of this socket did not decide within the handshake timeout.
    #[error("no decision within {limit:?} on whether the peer may connect{}", because(reason))]
    Undecided {
        /// The handshake timeout.
        limit: Duration,
        /// The reason, if known.
        reason: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// One side broke the protocol, or does not accept the other.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// This socket rejected the peer.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Code that the handshake called, such as a transport's, panicked with this message.
    #[error("a panic ended the handshake: {0}")]
    Panicked(Arc<str>),
    /// The Tokio runtime of the handshake has ended.
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
    /// This socket closed it, after all messages were written.
    #[error("this socket closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(Arc<io::Error>),
    /// The peer broke the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The peer exceeded the limits on subscriptions.
    #[error(transparent)]
    Subscriptions(#[from] SubscriptionsExceeded),
    /// Nothing came from the peer within the heartbeat timeout.
    #[error("nothing came from the peer within the heartbeat timeout")]
    HeartbeatTimedOut,
    /// Code that the connection called, such as a transport's, panicked with this message.
    #[error("a panic ended the connection: {0}")]
    Panicked(Arc<str>),
    /// The Tokio runtime of the connection has ended.
    #[error("the Tokio runtime of the connection has ended")]
    RuntimeEnded,
}

/// The events of a socket, as a `Stream`.
///
/// The stream buffers up to 1,024 events. If it is full, events are lost, and a
/// [`SocketEvent::Missed`] counts them: the socket does not wait. The stream ends with the socket.
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
    /// Waits for the next event. `None` when the socket has ended.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        self.receiver.recv().await
    }

    /// Takes the next event, if there is one.
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

/// Events buffered for one stream.
const CAPACITY: usize = 1024;

/// The event streams of a socket.
#[derive(Debug)]
pub(crate) struct Listeners {
    socket: SocketType,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    listeners: Vec<Listener>,
    closed: bool,
}

#[derive(Debug)]
struct Listener {
    sender: mpsc::Sender<SocketEvent>,
    missed: u64,
}

impl Listeners {
    pub(crate) fn new(socket: SocketType) -> Self {
        Self { socket, state: Mutex::default() }
    }

    pub(crate) fn listen(&self) -> Events {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let mut state = self.state.lock();
        if !state.closed {
            state.listeners.push(Listener { sender, missed: 0 });
        }
        Events { receiver }
    }

    pub(crate) fn emit(&self, event: SocketEvent) {
        trace::trace(self.socket, &event);
        self.state.lock().listeners.retain_mut(|listener| listener.send(&event));
    }

    /// Ends every stream after its buffered events. False if that was done before.
    pub(crate) fn close(&self) -> bool {
        let closed = State { listeners: Vec::new(), closed: true };
        !std::mem::replace(&mut *self.state.lock(), closed).closed
    }
}

impl Listener {
    /// False if the stream was dropped.
    fn send(&mut self, event: &SocketEvent) -> bool {
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
