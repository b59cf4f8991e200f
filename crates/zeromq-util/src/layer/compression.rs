//! Compressed messages.

mod algorithm;
mod error;
mod packed;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::Message;

use super::BytesWorked;

use algorithm::{Algorithm, Compressor, Decompressor};
pub use error::{CompressionError, Undecompressed};
use packed::Packing;

/// Compresses sent messages where that makes them smaller, and decompresses received ones.
///
/// Each message says whether and how it is compressed, so each side may send compressed or not, with
/// LZ4 or zstd. The layer understands a peer without it. Such a peer must not be sent compressed
/// messages, because it receives them as they are.
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
/// All frames of a message are compressed together into one. Exclude frames that sockets or brokers
/// on the way must read with [`clear_frames`](Self::clear_frames): a publisher's topic, a ROUTER's
/// routing id, the delimiter that a DEALER sends to a REP.
///
/// # Encryption
///
/// The size of a compressed message reveals something about its content. Do not compress messages
/// that contain both a secret and text from an attacker, if the attacker can observe the encrypted
/// connection (as in CRIME and BREACH).
///
/// # Format
///
/// The last frame of a compressed message begins with the bytes `FF 5A 51 01`, a byte for the
/// algorithm (0 none, 1 an LZ4 block, 2 a zstd frame), the number of frames inside, and the length
/// of each, as LEB128. The compressed bytes follow. If the last frame of a message itself begins
/// with these bytes, the message is sent with algorithm 0, and arrives unchanged.
#[derive(Debug, Clone)]
pub struct CompressionLayer {
    algorithm: Algorithm,
    threshold: usize,
    clear_frames: usize,
    max_size: usize,
}

/// Compressing smaller messages seldom pays.
const THRESHOLD: usize = 512;

const MAX_SIZE: usize = 64 * 1024 * 1024;

impl CompressionLayer {
    /// Compresses with LZ4: hardly slower than copying (feature `lz4`).
    #[cfg(feature = "lz4")]
    pub fn lz4() -> Self {
        Self::new(Algorithm::Lz4)
    }

    /// Compresses with zstd at a level from 1, fast, to 19, small; 3 is usual (feature `zstd`).
    ///
    /// A level out of range is taken for the nearest in it.
    #[cfg(feature = "zstd")]
    pub fn zstd(level: i32) -> Self {
        Self::new(Algorithm::Zstd { level: level.clamp(1, 19) })
    }

    fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, threshold: THRESHOLD, clear_frames: 0, max_size: MAX_SIZE }
    }

    /// Sets the smallest message that is compressed, in bytes without clear frames. Default: 512.
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Sets the number of frames at the front of each sent message that are not compressed.
    /// Default: 0.
    ///
    /// Use 1 for PUB and XPUB, which match the topic, and for a DEALER with REP peers. Use 1 for a
    /// ROUTER, or 2 if its peers are REQs. The receiver needs no such setting.
    #[must_use]
    pub fn clear_frames(mut self, frames: usize) -> Self {
        self.clear_frames = frames;
        self
    }

    /// Sets the largest size of a decompressed message, in bytes, so that a small message cannot
    /// fill the memory. Default: 64 MiB.
    ///
    /// A larger message is not decompressed. It is an error that contains the message.
    ///
    /// A message is decompressed in one step. 64 MiB block the thread for about 30 ms in an
    /// optimized build, for 2 kB that a peer sends. Other tasks run before the next message. If peers
    /// are not trusted, choose a limit that is not much larger than necessary.
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
            compressed: BytesWorked::default(),
            decompressed: BytesWorked::default(),
        }
    }
}

pin_project! {
    /// A socket with a [`CompressionLayer`].
    #[derive(Debug)]
    pub struct Compression<S> {
        #[pin]
        inner: S,
        packing: Packing,
        compressor: Compressor,
        decompressor: Decompressor,
        // Each is paid for before the next message.
        compressed: BytesWorked,
        decompressed: BytesWorked,
    }
}

accessors!(Compression<S>);

impl<S: Sink<Message>> Sink<Message> for Compression<S> {
    type Error = S::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        ready!(this.compressed.poll_paid(cx));
        this.inner.poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = self.project();
        this.compressed.add(message.size());
        this.inner.start_send(this.packing.pack(message, this.compressor))
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Compression<S>
where
    S: Stream<Item = Result<Message, E>>,
{
    type Item = Result<Message, CompressionError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        ready!(this.decompressed.poll_paid(cx));
        let next = ready!(this.inner.poll_next(cx));
        Poll::Ready(next.map(|item| {
            let message = item.map_err(CompressionError::Inner)?;
            let unpacked = packed::unpack(message, this.decompressor);
            this.decompressed.add(this.decompressor.take_produced());
            unpacked.map_err(|undecompressed| CompressionError::Message(Box::new(undecompressed)))
        }))
    }
}
