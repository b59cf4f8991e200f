//! What can go wrong between a value and a message.

use std::error::Error;
use std::fmt;

use zeromq_async::Message;

use zeromq_async::Peer;

/// Why a codec failed: an error of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A value was not sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zeromq_util::typed::{TypedExt, TypedSendError, Utf8};
/// use zeromq_async::{RepSocket, SendErrorKind};
///
/// let mut rep = RepSocket::new().typed::<String>(Utf8);
/// match rep.send(&"a reply to nothing".to_owned()).await {
///     Err(TypedSendError::Socket(error)) => assert_eq!(error.kind(), &SendErrorKind::OutOfTurn),
///     other => panic!("{other:?}"),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypedSendError<E> {
    /// The codec could not make a message of the value; nothing was sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The socket, or a layer on it, did not take the message.
    #[error(transparent)]
    Socket(E),
}

/// No value was received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{TypedExt, TypedRecvError, Utf8};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send(b"\xff").await?;
/// push.send("text").await?;
///
/// let mut pull = pull.typed::<String>(Utf8);
/// match pull.recv().await {
///     Err(TypedRecvError::Decode(error)) => println!("{error}, from {:?}", error.peer()),
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(pull.recv().await?, "text"); // it goes on
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypedRecvError<E> {
    /// The message that came is no such value. The next can be received.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The socket, or a layer on it, gave an error instead of a message.
    #[error(transparent)]
    Socket(E),
    /// The socket is closed, and there are no more messages; as a `Stream` it ends.
    #[error("the socket is closed")]
    Closed,
}

/// A codec could not make a message of a value.
///
/// Its source is the codec's error, and `downcast_ref` tells which.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be encoded: {0}")]
pub struct EncodeError(#[source] BoxError);

impl EncodeError {
    pub(super) fn new(reason: BoxError) -> Self {
        Self(reason)
    }
}

/// A message that its codec could not make a value of.
///
/// Its source is the codec's error, and `downcast_ref` tells which.
pub struct DecodeError(Box<Undecoded>);

struct Undecoded {
    message: Message,
    peer: Option<Peer>,
    reason: BoxError,
}

impl DecodeError {
    pub(super) fn new(message: Message, peer: Option<Peer>, reason: BoxError) -> Self {
        Self(Box::new(Undecoded { message, peer, reason }))
    }

    /// The message as it came.
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Who sent it; `None` where a layer in between does not tell.
    pub fn peer(&self) -> Option<&Peer> {
        self.0.peer.as_ref()
    }

    /// Gives the message out.
    pub fn into_message(self) -> Message {
        self.0.message
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undecoded { message, peer, reason } = &*self.0;
        let (frames, bytes) = (message.frame_count(), message.size());
        write!(f, "a message of {frames} frames and {bytes} bytes")?;
        if let Some(peer) = peer {
            write!(f, " from {}", peer.id())?;
        }
        write!(f, " is not what was expected: {reason}")
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undecoded { message, peer, reason } = &*self.0;
        let mut debug = f.debug_struct("DecodeError");
        debug.field("message", message).field("peer", peer).field("reason", reason).finish()
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0.reason)
    }
}
