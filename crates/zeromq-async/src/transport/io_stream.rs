//! A connected byte stream of whatever kind.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::endpoint::Endpoint;
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
    /// When the handshake began, where something comes before that of ZMTP.
    handshake_began: Option<Instant>,
    local: Option<Endpoint>,
    descriptor: Option<i32>,
}

enum Stage {
    Open(Halves),
    /// In one piece for as long as it can be.
    Tcp(TcpStream),
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
        Self::at(Stage::Open(halves), peer_address.into())
    }

    /// A connection of TCP, with its peer's address.
    ///
    /// What a transport of one's own has connected or accepted itself is better given here than to
    /// [`new`](Self::new): its two directions part without a lock between them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use tokio::net::{TcpListener, TcpStream};
    /// use zeromq_async::transport::Io;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let io = Io::from_tcp(stream)?;
    /// assert_eq!(io.peer_address().to_string(), listener.local_addr()?.to_string());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// It is not connected any more.
    pub fn from_tcp(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        // Messages are batched before they get here: waiting for more would only add delay.
        stream.set_nodelay(true)?;
        Ok(Self::from_tuned_tcp(stream, peer))
    }

    /// The same where both is known and done.
    pub(super) fn from_tuned_tcp(stream: TcpStream, peer: SocketAddr) -> Self {
        let local = stream.local_addr().ok().map(Endpoint::from);
        let descriptor = descriptor(&stream);
        Self { local, descriptor, ..Self::at(Stage::Tcp(stream), PeerAddress::Tcp(peer)) }
    }

    /// A connection of a Unix domain socket.
    #[cfg(unix)]
    pub(super) fn from_unix(stream: tokio::net::UnixStream, peer_address: PeerAddress) -> Self {
        let descriptor = descriptor(&stream);
        let (reader, writer) = stream.into_split();
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: false };
        Self { descriptor, ..Self::at(Stage::Open(halves), peer_address) }
    }

    /// The connection of TCP that this is, to see or set options of it; `None` where it is another
    /// kind of stream, or has been made into one.
    pub fn tcp_stream(&self) -> Option<&TcpStream> {
        match &self.stage {
            Stage::Tcp(stream) => Some(stream),
            _ => None,
        }
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
        let (peer_address, handshake_began) = (self.peer_address.clone(), self.handshake_began);
        let (local, descriptor) = (self.local.clone(), self.descriptor);
        let upgraded = upgrade(self);
        let opening = Box::pin(async move {
            let (reader, writer) = tokio::io::split(upgraded.await?);
            Ok(Halves { reader: Box::new(reader), writer: Box::new(writer), buffers: true })
        });
        let at = Self::at(Stage::Opening(opening), peer_address);
        Self { handshake_began, local, descriptor, ..at }
    }

    fn at(stage: Stage, peer_address: PeerAddress) -> Self {
        Self { stage, peer_address, handshake_began: None, local: None, descriptor: None }
    }

    /// The handshake begins now, with what comes before that of ZMTP.
    pub(super) fn begin_handshake(&mut self) {
        self.handshake_began = Some(Instant::now());
    }

    pub(crate) fn handshake_began(&self) -> Option<Instant> {
        self.handshake_began
    }

    /// This end, of TCP; `None` where it has no address of its own.
    ///
    /// ```
    /// use zeromq_async::transport::Io;
    ///
    /// let io = Io::from_halves(tokio::io::empty(), tokio::io::sink(), "nobody");
    /// assert_eq!(io.local_endpoint(), None);
    /// ```
    pub fn local_endpoint(&self) -> Option<&Endpoint> {
        self.local.as_ref()
    }

    /// The file descriptor, on Unix, where the stream is the kernel's or made of one that is.
    ///
    /// ```
    /// use zeromq_async::transport::Io;
    ///
    /// let io = Io::from_halves(tokio::io::empty(), tokio::io::sink(), "nobody");
    /// assert_eq!(io.descriptor(), None);
    /// ```
    pub fn descriptor(&self) -> Option<i32> {
        self.descriptor
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
            Stage::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                let (reader, writer) = (Box::new(reader), Box::new(writer));
                Ok(Halves { reader, writer, buffers: false })
            }
            Stage::Opening(opening) => opening.await,
            Stage::Failed => Err(failed()),
        }
    }

    /// The stream once it is open: what reads of it.
    fn poll_reader(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut (dyn AsyncRead + Unpin)>>> {
        ready!(self.poll_open(cx))?;
        Poll::Ready(match &mut self.stage {
            Stage::Open(halves) => Ok(Pin::new(&mut *halves.reader)),
            Stage::Tcp(stream) => Ok(Pin::new(stream)),
            Stage::Opening(_) | Stage::Failed => Err(failed()),
        })
    }

    /// The same, what writes to it.
    fn poll_writer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut (dyn AsyncWrite + Unpin)>>> {
        ready!(self.poll_open(cx))?;
        Poll::Ready(match &mut self.stage {
            Stage::Open(halves) => Ok(Pin::new(&mut *halves.writer)),
            Stage::Tcp(stream) => Ok(Pin::new(stream)),
            Stage::Opening(_) | Stage::Failed => Err(failed()),
        })
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Stage::Opening(opening) = &mut self.stage {
            let opened = ready!(opening.as_mut().poll(cx));
            self.stage = Stage::Failed;
            self.stage = Stage::Open(opened?);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(unix)]
fn descriptor(stream: &impl std::os::fd::AsRawFd) -> Option<i32> {
    Some(stream.as_raw_fd())
}

#[cfg(not(unix))]
fn descriptor<S>(_: &S) -> Option<i32> {
    None
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
        ready!(self.poll_reader(cx))?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_writer(cx))?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_writer(cx))?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stage {
            Stage::Open(halves) => halves.writer.is_write_vectored(),
            Stage::Tcp(stream) => stream.is_write_vectored(),
            Stage::Opening(_) | Stage::Failed => false,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_writer(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_writer(cx))?.poll_shutdown(cx)
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").field("peer_address", &self.peer_address).finish_non_exhaustive()
    }
}
