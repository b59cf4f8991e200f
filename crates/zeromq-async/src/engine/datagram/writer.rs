//! Turns the frames of a queue into datagrams.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::layout::{Front, Layout, front, not_a_message};
use super::shared::Shared;

/// The write half of an endpoint of datagrams: a byte stream of frames goes in, and each message leaves
/// as a datagram.
///
/// Bytes count as written when their datagram is sent, so the queue knows which messages were. After an
/// error the message that caused it is still at the front of the queue.
pub(super) struct DatagramWriter {
    socket: Shared,
    layout: Layout,
    max_datagram: usize,
    /// The beginning of a message that did not come in one piece. Its last bytes are not written before
    /// its datagram is sent.
    partial: Vec<u8>,
    datagram: Vec<u8>,
}

impl DatagramWriter {
    pub(super) fn new(socket: Shared, layout: Layout, max_datagram: usize) -> Self {
        Self { socket, layout, max_datagram, partial: Vec::new(), datagram: Vec::new() }
    }

    /// Sends the first message. Returns the bytes it takes, or 0 if it is not complete.
    fn poll_first(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let (frames, size) = match front(bytes) {
            Front::Message(frames, size) => (frames, size),
            Front::Other { bytes, is_command: true } => return Poll::Ready(Ok(bytes)),
            Front::Other { is_command: false, .. } => {
                return Poll::Ready(Err(not_a_message("it has not two frames")));
            }
            Front::Incomplete => return Poll::Ready(Ok(0)),
        };
        let to = self.layout.encode(frames, &mut self.datagram)?;
        if self.datagram.len() > self.max_datagram {
            return Poll::Ready(Err(not_a_message("it is too long")));
        }
        ready!(self.socket.poll_send(cx, &self.datagram, to))?;
        Poll::Ready(Ok(size))
    }

    /// Sends messages from the front of `bytes`. Returns the bytes of those sent, at least of one.
    fn poll_whole(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.poll_first(cx, &bytes[sent..]) {
                Poll::Ready(Ok(size @ 1..)) => sent += size,
                Poll::Ready(Ok(0)) if sent == 0 => {
                    self.partial.extend_from_slice(bytes);
                    return Poll::Ready(Ok(bytes.len()));
                }
                // An error is met again in the next call.
                _ if sent > 0 => break,
                other => return other,
            }
        }
        Poll::Ready(Ok(sent))
    }

    /// Sends the message that begins in `partial`.
    fn poll_rest(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut message = std::mem::take(&mut self.partial);
        let before = message.len();
        message.extend_from_slice(bytes);
        let first = self.poll_first(cx, &message);
        match &first {
            Poll::Ready(Ok(0)) => self.partial = message,
            Poll::Ready(_) => {}
            Poll::Pending => {
                message.truncate(before);
                self.partial = message;
            }
        }
        first.map_ok(|size| if size == 0 { bytes.len() } else { size - before })
    }
}

impl AsyncWrite for DatagramWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.partial.is_empty() { self.poll_whole(cx, bytes) } else { self.poll_rest(cx, bytes) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
