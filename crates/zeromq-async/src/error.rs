//! What can go wrong, one type an operation.

use bytes::Bytes;
use zmtp::Message;

mod address;
mod rejected;
mod runtime;
mod socks;
mod stream;
mod subscriptions;

pub use address::{BindError, ConnectError, DetachError, EndpointError};
pub use rejected::Rejected;
pub use runtime::RuntimeDriver;
pub(crate) use runtime::Unsuited;
pub use socks::SocksCredentialsError;
pub use stream::StreamError;
pub use subscriptions::SubscriptionsExceeded;

/// A message was not sent; where there is one, it comes back with [`SendError::into_message`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut push = zeromq_async::PushSocket::new();
/// let error = push.try_send("for nobody").unwrap_err();
/// assert!(error.to_string().starts_with("no peer has room"));
/// assert_eq!(error.into_message().unwrap(), "for nobody");
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
    /// The lock-step of REQ or REP asks for `recv` first (28/REQREP; libzmq's `EFSM`).
    #[error(
        "it is not this socket's turn to send: REQ must receive the reply to its last request \
         first, and REP a request"
    )]
    OutOfTurn,
    /// A ROUTER's message needs the routing id of its peer as the first of at least two frames.
    #[error(
        "a message sent with ROUTER needs at least two frames, the first of them the routing id \
         of the peer it goes to"
    )]
    NoRoutingId,
    /// With the option `mandatory`: no connected peer has this routing id (`EHOSTUNREACH`).
    #[error("no connected peer has the routing id {0:?}")]
    Unroutable(Bytes),
    /// [`try_send`](crate::Socket::try_send) found no room: a queue is full, or there is no peer.
    #[error("no peer has room for the message now; send().await waits until one has")]
    Full,
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

    /// What went wrong.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PushSocket, SendErrorKind};
    ///
    /// let error = PushSocket::new().try_send("for nobody").unwrap_err();
    /// assert_eq!(error.kind(), &SendErrorKind::Full);
    /// # Ok(()) }
    /// ```
    pub fn kind(&self) -> &SendErrorKind {
        &self.kind
    }

    /// The message as it was given; `None` where the error came before there was one, from
    /// `Sink::poll_ready`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut push = zeromq_async::PushSocket::new();
    /// let message = push.try_send("for nobody").unwrap_err().into_message().unwrap();
    /// push.connect("inproc://into-message")?;
    /// push.try_send(message)?; // once more
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> Option<Message> {
        self.message
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
// As large as a piece of a frame (see `zmtp::Frame`), in whose place it is in a result: to look at an
// byte of it would have the message moved in odd pieces, at a fifth of the time of a receive.
#[repr(u64)]
pub enum RecvError {
    /// The socket was closed, or its context was shut down; as a `Stream` it ends.
    #[error("the socket is closed")]
    Closed,
    /// The lock-step of REQ or REP asks for `send` first (28/REQREP; libzmq's `EFSM`).
    #[error(
        "it is not this socket's turn to receive: REQ must send a request first, and REP the \
         reply to its last request"
    )]
    OutOfTurn,
    /// The peer that had the whole request went away before it replied. The REQ socket is ready
    /// for the next request; libzmq's would wait for ever.
    #[error("the peer went away before it replied; the request may be sent again")]
    ReplyLost,
    /// [`try_recv`](crate::Socket::try_recv) found no message waiting.
    #[error("no message is waiting; recv().await waits for one")]
    Empty,
}
