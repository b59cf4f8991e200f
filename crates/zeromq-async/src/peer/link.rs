//! Where the messages of a pipe go, and the writing of them there.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use zmtp::{Batch, Encoder, Message, SealBuffer};

use super::Pipe;

/// Where the messages go.
pub(super) enum Link {
    /// No connection at present: messages wait.
    Down,
    Stream(Stream),
    Inproc(Arc<Pipe>),
}

/// The write direction of a connection.
pub(crate) struct Stream {
    pub(crate) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether the writer keeps what it is given until it is flushed.
    buffers: bool,
    /// Whether it keeps some now.
    unflushed: bool,
    pub(super) encoder: Encoder,
    /// What is on its way to the kernel, where the connection encrypts.
    sealed: SealBuffer,
    /// What has been written ahead of the queue.
    pub(super) greetings: Greetings,
}

/// How much that is.
#[derive(Clone, Copy, Default)]
pub(super) struct Greetings {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

/// Most bytes given to one write.
///
/// Just below the loopback's segment of 65,483 bytes: a write that goes a little beyond it sends a
/// tiny segment after each full one, and moves a quarter of what this does. To other devices it
/// makes no difference, for the kernel cuts what it gets into their segments anyway.
const MAX_WRITE: usize = 65_000;

/// Most slices given to one vectored write: enough that a call moves a kernel buffer's worth.
const MAX_SLICES: usize = 64;

impl Link {
    /// Whether the writer has nothing left of what it was given.
    pub(super) fn is_flushed(&self) -> bool {
        !matches!(self, Self::Stream(stream) if stream.unflushed)
    }

    /// Bytes of the batch that are sealed and that the kernel has not taken.
    pub(super) fn sealed_bytes(&self) -> usize {
        match self {
            Self::Stream(stream) => stream.sealed.plain_bytes(),
            Self::Down | Self::Inproc(_) => 0,
        }
    }
}

impl Stream {
    pub(crate) fn new(
        writer: Box<dyn AsyncWrite + Send + Unpin>,
        buffers: bool,
        encoder: Encoder,
    ) -> Self {
        Self {
            writer,
            buffers,
            unflushed: false,
            encoder,
            sealed: SealBuffer::new(),
            greetings: Greetings::default(),
        }
    }

    /// Sees to it that what has been written leaves the writer too.
    pub(super) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        written: bool,
    ) -> Poll<io::Result<()>> {
        if !self.buffers || !(self.unflushed || written) {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.writer).poll_flush(cx);
        self.unflushed = flushed.is_pending();
        flushed
    }

    /// Writes from the front of `batch`, and says how many of its bytes are now written.
    #[inline]
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        batch: &Batch,
    ) -> Poll<io::Result<usize>> {
        if self.encoder.is_sealing() {
            return self.poll_write_sealed(cx, batch);
        }
        let writer = Pin::new(&mut self.writer);
        let chunk = batch.first_chunk();
        let is_enough = chunk.len() >= MAX_WRITE || chunk.len() == batch.bytes();
        if is_enough || !writer.is_write_vectored() {
            return writer.poll_write(cx, up_to_max(chunk)).map(not_zero);
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let count = batch.io_slices(&mut slices, MAX_WRITE);
        writer.poll_write_vectored(cx, &slices[..count]).map(not_zero)
    }

    /// Writes a message ahead of everything that is queued.
    pub(crate) async fn write_first(&mut self, message: &Message) -> io::Result<()> {
        let mut batch = Batch::new();
        batch.push(message.clone());
        while !batch.is_empty() {
            let written = poll_fn(|cx| self.poll_write(cx, &batch)).await?;
            batch.advance(written);
            self.greetings.bytes += written as u64;
        }
        self.greetings.messages += 1;
        poll_fn(|cx| self.poll_flush(cx, true)).await
    }

    /// Seals what is next, where the last of it is written, and writes that.
    fn poll_write_sealed(
        &mut self,
        cx: &mut Context<'_>,
        batch: &Batch,
    ) -> Poll<io::Result<usize>> {
        if self.sealed.is_empty() {
            self.encoder.seal(batch, &mut self.sealed);
        }
        let written =
            Pin::new(&mut self.writer).poll_write(cx, up_to_max(self.sealed.first_chunk()));
        written.map(not_zero).map_ok(|written| self.sealed.advance(written))
    }
}

fn up_to_max(chunk: &[u8]) -> &[u8] {
    &chunk[..chunk.len().min(MAX_WRITE)]
}

/// A connection that takes nothing is broken, and asking it again would go on for ever.
fn not_zero(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        other => other,
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Down => "Down",
            Self::Stream(_) => "Stream",
            Self::Inproc(_) => "Inproc",
        })
    }
}
