//! A socket that sends: a `Sink` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zmtp::Message;

use super::{Sender, Sends, SharesSending, Socket, SocketKind};
use crate::error::SendError;

impl<P: SocketKind> Socket<P> {
    /// Sends a message. Completes when the message is in the queue of a peer.
    ///
    /// The socket type determines where the message goes. While no peer has room, `send` waits or
    /// drops the message, depending on the socket type.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{Message, PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("one frame").await?;
    /// push.send(Message::multipart(["two", "frames"])).await?;
    /// assert_eq!(pull.recv().await?, "one frame");
    /// assert_eq!(pull.recv().await?.frame_count(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type does not allow sending now, or the socket is closed. The error contains the
    /// message.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the message is not sent, and is dropped. To
    /// keep the message, wait with [`ready`](Self::ready) and then call
    /// [`try_send`](Self::try_send).
    #[inline]
    pub fn send(
        &mut self,
        message: impl Into<Message>,
    ) -> impl Future<Output = Result<(), SendError>>
    where
        P: Sends,
    {
        self.sender.half.send(message.into())
    }

    /// Sends a message if that needs no waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PushSocket, SendErrorKind};
    ///
    /// let mut push = PushSocket::new();
    /// let error = push.try_send("no peer").unwrap_err();
    /// assert_eq!(error.kind(), &SendErrorKind::Full);
    /// push.connect("inproc://try-send")?;
    /// push.try_send("queued")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), and [`Full`](crate::SendErrorKind::Full) if `send` would have
    /// waited. The error contains the message.
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError>
    where
        P: Sends,
    {
        self.sender.half.try_send(&(), message.into())
    }

    /// Waits until a message can be sent without waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut push = zeromq_async::PushSocket::new();
    /// push.connect("inproc://ready")?;
    /// push.ready().await?; // dropped here, no message would be lost
    /// assert!(push.try_send("now").is_ok());
    /// # Ok(()) }
    /// ```
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
        poll_fn(|cx| self.sender.half.poll_ready(cx)).await
    }

    /// Waits until the queues of all peers are empty and the kernel has everything.
    ///
    /// This waits for peers that are not connected or that read slowly, and for messages that other
    /// senders queue meanwhile. It does not wait for messages that were lost with a peer.
    /// [`stats`](Self::stats) counts those.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// push.flush().await?;
    /// assert_eq!(push.stats().queued, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A message that was fed to this socket as a `Sink`, and for which there was no room, cannot
    /// be sent any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn flush(&mut self) -> Result<(), SendError>
    where
        P: Sends,
    {
        poll_fn(|cx| self.sender.half.poll_flush(cx)).await
    }

    /// Makes another sender of this socket, for another task.
    ///
    /// The socket type determines where each message goes. Senders do not wait for one another.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// let mut sender = push.sender();
    /// tokio::spawn(async move { sender.send("from a task").await });
    /// assert_eq!(pull.recv().await?, "from a task");
    /// # Ok(()) }
    /// ```
    pub fn sender(&self) -> Sender<P>
    where
        P: SharesSending,
    {
        self.sender.clone()
    }
}

impl<P: Sends> Sink<Message> for Socket<P> {
    type Error = SendError;

    #[inline]
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sender.half.poll_ready(cx)
    }

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.sender.half.start_send((), message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sender.half.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sender.half.poll_close(cx)
    }
}
