//! The data stream of a QUIC connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::closing::Code;
use super::failure::{explain, io_error};
use super::liveness;
use super::udp::UdpEndpoint;

/// What both halves hold. The last one closes the connection.
pub(super) struct Shared {
    connection: Connection,
    /// The UDP socket, and its task.
    udp: Arc<UdpEndpoint>,
    liveness: AbortHandle,
    runtime: Handle,
    /// The peer has received all, or has sent its end.
    done: AtomicBool,
    /// A task waits until the peer has received all, and then closes the connection.
    draining: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        udp: Arc<UdpEndpoint>,
        connection: Connection,
        liveness: AbortHandle,
    ) -> Self {
        let (done, draining) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { connection, udp, liveness, runtime: Handle::current(), done, draining }
    }

    fn set_done(&self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.liveness.abort();
        if !self.draining.load(Ordering::Relaxed) {
            let is_done = self.done.load(Ordering::Relaxed);
            let code = if is_done { Code::Done } else { Code::Aborted };
            self.connection.close(code.number(), b"");
        }
    }
}

/// The read half.
pub(super) struct QuicReader {
    recv: RecvStream,
    shared: Arc<Shared>,
}

impl QuicReader {
    pub(super) fn new(recv: RecvStream, shared: Arc<Shared>) -> Self {
        Self { recv, shared }
    }

    /// An orderly close of the peer is the end of the stream.
    fn ended(&self, error: ReadError) -> io::Result<()> {
        match error {
            ReadError::ConnectionLost(ConnectionError::ApplicationClosed(close))
                if Code::of(close.error_code) == Code::Done =>
            {
                self.shared.set_done();
                Ok(())
            }
            ReadError::ConnectionLost(ConnectionError::LocallyClosed) => {
                Err(liveness::closed_here())
            }
            ReadError::ConnectionLost(error) => Err(io_error(&error)),
            error => Err(error.into()),
        }
    }
}

impl AsyncRead for QuicReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        match ready!(self.recv.poll_read_buf(cx, buffer)) {
            Ok(()) => {
                if buffer.remaining() == room && room > 0 {
                    self.shared.set_done();
                }
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(self.ended(error)),
        }
    }
}

/// The write half.
pub(super) struct QuicWriter {
    /// `None` once its end is awaited elsewhere.
    send: Option<SendStream>,
    shared: Arc<Shared>,
    ending: Option<Ending>,
}

/// The end of the stream was sent, and the peer has not received all yet.
type Ending = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// How long a closed connection goes on sending. The kernel does that for TCP.
const DRAIN: Duration = Duration::from_secs(30);

impl QuicWriter {
    pub(super) fn new(send: SendStream, shared: Arc<Shared>) -> Self {
        Self { send: Some(send), shared, ending: None }
    }

    fn send(&mut self) -> io::Result<Pin<&mut SendStream>> {
        self.send.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncWrite for QuicWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(self.send()?, cx, bytes).map_err(explain)
    }

    /// QUIC has a buffer of its own, into which each slice is copied.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut written = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            match self.as_mut().poll_write(cx, slice) {
                Poll::Ready(Ok(more)) => written += more,
                other if written == 0 => return other,
                // The next call meets the same.
                _ => break,
            }
            if self.send.is_none() {
                break;
            }
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Sends the end of the stream, and waits until the peer has received all.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let ending = this.ending.get_or_insert_with(|| match this.send.as_mut() {
            Some(send) => end(send),
            None => Box::pin(async { Ok(()) }),
        });
        ready!(ending.as_mut().poll(cx))?;
        this.shared.set_done();
        this.ending = Some(Box::pin(async { Ok(()) }));
        Poll::Ready(Ok(()))
    }
}

fn end(send: &mut SendStream) -> Ending {
    let _ = send.finish();
    let stopped = send.stopped();
    Box::pin(async move {
        match stopped.await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(error) => Err(explain(io::Error::other(error))),
        }
    })
}

impl Drop for QuicWriter {
    /// Lets the connection send the written bytes, if the stream has been finished.
    fn drop(&mut self) {
        let is_done = self.shared.done.load(Ordering::Relaxed);
        let (Some(ending), false) = (self.ending.take(), is_done) else { return };
        self.shared.draining.store(true, Ordering::Relaxed);
        let (connection, udp) = (self.shared.connection.clone(), self.shared.udp.clone());
        let send = self.send.take();
        self.shared.runtime.spawn(async move {
            let drained = timeout(DRAIN, ending).await;
            let is_done = matches!(drained, Ok(Ok(())));
            let code = if is_done { Code::Done } else { Code::Aborted };
            connection.close(code.number(), b"");
            drop((send, udp));
        });
    }
}
