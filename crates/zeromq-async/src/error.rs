//! Errors, one type for each operation.

use std::{fmt, io};

use bytes::Bytes;
use zmtp::{Frame, GroupError, Message, SocketType};

use crate::identity::RouteId;

mod bind;
mod connect;
mod membership;
mod mismatch;
mod rejected;
mod runtime_driver;
mod stream;
mod subscriptions;
mod unsupported;

pub use bind::{BindError, BindErrorKind};
pub use connect::{ConnectError, ConnectErrorKind, DetachError};
pub use membership::MembershipError;
pub use mismatch::Mismatch;
pub use rejected::Rejected;
pub use runtime_driver::RuntimeDriver;
pub use stream::StreamError;
pub use subscriptions::SubscriptionsExceeded;
pub use unsupported::{OptionError, Unsupported};

/// `Debug` is the message, because `main` prints an error with `Debug`.
macro_rules! debug_as_display {
    ($($error:ident),*) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

debug_as_display!(BindError, ConnectError, DetachError);

/// Writes what is wrong, the system's error, and what to do next.
fn describe(
    f: &mut fmt::Formatter<'_>,
    kind: &impl fmt::Display,
    source: Option<&io::Error>,
    advice: Option<&str>,
) -> fmt::Result {
    kind.fmt(f)?;
    if let Some(source) = source {
        write!(f, " ({source})")?;
    }
    advice.map_or(Ok(()), |advice| write!(f, "; {advice}"))
}

/// A message was not sent. [`into_message`](Self::into_message) returns it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut push = zeromq_async::PushSocket::new();
/// let error = push.try_send("once more").unwrap_err(); // there is no peer yet
/// assert!(error.to_string().starts_with("no peer has room"));
/// push.connect("inproc://send-error")?;
/// push.try_send(error.into_message().unwrap())?;
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct SendError {
    kind: SendErrorKind,
    message: Option<Message>,
}

/// Why a message was not sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{RepSocket, SendErrorKind};
///
/// let mut rep = RepSocket::new();
/// let error = rep.send("a reply to nothing").await.unwrap_err();
/// assert_eq!(error.kind(), &SendErrorKind::OutOfTurn);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The socket was closed, or its context was shut down.
    #[error("the socket is closed")]
    Closed,
    /// A REQ or REP must `recv` first (28/REQREP, libzmq's `EFSM`).
    #[error(
        "it is not this socket's turn to send: REQ must receive the reply to its last request \
         first, and REP a request"
    )]
    OutOfTurn,
    /// A message of a ROUTER or STREAM needs at least two frames, the first one a routing id.
    #[error(
        "a message sent with ROUTER or STREAM needs at least two frames, the first of them the \
         routing id of the peer it goes to"
    )]
    NoRoutingId,
    /// No connected peer has this routing id, with the option `mandatory` (`EHOSTUNREACH`).
    #[error("no connected peer has the routing id {0:?}")]
    Unroutable(Bytes),
    /// A message sent with RADIO has no valid group.
    #[error(transparent)]
    InvalidGroup(#[from] GroupError),
    /// A message of one frame has another number of frames. Only an [`AnySocket`](crate::AnySocket)
    /// returns this; it does not compile for other sockets.
    #[error("a message sent with {socket_type} has one frame, and this one has {frames}")]
    NotOneFrame {
        /// The type of the socket.
        socket_type: SocketType,
        /// The frames of the message.
        frames: usize,
    },
    /// A message sent with SERVER or PEER as an [`AnySocket`](crate::AnySocket) is not a routing id and
    /// one frame.
    #[error(
        "a message sent with {0} has two frames, the routing id of the peer in 4 bytes, not all 0, \
         and a body"
    )]
    NoRouteId(SocketType),
    /// A message sent with RADIO is not a group and one frame (48/RADIO-DISH).
    #[error("a message sent with RADIO has two frames, a group and a body")]
    NoGroup,
    /// A message sent with DGRAM is not an address and one frame.
    #[error(
        "a message sent with DGRAM has two frames, an address such as 127.0.0.1:5555 and a body"
    )]
    NoAddress,
    /// The message does not fit into one datagram, and no other peer gets it. libzmq drops it silently.
    ///
    /// If a peer of the RADIO over a connection gets it, it is only dropped for the endpoint of
    /// datagrams, and counts as [`failed`](crate::Dropped::failed).
    #[error(
        "the message takes a datagram of {size} bytes, and the transport sends at most {limit}; \
         send less at a time, or use tcp://"
    )]
    DatagramTooLong {
        /// The size of the datagram in bytes, with its group.
        size: usize,
        /// The most bytes of a datagram.
        limit: usize,
    },
    /// No peer of a SERVER or PEER has this routing id (`EHOSTUNREACH`). It never had, or it has left.
    #[error("no peer has the routing id {0}; it may have disconnected")]
    NoRoute(RouteId),
    /// [`try_send`](crate::Socket::try_send) found no peer, or no room in its queue.
    #[error("no peer has room for the message now; send().await waits until one has")]
    Full,
    /// The type of this [`AnySocket`](crate::AnySocket) only receives.
    #[error("a {0} socket does not send; its peers do, with a {peer} socket", peer = .0.usual_peer())]
    DoesNotSend(SocketType),
}

impl SendError {
    pub(crate) fn new(kind: SendErrorKind, message: Message) -> Self {
        Self { kind, message: Some(message) }
    }

    pub(crate) fn has_message(&self) -> bool {
        self.message.is_some()
    }

    pub(crate) fn with_message(self, message: Message) -> Self {
        Self { message: Some(message), ..self }
    }

    /// The reason.
    pub fn kind(&self) -> &SendErrorKind {
        &self.kind
    }

    /// The message, unchanged. `None` in an error of `Sink::poll_ready`.
    pub fn into_message(self) -> Option<Message> {
        self.message
    }
}

impl SendError {
    /// The frame of a [`SharedSocket`](crate::SharedSocket)'s message, unchanged; see
    /// [`into_message`](Self::into_message).
    pub fn into_frame(self) -> Option<Frame> {
        self.message?.pop_front()
    }
}

impl From<SendErrorKind> for SendError {
    fn from(kind: SendErrorKind) -> Self {
        Self { kind, message: None }
    }
}

/// No message was received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{RecvError, ReqSocket};
///
/// let mut req = ReqSocket::new();
/// assert_eq!(req.recv().await.unwrap_err(), RecvError::OutOfTurn); // nothing was asked
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
// As wide as a field of `zmtp::Frame`, because the discriminant is a value that `SocketType` leaves
// free. A narrower one makes the compiler move the message of a `Result` in odd pieces, which costs a
// fifth of a receive.
pub enum RecvError {
    /// The socket was closed, or its context was shut down. A `Stream` ends.
    #[error("the socket is closed")]
    Closed,
    /// A REQ or REP must `send` first (28/REQREP, libzmq's `EFSM`).
    #[error(
        "it is not this socket's turn to receive: REQ must send a request first, and REP the \
         reply to its last request"
    )]
    OutOfTurn,
    /// The peer that received the request disconnected before it replied. The REQ can send the next
    /// request. In libzmq, the REQ would wait without end.
    #[error("the peer disconnected before it replied; the request may be sent again")]
    ReplyLost,
    /// [`try_recv`](crate::Socket::try_recv) found no message.
    #[error("no message is waiting; recv().await waits for one")]
    Empty,
    /// A message was received, but the [receive strategy](crate::pattern::ReceiveStrategy::last_peer) of
    /// the socket type does not know the sender. The message is dropped.
    ///
    /// Only [`recv_from`](crate::Socket::recv_from) and its variants return this, and only for a
    /// [socket type of your own](crate::pattern).
    #[error("this socket type does not tell the sender of a message; use recv")]
    UnknownSender,
    /// The type of this [`AnySocket`](crate::AnySocket) only sends.
    #[error("a {0} socket does not receive; its peers do, with a {peer} socket", peer = .0.usual_peer())]
    DoesNotReceive(SocketType),
}

const _: () = assert!(size_of::<RecvError>() == size_of::<u64>());
