//! Messages made smaller for the way.

mod algorithm;
mod error;
mod packed;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;
use zeromq_async::Message;

use super::Work;

use algorithm::{Algorithm, Compressor, Decompressor};
pub use error::{CompressionError, Undecompressed};
use packed::Packing;

/// Compresses what is sent where that makes it smaller, and decompresses what is received.
///
/// Every message says itself whether it is compressed, and how, so each side may send as it likes:
/// compressed or not, with LZ4 or zstd. A peer without this layer is understood, too; what is sent
/// to it must not be compressed, for it would get it as it is.
///
/// ```
/// # #[cfg(feature = "lz4")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{CompressionLayer, RecvExt, SendExt, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut push = push.with_layer(CompressionLayer::lz4());
/// let mut pull = pull.with_layer(CompressionLayer::lz4());
///
/// let text = "all work and no play makes jack a dull boy; ".repeat(100);
/// push.send(text.as_str()).await?;
/// assert_eq!(pull.recv().await?, text);
/// # Ok(()) }
/// # #[cfg(not(feature = "lz4"))]
/// # fn main() {}
/// ```
///
/// All frames of a message are compressed together, into one. Those that sockets or brokers on the
/// way have to read stay as they are with [`clear_frames`](Self::clear_frames): a publisher's topic,
/// a ROUTER's routing id, the delimiter that a DEALER sends to a REP.
///
/// # Encryption
///
/// The size of a compressed message tells something of what is in it. Where somebody who listens to
/// encrypted connections can also put text of his own into the same messages as a secret, do not
/// compress them (as in CRIME and BREACH).
///
/// # The form
///
/// The last frame of a compressed message begins with the bytes `FF 5A 51 01`, a byte for the
/// algorithm (0 none, 1 an LZ4 block, 2 a zstd frame), the number of frames inside, and the length
/// of each, as LEB128; then comes what is compressed. A message whose last frame happens to begin in
/// that way is sent with algorithm 0, and so arrives as it was.
#[derive(Debug, Clone)]
pub struct CompressionLayer {
    algorithm: Algorithm,
    threshold: usize,
    clear_frames: usize,
    max_size: usize,
}

/// Below it compressing seldom pays.
const THRESHOLD: usize = 512;

const MAX_SIZE: usize = 64 * 1024 * 1024;

impl CompressionLayer {
    /// Compresses with LZ4: fast, hardly slower than copying (feature `lz4`).
    ///
    /// ```
    /// let layer = zeromq_util::layer::CompressionLayer::lz4();
    /// # drop(layer);
    /// ```
    #[cfg(feature = "lz4")]
    pub fn lz4() -> Self {
        Self::new(Algorithm::Lz4)
    }

    /// Compresses with zstd at a level from 1, fast, to 19, small; 3 is usual (feature `zstd`).
    ///
    /// A level outside of that range is taken for its nearer end.
    ///
    /// ```
    /// let layer = zeromq_util::layer::CompressionLayer::zstd(3);
    /// # drop(layer);
    /// ```
    #[cfg(feature = "zstd")]
    pub fn zstd(level: i32) -> Self {
        Self::new(Algorithm::Zstd { level: level.clamp(1, 19) })
    }

    fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, threshold: THRESHOLD, clear_frames: 0, max_size: MAX_SIZE }
    }

    /// From how many bytes on messages are compressed, frames that stay clear not counted.
    /// Default: 512.
    ///
    /// ```
    /// # #[cfg(feature = "lz4")] {
    /// let layer = zeromq_util::layer::CompressionLayer::lz4().threshold(4096);
    /// # }
    /// ```
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// How many frames at the front of each message that is sent stay as they are. Default: 0.
    ///
    /// 1 for PUB and XPUB, whose topic is matched, and for a DEALER that speaks to REPs; for a ROUTER
    /// 1, or 2 where its peers are REQs. Receiving finds out by itself.
    ///
    /// ```
    /// # #[cfg(feature = "lz4")] {
    /// let layer = zeromq_util::layer::CompressionLayer::lz4().clear_frames(1);
    /// # }
    /// ```
    #[must_use]
    pub fn clear_frames(mut self, frames: usize) -> Self {
        self.clear_frames = frames;
        self
    }

    /// The bytes that a received message may have when it is decompressed, so that a small one
    /// cannot fill the memory. Default: 64 MiB.
    ///
    /// A message that says it is larger is not decompressed; it is an error with the message in it.
    ///
    /// A message is decompressed in one go: 64 MiB keep the thread, with its other tasks, for some
    /// 30 ms in an optimised build, for the 2 kB that a peer has to send. What has been decompressed
    /// is then paid for in Tokio's budget, so that other tasks have their turns before the next
    /// message. Where peers are not trusted, choose a limit that is not much above what they need.
    ///
    /// ```
    /// # #[cfg(feature = "lz4")] {
    /// let layer = zeromq_util::layer::CompressionLayer::lz4().max_size(1024 * 1024);
    /// # }
    /// ```
    #[must_use]
    pub fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }
}

impl<S> Layer<S> for CompressionLayer {
    type Service = Compression<S>;

    fn layer(&self, inner: S) -> Compression<S> {
        let packing = Packing { threshold: self.threshold, clear_frames: self.clear_frames };
        Compression {
            inner,
            packing,
            compressor: Compressor::new(self.algorithm),
            decompressor: Decompressor::new(self.max_size),
            sending: Work::default(),
            receiving: Work::default(),
        }
    }
}

/// What a [`CompressionLayer`] makes of a socket.
#[derive(Debug)]
pub struct Compression<S> {
    inner: S,
    packing: Packing,
    compressor: Compressor,
    decompressor: Decompressor,
    /// Of compressing and decompressing, each paid for before the next message.
    sending: Work,
    receiving: Work,
}

#[cfg(feature = "lz4")]
wraps!(Compression<S>, CompressionLayer, "lz4()");
#[cfg(not(feature = "lz4"))]
wraps!(Compression<S>, CompressionLayer, "zstd(3)");

impl<S: Sink<Message> + Unpin> Sink<Message> for Compression<S> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.sending.poll_paid(cx));
        Pin::new(&mut self.inner).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = &mut *self;
        this.sending.add(message.size());
        let message = this.packing.pack(message, &mut this.compressor);
        Pin::new(&mut this.inner).start_send(message)
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Compression<S>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
{
    type Item = Result<Message, CompressionError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        ready!(this.receiving.poll_paid(cx));
        let next = ready!(Pin::new(&mut this.inner).poll_next(cx));
        Poll::Ready(next.map(|item| {
            let message = item.map_err(CompressionError::Inner)?;
            let unpacked = packed::unpack(message, &mut this.decompressor);
            this.receiving.add(this.decompressor.take_produced());
            unpacked.map_err(|undecompressed| CompressionError::Message(Box::new(undecompressed)))
        }))
    }
}
