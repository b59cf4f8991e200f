//! Errors of decompressing.

use zeromq_async::{Message, RecvError};

/// The error of a [`Compression`](super::Compression).
///
/// A message that cannot be decompressed is in the error. The next one can be received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError<E> {
    /// A message cannot be decompressed.
    #[error(transparent)]
    Message(Box<Undecompressed>),
    /// The wrapped socket or layer failed.
    #[error(transparent)]
    Inner(E),
}

impl<E: From<RecvError>> From<RecvError> for CompressionError<E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}

/// A message that cannot be decompressed, and the reason.
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
    /// It states a size over the limit. It was not decompressed.
    #[error("a compressed message has {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// The message as received.
        message: Message,
        /// Its decompressed size in bytes.
        size: usize,
        /// The layer's limit; see [`max_size`](super::CompressionLayer::max_size).
        limit: usize,
    },
    /// Its algorithm is not built in.
    #[error(
        "a message is compressed with algorithm {algorithm}, which is not built in: 1 is the \
         feature `lz4`, 2 the feature `zstd`"
    )]
    Unknown {
        /// The message as received.
        message: Message,
        /// The number of the algorithm in the message.
        algorithm: u8,
    },
    /// Its content is invalid.
    #[error("a compressed message is damaged: {reason}")]
    Damaged {
        /// The message as received.
        message: Message,
        /// The reason.
        reason: &'static str,
    },
}

impl Undecompressed {
    /// Returns the message as received.
    pub fn message(&self) -> &Message {
        match self {
            Self::TooLarge { message, .. }
            | Self::Unknown { message, .. }
            | Self::Damaged { message, .. } => message,
        }
    }

    /// Returns the message as received.
    pub fn into_message(self) -> Message {
        match self {
            Self::TooLarge { message, .. }
            | Self::Unknown { message, .. }
            | Self::Damaged { message, .. } => message,
        }
    }
}
