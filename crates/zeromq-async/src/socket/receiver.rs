//! The half of a socket that receives.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::coop;
use zmtp::Message;

use super::{Receives, SocketHandle, SocketKind};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::pattern::ReceiveStrategy;
use crate::pipe::looking;

/// The half of a socket that receives: a `Stream` of messages.
///
/// Made by [`Socket::split`](crate::Socket::split).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::DealerSocket;
///
/// let (one, mut other) = (DealerSocket::new(), DealerSocket::new());
/// one.connect(other.bind("tcp://127.0.0.1:0").await?)?;
/// let (_sender, mut receiver) = one.split();
/// other.send("hello").await?;
/// assert_eq!(receiver.recv().await?, "hello");
/// # Ok(()) }
/// ```
pub struct Receiver<P: SocketKind> {
    pub(super) stack: P::ReceiveStack,
    pub(super) control: P::Control,
    handle: SocketHandle,
}

impl<P: SocketKind> Receiver<P> {
    pub(super) fn new(stack: P::ReceiveStack, control: P::Control, handle: SocketHandle) -> Self {
        Self { stack, control, handle }
    }

    /// The handle that binds, connects and closes the socket.
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// The state that the [socket type](SocketKind::Control) lets the application reach.
    pub fn control(&self) -> &P::Control {
        &self.control
    }

    /// The sender of the last message received.
    ///
    /// `None` before the first message.
    pub fn last_peer(&self) -> Option<Peer> {
        self.stack.last_peer().cloned()
    }
}

impl<P: SocketKind> Receiver<P> {
    /// Receives the next message; see [`Socket::recv`](crate::Socket::recv).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::recv`](crate::Socket::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<Message, RecvError>
    where
        P: Receives,
    {
        poll_fn(|cx| self.stack.poll_recv(cx)).await
    }

    /// Receives the next message and its sender; see
    /// [`Socket::recv_from`](crate::Socket::recv_from).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::recv_from`](crate::Socket::recv_from).
    ///
    /// # Cancel safety
    ///
    /// That of [`Socket::recv_from`](crate::Socket::recv_from).
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError>
    where
        P: Receives,
    {
        poll_fn(|cx| self.poll_recv_from(cx)).await
    }

    /// Polls for the next message and its sender. See
    /// [`Socket::poll_recv_from`](crate::Socket::poll_recv_from).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::poll_recv_from`](crate::Socket::poll_recv_from).
    pub fn poll_recv_from(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Message, Peer), RecvError>>
    where
        P: Receives,
    {
        let message = ready!(self.stack.poll_recv(cx))?;
        let peer = self.last_peer().ok_or(RecvError::UnknownSender)?;
        Poll::Ready(Ok((message, peer)))
    }

    /// Receives a message if one is waiting.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv), and [`RecvError::Empty`] if it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError>
    where
        P: Receives,
    {
        now(|cx| self.stack.poll_recv(cx))
    }

    /// Receives a message and its sender if one is waiting. See
    /// [`Socket::try_recv_from`](crate::Socket::try_recv_from).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv_from`](crate::Socket::try_recv_from).
    pub fn try_recv_from(&mut self) -> Result<(Message, Peer), RecvError>
    where
        P: Receives,
    {
        now(|cx| self.poll_recv_from(cx))
    }

    /// Waits until a message can be received without waiting, and does not receive it. See
    /// [`Socket::ready_recv`](crate::Socket::ready_recv).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::ready_recv`](crate::Socket::ready_recv).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn ready_recv(&mut self) -> Result<(), RecvError>
    where
        P: Receives,
    {
        poll_fn(|cx| self.poll_recv_ready(cx)).await
    }

    /// Polls whether a message can be received without waiting. See
    /// [`Socket::poll_recv_ready`](crate::Socket::poll_recv_ready).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::poll_recv_ready`](crate::Socket::poll_recv_ready).
    pub fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>>
    where
        P: Receives,
    {
        self.stack.poll_recv_ready(cx)
    }
}

/// The result of a poll that does not wait.
pub(super) fn now<T>(
    poll: impl FnMut(&mut Context<'_>) -> Poll<Result<T, RecvError>>,
) -> Result<T, RecvError> {
    // Unconstrained: that the task ought to yield does not mean that no message is waiting.
    let poll = pin!(coop::unconstrained(poll_fn(poll)));
    match poll.poll(&mut Context::from_waker(looking())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(RecvError::Empty),
    }
}

impl<P: SocketKind> Unpin for Receiver<P> {}

impl<P: Receives> Stream for Receiver<P> {
    type Item = Result<Message, RecvError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.stack.poll_recv(cx) {
            // A closed socket is the end of its stream; other errors are items of it.
            Poll::Ready(Err(RecvError::Closed)) => Poll::Ready(None),
            received => received.map(Some),
        }
    }
}

impl<P: SocketKind> std::fmt::Debug for Receiver<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("type", &P::TYPE).finish_non_exhaustive()
    }
}
