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
/// Made by [`Socket::split`](crate::Socket::split) or [`Socket::sender`](crate::Socket::sender).
/// Where the socket type allows several senders (PUSH, DEALER, ROUTER, PUB, XPUB, XSUB, PAIR), it
/// can be cloned. REQ and REP send in lock-step with what they receive, and have one.
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
/// pull.recv().await?;
/// pull.recv().await?;
/// # Ok(()) }
/// ```
pub struct Sender<P: SocketKind> {
    pub(super) half: SendHalf<P::SendStack>,
}

impl<P: SocketKind> Sender<P> {
    pub(super) fn new(layers: P::SendStack, handle: SocketHandle) -> Self {
        Self { half: SendHalf::new(layers, handle) }
    }

    /// What commands the socket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, _receiver) = zeromq_async::DealerSocket::new().split();
    /// let endpoint = sender.handle().bind("tcp://127.0.0.1:0").await?;
    /// assert_eq!(sender.handle().last_endpoint(), Some(endpoint));
    /// # Ok(()) }
    /// ```
    pub fn handle(&self) -> &SocketHandle {
        self.half.handle()
    }
}

impl<P: SocketKind> Sender<P> {
    /// Sends a message; see [`Socket::send`](crate::Socket::send).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// sender.handle().connect("inproc://sender-send")?;
    /// sender.send("hello").await?;
    /// assert_eq!(sender.handle().stats().queued, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
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

    /// Sends a message if that takes no waiting; see [`Socket::try_send`](crate::Socket::try_send).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// assert!(sender.try_send("for nobody").is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError>
    where
        P: Sends,
    {
        self.half.try_send(message.into())
    }

    /// Waits until a message can be sent without waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// sender.handle().connect("inproc://sender-ready")?;
    /// sender.ready().await?;
    /// sender.try_send("now")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids sending now, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn ready(&mut self) -> Result<(), SendError>
    where
        P: Sends,
    {
        poll_fn(|cx| self.half.poll_ready(cx)).await
    }

    /// The peer whose queue took the last message of this sender, for DEALER, PUSH and REQ; `None`
    /// before the first, and for socket types whose message says who it is for, or goes to many.
    ///
    /// Events and [`stats`](crate::SocketHandle::stats) name peers by the same ids.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// sender.handle().connect("inproc://last-peer")?;
    /// assert_eq!(sender.last_peer(), None);
    /// sender.send("hello").await?;
    /// assert_eq!(sender.last_peer(), Some(sender.handle().stats().peers[0].peer));
    /// # Ok(()) }
    /// ```
    pub fn last_peer(&self) -> Option<PeerId>
    where
        P: Sends,
    {
        self.half.last_peer()
    }

    /// Waits until everything sent is with the kernel; see
    /// [`Socket::flush`](crate::Socket::flush).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut sender, pull) = (PushSocket::new().sender(), PullSocket::new());
    /// sender.handle().connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// sender.send("hello").await?;
    /// sender.flush().await?;
    /// assert_eq!(sender.handle().stats().queued, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
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
        self.half.start_send(message)
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
