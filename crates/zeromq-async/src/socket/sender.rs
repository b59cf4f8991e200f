//! The half of a socket that sends.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zmtp::Message;

use super::send_half::SendHalf;
use super::{Sends, SharesSending, SocketHandle, SocketKind};
use crate::error::SendError;
use crate::identity::PeerId;

/// The half of a socket that sends: a `Sink` of messages.
///
/// Made by [`Socket::split`](crate::Socket::split) or [`Socket::sender`](crate::Socket::sender). It
/// can be cloned if the socket type allows several senders (PUSH, DEALER, ROUTER, PUB, XPUB, XSUB,
/// PAIR). REQ and REP send and receive in turn, and have one sender.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// for worker in ["one", "two"] {
///     let mut sender = push.sender();
///     tokio::spawn(async move { sender.send(worker).await });
/// }
/// let both = [pull.recv().await?, pull.recv().await?];
/// assert!(both.contains(&"one".into()) && both.contains(&"two".into()));
/// # Ok(()) }
/// ```
pub struct Sender<P: SocketKind> {
    pub(super) half: SendHalf<P::SendStack>,
}

impl<P: SocketKind> Sender<P> {
    pub(super) fn new(stack: P::SendStack, handle: SocketHandle) -> Self {
        Self { half: SendHalf::new(stack, handle) }
    }

    /// The handle that binds, connects and closes the socket.
    pub fn handle(&self) -> &SocketHandle {
        self.half.handle()
    }
}

impl<P: SocketKind> Sender<P> {
    /// Sends a message; see [`Socket::send`](crate::Socket::send).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::send`](crate::Socket::send).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the message is not sent.
    #[inline]
    pub fn send(
        &mut self,
        message: impl Into<Message>,
    ) -> impl Future<Output = Result<(), SendError>>
    where
        P: Sends,
    {
        self.half.send(message.into())
    }

    /// Sends a message if that needs no waiting. See [`Socket::try_send`](crate::Socket::try_send).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_send`](crate::Socket::try_send).
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError>
    where
        P: Sends,
    {
        self.half.try_send(&(), message.into())
    }

    /// Waits until a message can be sent without waiting.
    ///
    /// # Errors
    ///
    /// The socket type does not allow sending now, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn ready(&mut self) -> Result<(), SendError>
    where
        P: Sends,
    {
        poll_fn(|cx| self.half.poll_ready(cx)).await
    }

    /// The peer that took the last message of this sender, for DEALER, PUSH and REQ.
    ///
    /// `None` before the first message, and for other socket types.
    ///
    /// Events and [`stats`](crate::SocketHandle::stats) use the same ids.
    pub fn last_peer(&self) -> Option<PeerId>
    where
        P: Sends,
    {
        self.half.last_peer()
    }

    /// Waits until the kernel has everything sent so far. See
    /// [`Socket::flush`](crate::Socket::flush).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::flush`](crate::Socket::flush).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn flush(&mut self) -> Result<(), SendError>
    where
        P: Sends,
    {
        poll_fn(|cx| self.half.poll_flush(cx)).await
    }
}

impl<P: SharesSending> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self { half: self.half.clone() }
    }
}

impl<P: SocketKind> Unpin for Sender<P> {}

impl<P: Sends> Sink<Message> for Sender<P> {
    type Error = SendError;

    #[inline]
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_ready(cx)
    }

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.half.start_send((), message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_close(cx)
    }
}

impl<P: SocketKind> std::fmt::Debug for Sender<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("type", &P::TYPE).finish_non_exhaustive()
    }
}
