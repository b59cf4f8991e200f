//! A connected byte stream of whatever kind.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::identity::PeerAddress;

/// A connected byte stream, and who is at its other end.
///
/// Anything that is `AsyncRead + AsyncWrite` can be one, and it is both itself, so that a transport
/// can be made of another one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use zeromq_async::transport::Io;
///
/// let (near, far) = tokio::io::duplex(1024);
/// let (mut near, mut far) = (Io::new(near, "far"), Io::new(far, "near"));
/// near.write_all(b"hello").await?;
/// let mut received = [0; 5];
/// far.read_exact(&mut received).await?;
/// assert_eq!(&received, b"hello");
/// assert_eq!(far.peer_address().to_string(), "near");
/// # Ok(()) }
/// ```
pub struct Io {
    stage: Stage,
    peer_address: PeerAddress,
}

enum Stage {
    Open(Halves),
    /// A handshake below ZMTP is to be done, or is under way.
    Opening(Opening),
    /// That has failed.
    Failed,
}

type Opening = Pin<Box<dyn Future<Output = io::Result<Halves>> + Send>>;

/// The two directions of a stream, apart so that each may be polled without the other.
pub(crate) struct Halves {
    /// What the peer sends.
    pub(crate) reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What the peer receives. Dropping both halves closes the connection.
    pub(crate) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether what is written stays with the writer until it is flushed. To the kernel's own
    /// streams flushing means nothing.
    pub(crate) buffers: bool,
}

impl Io {
    /// A stream, and its peer by whatever name or address the transport knows it.
    ///
    /// What the name is worth is the transport's to say: it appears in events, is told to
    /// authenticators, and connections of the same name share the limit of pending handshakes
    /// [of one address](crate::SocketBuilder::max_pending_handshakes_per_address).
    ///
    /// ```
    /// use zeromq_async::transport::Io;
    ///
    /// let (near, _far) = tokio::io::duplex(1024);
    /// let io = Io::new(near, "channel 7 of alice");
    /// # drop(io);
    /// ```
    pub fn new(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer_address: impl Into<PeerAddress>,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self::from_halves(reader, writer, peer_address)
    }

    /// A stream whose directions are apart already, as the pipes of a child process are.
    ///
    /// ```
    /// use zeromq_async::transport::Io;
    ///
    /// let io = Io::from_halves(tokio::io::empty(), tokio::io::sink(), "nobody");
    /// # drop(io);
    /// ```
    pub fn from_halves(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer_address: impl Into<PeerAddress>,
    ) -> Self {
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: true };
        Self { stage: Stage::Open(halves), peer_address: peer_address.into() }
    }

    /// A stream of the kernel's, which there is nothing to flush of.
    pub(super) fn from_kernel(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer_address: PeerAddress,
    ) -> Self {
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: false };
        Self { stage: Stage::Open(halves), peer_address }
    }

    /// Makes this stream into another one, as a handshake of TLS does, with the same peer.
    ///
    /// `upgrade` is called now and what it returns is awaited later: in the task of the connection,
    /// within the handshake timeout, and counted as a pending handshake. So a listener may use it
    /// for clients that take their time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use zeromq_async::transport::Io;
    ///
    /// let (near, mut far) = tokio::io::duplex(1024);
    /// let mut near = Io::new(near, "far").upgrade(|mut io| async move {
    ///     io.write_all(b"STARTTLS ").await?; // and more would follow
    ///     Ok(io)
    /// });
    /// near.write_all(b"hello").await?;
    /// let mut received = [0; 14];
    /// far.read_exact(&mut received).await?;
    /// assert_eq!(&received, b"STARTTLS hello");
    /// # Ok(()) }
    /// ```
    pub fn upgrade<S, F>(self, upgrade: impl FnOnce(Self) -> F) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        let peer_address = self.peer_address.clone();
        let upgraded = upgrade(self);
        let opening = Box::pin(async move {
            let (reader, writer) = tokio::io::split(upgraded.await?);
            Ok(Halves { reader: Box::new(reader), writer: Box::new(writer), buffers: true })
        });
        Self { stage: Stage::Opening(opening), peer_address }
    }

    /// Who is at the other end.
    pub fn peer_address(&self) -> &PeerAddress {
        &self.peer_address
    }

    /// The same stream under another name of its peer, as a proxy in front may tell it.
    ///
    /// ```
    /// use zeromq_async::transport::Io;
    ///
    /// let (near, _far) = tokio::io::duplex(1024);
    /// let io = Io::new(near, "a proxy").with_peer_address("whom the proxy speaks for");
    /// assert_eq!(io.peer_address().to_string(), "whom the proxy speaks for");
    /// ```
    #[must_use]
    pub fn with_peer_address(self, peer_address: impl Into<PeerAddress>) -> Self {
        Self { peer_address: peer_address.into(), ..self }
    }

    /// The two directions, once the stream is open.
    pub(crate) async fn open(self) -> io::Result<Halves> {
        match self.stage {
            Stage::Open(halves) => Ok(halves),
            Stage::Opening(opening) => opening.await,
            Stage::Failed => Err(failed()),
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut Halves>> {
        if let Stage::Opening(opening) = &mut self.stage {
            let opened = ready!(opening.as_mut().poll(cx));
            self.stage = Stage::Failed;
            self.stage = Stage::Open(opened?);
        }
        Poll::Ready(match &mut self.stage {
            Stage::Open(halves) => Ok(halves),
            Stage::Opening(_) | Stage::Failed => Err(failed()),
        })
    }
}

fn failed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the handshake of this stream has failed")
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let halves = ready!(self.poll_open(cx))?;
        Pin::new(&mut halves.reader).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let halves = ready!(self.poll_open(cx))?;
        Pin::new(&mut halves.writer).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let halves = ready!(self.poll_open(cx))?;
        Pin::new(&mut halves.writer).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        matches!(&self.stage, Stage::Open(halves) if halves.writer.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let halves = ready!(self.poll_open(cx))?;
        Pin::new(&mut halves.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let halves = ready!(self.poll_open(cx))?;
        Pin::new(&mut halves.writer).poll_shutdown(cx)
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").field("peer_address", &self.peer_address).finish_non_exhaustive()
    }
}
