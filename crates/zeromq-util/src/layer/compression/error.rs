//! What cannot be decompressed.

use zeromq_async::Message;

use zeromq_async::RecvError;

/// A message could not be decompressed, or what the layer wraps failed.
///
/// The message that could not is gone from the socket and in the error; the next can be received.
///
/// ```
/// use zeromq_async::RecvError;
/// use zeromq_util::layer::CompressionError;
///
/// let closed = CompressionError::Inner(RecvError::Closed);
/// assert_eq!(closed.to_string(), "the socket is closed");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError<E> {
    /// The message cannot be decompressed.
    #[error(transparent)]
    Message(Box<Undecompressed>),
    /// What the layer wraps failed.
    #[error(transparent)]
    Inner(E),
}

impl<E: From<RecvError>> From<RecvError> for CompressionError<E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}

/// Why a message cannot be decompressed, and the message.
///
/// ```
/// # #[cfg(feature = "lz4")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{CompressionError, CompressionLayer, RecvExt, SendExt, Undecompressed, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut push = push.with_layer(CompressionLayer::lz4());
/// let mut pull = pull.with_layer(CompressionLayer::lz4().max_size(1_000_000));
///
/// push.send(vec![0; 2_000_000]).await?;
/// match pull.recv().await {
///     Err(CompressionError::Message(error)) => {
///         assert!(matches!(*error, Undecompressed::TooLarge { size: 2_000_000, .. }));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// # #[cfg(not(feature = "lz4"))]
/// # fn main() {}
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Undecompressed {
    /// It says that it would be larger than is allowed; it was not decompressed.
    #[error("a compressed message would have {size} bytes, and no more than {limit} are allowed")]
    TooLarge {
        /// The message as it came.
        message: Message,
        /// Its bytes, decompressed.
        size: usize,
        /// The layer's limit; see [`max_size`](super::CompressionLayer::max_size).
        limit: usize,
    },
    /// This side does not have its algorithm.
    #[error(
        "a message is compressed with algorithm {algorithm}, which is not built in: 1 is the \
         feature `lz4`, 2 the feature `zstd`"
    )]
    Unknown {
        /// The message as it came.
        message: Message,
        /// The number of the algorithm.
        algorithm: u8,
    },
    /// It is not what it says.
    #[error("a compressed message is damaged: {reason}")]
    Damaged {
        /// The message as it came.
        message: Message,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Undecompressed {
    /// The message as it came.
    pub fn message(&self) -> &Message {
        match self {
            Self::TooLarge { message, .. }
            | Self::Unknown { message, .. }
            | Self::Damaged { message, .. } => message,
        }
    }

    /// Gives the message out.
    pub fn into_message(self) -> Message {
        match self {
            Self::TooLarge { message, .. }
            | Self::Unknown { message, .. }
            | Self::Damaged { message, .. } => message,
        }
    }
}
