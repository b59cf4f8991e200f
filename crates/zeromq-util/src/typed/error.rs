//! Errors of typed sockets.

use std::error::Error;
use std::fmt;

use zeromq_async::{Message, Peer};

/// The error of a codec.
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
    /// The codec could not encode the value. Nothing was sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The socket, or a layer, refused the message.
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
///     Err(TypedRecvError::Decode(error)) => assert_eq!(error.message(), &b"\xff"),
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(pull.recv().await?, "text"); // the next message
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypedRecvError<E> {
    /// A message could not be decoded. The next one can be received.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The socket, or a layer, returned an error instead of a message.
    #[error(transparent)]
    Socket(E),
    /// The socket is closed and has no more messages. As a `Stream` it ends.
    #[error("the socket is closed")]
    Closed,
}

/// A value could not be encoded. The source is the codec's error.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be encoded: {0}")]
pub struct EncodeError(#[source] BoxError);

impl EncodeError {
    pub(super) fn new(reason: BoxError) -> Self {
        Self(reason)
    }
}

/// A message that could not be decoded. The source is the codec's error.
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

    /// Returns the message as received.
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Returns the sender, unless a layer in between does not know it.
    pub fn peer(&self) -> Option<&Peer> {
        self.0.peer.as_ref()
    }

    /// Returns the message as received.
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
        write!(f, " cannot be decoded: {reason}")
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
