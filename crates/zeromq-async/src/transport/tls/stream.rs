//! A TLS stream with errors that say why, and the bytes below it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use crate::tls::TlsFailure;
use crate::transport::Io;

/// How many of the first bytes are kept. A ZMTP greeting begins with as many that are fixed.
const KEPT: usize = 10;

/// The stream below TLS. It keeps the first bytes that the peer sent, which tell what it speaks.
pub(super) struct FirstBytes {
    io: Io,
    first: [u8; KEPT],
    kept: usize,
}

impl FirstBytes {
    pub(super) fn new(io: Io) -> Self {
        Self { io, first: [0; KEPT], kept: 0 }
    }

    pub(super) fn first(&self) -> &[u8] {
        &self.first[..self.kept]
    }

    fn keep(&mut self, bytes: &[u8]) {
        let more = bytes.len().min(KEPT - self.kept);
        self.first[self.kept..][..more].copy_from_slice(&bytes[..more]);
        self.kept += more;
    }
}

impl AsyncRead for FirstBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if self.kept < KEPT {
            self.keep(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FirstBytes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A TLS stream with [`TlsFailure`]s as its errors.
pub(super) struct Reasoned(TlsStream<FirstBytes>);

impl Reasoned {
    pub(super) fn new(stream: TlsStream<FirstBytes>) -> Self {
        Self(stream)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        TlsFailure::of_stream(error, self.0.get_ref().0.first(), false)
    }
}

impl AsyncRead for Reasoned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(cx, buffer));
        Poll::Ready(read.map_err(|error| self.explain(error)))
    }
}

impl AsyncWrite for Reasoned {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
