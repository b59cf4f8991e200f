//! A socket that receives: a `Stream` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use zmtp::Message;

use super::{Receives, Socket, SocketKind};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::pattern::ReceiveStrategy;

impl<P: SocketKind> Socket<P> {
    /// Receives the next message.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type does not allow receiving now, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv(&mut self) -> Result<Message, RecvError>
    where
        P: Receives,
    {
        poll_fn(|cx| self.receiver.stack.poll_recv(cx)).await
    }

    /// Receives the next message and its sender.
    ///
    /// The sender is the peer of the connection over which the message came, with the user id and
    /// metadata of its handshake. The peer may have left since.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket, SocketType};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// let (message, peer) = pull.recv_from().await?;
    /// assert_eq!(message, "hello");
    /// assert_eq!(peer.info().socket_type(), SocketType::Push);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError>
    where
        P: Receives,
    {
        poll_fn(|cx| self.receiver.poll_recv_from(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, RecvError};
    ///
    /// let mut pull = PullSocket::new();
    /// pull.bind("tcp://127.0.0.1:0").await?;
    /// assert_eq!(pull.try_recv().unwrap_err(), RecvError::Empty);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv), and [`RecvError::Empty`] if it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError>
    where
        P: Receives,
    {
        self.receiver.try_recv()
    }

    /// Receives a message and its sender if one is waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket, SocketType};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("inproc://try-recv-from").await?)?;
    /// push.send("hello").await?;
    /// let (message, peer) = pull.try_recv_from()?;
    /// assert_eq!(message, "hello");
    /// assert_eq!(peer.info().socket_type(), SocketType::Push);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&mut self) -> Result<(Message, Peer), RecvError>
    where
        P: Receives,
    {
        self.receiver.try_recv_from()
    }

    /// Polls for the next message and its sender.
    ///
    /// Only the task that polled this socket last, with this or another poll function, is woken. To
    /// poll for the message alone, use the socket as a `Stream`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::future::poll_fn;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// let (message, _peer) = poll_fn(|cx| pull.poll_recv_from(cx)).await?;
    /// assert_eq!(message, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub fn poll_recv_from(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Message, Peer), RecvError>>
    where
        P: Receives,
    {
        self.receiver.poll_recv_from(cx)
    }

    /// Waits until a message can be received without waiting, and does not receive it
    /// (`ZMQ_POLLIN`).
    ///
    /// [`try_recv`](Self::try_recv) then returns the message. Until then the message counts towards
    /// the high-water mark, a REP cannot reply, and a REQ cannot send its next request. A bridge
    /// uses this to take a message only when it can pass it on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// pull.ready_recv().await?; // as often as one likes
    /// pull.ready_recv().await?;
    /// assert_eq!(pull.try_recv()?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: it can be used in `select!`.
    pub async fn ready_recv(&mut self) -> Result<(), RecvError>
    where
        P: Receives,
    {
        self.receiver.ready_recv().await
    }

    /// Polls whether a message can be received without waiting, and does not receive it.
    ///
    /// Only the task that polled this socket last, with this or another poll function, is woken.
    /// [`try_recv`](Self::try_recv) does not count as a poll. If the task has used its cooperation
    /// budget, the poll is pending although a message waits, and the task is woken at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::task::{Context, Poll, Waker};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("inproc://poll-recv-ready").await?)?;
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(pull.poll_recv_ready(&mut cx).is_pending());
    /// push.send("hello").await?;
    /// assert_eq!(pull.poll_recv_ready(&mut cx), Poll::Ready(Ok(())));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`ready_recv`](Self::ready_recv).
    pub fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>>
    where
        P: Receives,
    {
        self.receiver.poll_recv_ready(cx)
    }
}

impl<P: Receives> Stream for Socket<P> {
    type Item = Result<Message, RecvError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}
