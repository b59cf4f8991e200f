//! The write half of a connection.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use zmtp::{Batch, Encoder, Message, ProtocolError, SealBuffer};

/// The write half of a connection: encodes commands, seals where the connection encrypts, and writes.
pub(crate) struct FrameWriter {
    pub(crate) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether the writer keeps bytes until it is flushed.
    buffers: bool,
    /// Whether it keeps some now.
    unflushed: bool,
    pub(super) encoder: Encoder,
    /// Sealed bytes that the kernel has not taken.
    sealed: SealBuffer,
    /// Messages that were written ahead of the queue.
    pub(super) written_first: WrittenFirst,
}

/// Messages that were written ahead of the queue, and their bytes on the wire.
#[derive(Clone, Copy, Default)]
pub(super) struct WrittenFirst {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

/// The most bytes given to one write.
///
/// Just below the segment of the loopback device, 65,483 bytes. A write a little above it sends a tiny
/// segment after each full one, and throughput falls to a quarter. Other devices do not care: the
/// kernel cuts their segments itself.
const MAX_WRITE: usize = 65_000;

/// The most slices given to one vectored write: enough to fill the kernel's buffer in one call.
const MAX_SLICES: usize = 64;

impl FrameWriter {
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
            written_first: WrittenFirst::default(),
        }
    }

    /// Whether the writer keeps nothing that it was given.
    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Whether a part of the next frame is written, sealed.
    pub(super) fn has_partial_record(&self) -> bool {
        self.sealed.is_partly_written()
    }

    /// Bytes of the batch that are sealed and that the kernel has not taken.
    pub(super) fn sealed_bytes(&self) -> usize {
        self.sealed.plain_bytes()
    }

    /// Flushes a writer that buffers, where it may keep bytes.
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

    /// Writes from the front of `batch` and returns how many of its bytes are now written.
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

    /// Writes a message ahead of the queue.
    pub(crate) async fn write_first(&mut self, message: &Message) -> io::Result<()> {
        let mut batch = Batch::new();
        batch.push(message.clone());
        while !batch.is_empty() {
            let written = poll_fn(|cx| self.poll_write(cx, &batch)).await?;
            batch.advance(written);
            self.written_first.bytes += written as u64;
        }
        self.written_first.messages += 1;
        poll_fn(|cx| self.poll_flush(cx, true)).await
    }

    /// Ends the connection after all that was written.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        if self.sealed.is_empty() {
            self.encoder.finish(None, &mut self.sealed);
            self.writer.write_all(self.sealed.first_chunk()).await?;
            self.sealed.clear();
        }
        self.writer.shutdown().await
    }

    /// Ends the connection because of an error, if its framing has a way to say so. Returns whether it
    /// has.
    pub(crate) async fn fail(&mut self, error: &ProtocolError) -> io::Result<bool> {
        if !self.encoder.finish(Some(error), &mut self.sealed) {
            return Ok(false);
        }
        self.writer.write_all(self.sealed.first_chunk()).await?;
        self.writer.shutdown().await?;
        Ok(true)
    }

    /// Writes sealed bytes, and seals the next ones when none are left.
    fn poll_write_sealed(
        &mut self,
        cx: &mut Context<'_>,
        batch: &Batch,
    ) -> Poll<io::Result<usize>> {
        if self.sealed.is_empty() {
            self.encoder.seal(batch, &mut self.sealed);
        }
        let chunk = up_to_max(self.sealed.first_chunk());
        if chunk.is_empty() {
            // These frames have no bytes on the wire.
            return Poll::Ready(not_zero(Ok(self.sealed.advance(0))));
        }
        let written = Pin::new(&mut self.writer).poll_write(cx, chunk);
        written.map(not_zero).map_ok(|written| self.sealed.advance(written))
    }
}

fn up_to_max(chunk: &[u8]) -> &[u8] {
    &chunk[..chunk.len().min(MAX_WRITE)]
}

/// Treats a write of nothing as an error: trying again could loop for ever.
fn not_zero(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        other => other,
    }
}

impl std::fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameWriter").finish_non_exhaustive()
    }
}
