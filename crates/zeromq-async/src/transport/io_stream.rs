//! A connected byte stream of any kind.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use zmtp::framing::Framing;

use crate::endpoint::Endpoint;
use crate::identity::{PeerAddress, TransportUser};

/// A connected byte stream, and the address of its peer.
///
/// It is made from any `AsyncRead + AsyncWrite`, and implements both, so that one transport can use
/// another.
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
    /// When a handshake below ZMTP began, if there is one.
    handshake_began: Option<Instant>,
    local: Option<Endpoint>,
    descriptor: Option<i32>,
    /// Set at the latest when the handshake below ZMTP is done.
    user: Option<Arc<OnceLock<TransportUser>>>,
    framing: Option<Box<dyn Framing>>,
}

enum Stage {
    Open(Halves),
    /// Not split yet.
    Tcp(TcpStream),
    /// A handshake below ZMTP is not done yet.
    Opening(Opening),
    /// That handshake has failed.
    Failed,
}

type Opening = Pin<Box<dyn Future<Output = io::Result<Halves>> + Send>>;

/// The read half and the write half of a stream, which are polled separately.
pub(crate) struct Halves {
    pub(crate) reader: Box<dyn AsyncRead + Send + Unpin>,
    /// Dropping both halves closes the connection.
    pub(crate) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether the writer buffers until it is flushed. The kernel's streams do not.
    pub(crate) buffers: bool,
}

impl Halves {
    fn split(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader: Box::new(reader), writer: Box::new(writer), buffers: true }
    }
}

impl Io {
    /// Makes a stream from any byte stream and the name or address of the peer.
    ///
    /// The name appears in events and in authentication. Connections with the same name share the
    /// limit of pending handshakes
    /// [per address](crate::SocketBuilder::max_pending_handshakes_per_address).
    pub fn new(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer_address: impl Into<PeerAddress>,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self::from_halves(reader, writer, peer_address)
    }

    /// Makes a stream of two halves, such as the pipes of a child process.
    pub fn from_halves(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer_address: impl Into<PeerAddress>,
    ) -> Self {
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: true };
        Self::at(Stage::Open(halves), peer_address.into())
    }

    /// Makes a stream of a TCP connection.
    ///
    /// Faster than [`new`](Self::new), which puts a lock between the two halves.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub fn from_tcp(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        // Messages are batched already. Nagle's algorithm would only add delay.
        stream.set_nodelay(true)?;
        Ok(Self::from_tuned_tcp(stream, peer))
    }

    /// Makes a stream of a TCP connection that already has its options.
    pub(super) fn from_tuned_tcp(stream: TcpStream, peer: SocketAddr) -> Self {
        let local = stream.local_addr().ok().map(Endpoint::from);
        let descriptor = descriptor(&stream);
        Self { local, descriptor, ..Self::at(Stage::Tcp(stream), PeerAddress::Tcp(peer)) }
    }

    /// Makes a stream of a Unix domain socket.
    #[cfg(unix)]
    pub(super) fn from_unix(stream: tokio::net::UnixStream, peer_address: PeerAddress) -> Self {
        let descriptor = descriptor(&stream);
        let (reader, writer) = stream.into_split();
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: false };
        Self { descriptor, ..Self::at(Stage::Open(halves), peer_address) }
    }

    /// Makes a stream of the halves of a kernel's socket.
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    pub(super) fn from_kernel(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer_address: PeerAddress,
        descriptor: i32,
    ) -> Self {
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        let halves = Halves { reader, writer, buffers: false };
        Self { descriptor: Some(descriptor), ..Self::at(Stage::Open(halves), peer_address) }
    }

    /// The TCP connection, to read or set its options. `None` for any other stream, and after
    /// [`upgrade`](Self::upgrade).
    pub fn tcp_stream(&self) -> Option<&TcpStream> {
        match &self.stage {
            Stage::Tcp(stream) => Some(stream),
            _ => None,
        }
    }

    /// Turns this stream into another one of the same peer, as a TLS handshake does.
    ///
    /// `upgrade` is called now. Its future runs later in the connection's task, within the handshake
    /// timeout, and counts as a pending handshake. So it does not delay a listener.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use zeromq_async::transport::Io;
    ///
    /// let (near, mut far) = tokio::io::duplex(1024);
    /// let mut near = Io::new(near, "far").upgrade(|mut io| async move {
    ///     io.write_all(b"STARTTLS ").await?; // then the TLS handshake
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
        let user = self.user.clone();
        self.into_opening(user, |io| {
            let upgraded = upgrade(io);
            Box::pin(async move { Ok(Halves::split(upgraded.await?)) })
        })
    }

    /// Like [`upgrade`](Self::upgrade), with the user that the handshake has verified.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncReadExt;
    /// use zeromq_async::transport::Io;
    /// use zeromq_async::{PullSocket, PushSocket, TransportUser};
    ///
    /// let (near, far) = tokio::io::duplex(1024);
    /// let near = Io::new(near, "far").upgrade_with_user(|mut io| async move {
    ///     let badge = io.read_u8().await?; // a real one would be checked
    ///     Ok((io, Some(TransportUser::new(format!("badge-{badge}")))))
    /// });
    /// let far = Io::new(far, "near").upgrade(|mut io| async move {
    ///     tokio::io::AsyncWriteExt::write_u8(&mut io, 7).await?;
    ///     Ok(io)
    /// });
    /// let (mut pull, mut push) = (PullSocket::new(), PushSocket::new());
    /// pull.handle().accept_stream(near)?;
    /// push.handle().connect_stream(far)?;
    /// push.send("hello").await?;
    /// let (_, peer) = pull.recv_from().await?;
    /// assert_eq!(peer.info().user_id(), Some("badge-7"));
    /// # Ok(()) }
    /// ```
    pub fn upgrade_with_user<S, F>(self, upgrade: impl FnOnce(Self) -> F) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<(S, Option<TransportUser>)>> + Send + 'static,
    {
        let verified = Arc::new(OnceLock::new());
        self.into_opening(Some(verified.clone()), |io| {
            let earlier = io.user.clone();
            let upgraded = upgrade(io);
            Box::pin(async move {
                let (stream, user) = upgraded.await?;
                if let Some(user) = user.or_else(|| earlier?.get().cloned()) {
                    let _ = verified.set(user);
                }
                Ok(Halves::split(stream))
            })
        })
    }

    /// A stream over IP that opens later. `open` gets the place for the user that it verifies.
    #[cfg(feature = "quic")]
    pub(super) fn opening<F>(
        peer: SocketAddr,
        local: Option<Endpoint>,
        open: impl FnOnce(Arc<OnceLock<TransportUser>>) -> F,
    ) -> Self
    where
        F: Future<Output = io::Result<Halves>> + Send + 'static,
    {
        let user = Arc::new(OnceLock::new());
        let stage = Stage::Opening(Box::pin(open(user.clone())));
        Self { local, user: Some(user), ..Self::at(stage, PeerAddress::Tcp(peer)) }
    }

    /// Replaces the stream by one that opens later. The addresses stay.
    fn into_opening(
        mut self,
        user: Option<Arc<OnceLock<TransportUser>>>,
        open: impl FnOnce(Self) -> Opening,
    ) -> Self {
        let (peer_address, handshake_began) = (self.peer_address.clone(), self.handshake_began);
        let (local, descriptor) = (self.local.clone(), self.descriptor);
        let framing = self.take_framing();
        let stage = Stage::Opening(open(self));
        Self { stage, peer_address, handshake_began, local, descriptor, user, framing }
    }

    fn at(stage: Stage, peer_address: PeerAddress) -> Self {
        Self {
            stage,
            peer_address,
            handshake_began: None,
            local: None,
            descriptor: None,
            user: None,
            framing: None,
        }
    }

    /// Attaches the user that the transport has verified.
    #[must_use]
    pub fn with_user(self, user: TransportUser) -> Self {
        Self { user: Some(Arc::new(OnceLock::from(user))), ..self }
    }

    /// The user that the transport has verified. `None` before its handshake is done.
    pub fn user(&self) -> Option<&TransportUser> {
        self.user.as_ref()?.get()
    }

    /// The user, to look at once the stream is open.
    pub(crate) fn verified_user(&self) -> impl Fn() -> Option<TransportUser> + use<> {
        let user = self.user.clone();
        move || user.as_ref()?.get().cloned()
    }

    /// Carries frames over this stream in another way than ZMTP, such as in WebSocket messages.
    ///
    /// The framing, of the crate `zmtp-codec`, replaces the greeting of ZMTP. A STREAM socket takes no stream with a framing.
    #[must_use]
    pub fn with_framing(self, framing: impl Framing + 'static) -> Self {
        Self { framing: Some(Box::new(framing)), ..self }
    }

    pub(crate) fn take_framing(&mut self) -> Option<Box<dyn Framing>> {
        self.framing.take()
    }

    /// Begins the handshake now, below ZMTP.
    pub(super) fn begin_handshake(&mut self) {
        self.handshake_began = Some(Instant::now());
    }

    pub(crate) fn handshake_began(&self) -> Option<Instant> {
        self.handshake_began
    }

    /// The local address of a TCP connection. `None` for other streams.
    pub fn local_endpoint(&self) -> Option<&Endpoint> {
        self.local.as_ref()
    }

    /// The file descriptor, on Unix, of a stream that is or was made of a kernel's socket.
    pub fn descriptor(&self) -> Option<i32> {
        self.descriptor
    }

    /// The address of the peer.
    pub fn peer_address(&self) -> &PeerAddress {
        &self.peer_address
    }

    /// Replaces the address of the peer, for example by one that a proxy reports.
    #[must_use]
    pub fn with_peer_address(self, peer_address: impl Into<PeerAddress>) -> Self {
        Self { peer_address: peer_address.into(), ..self }
    }

    /// Completes the handshake below ZMTP, and splits the stream.
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
