//! A socket that sends: a `Sink` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zmtp::Message;

use super::{Sender, Sends, SharesSending, Socket, SocketKind};
use crate::error::SendError;

impl<P: SocketKind> Socket<P> {
    /// Sends a message: completes when it is in the queue of a peer.
    ///
    /// The socket type's rule says where the message goes, and whether this waits or drops the message
    /// while no peer has room.
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
    /// The socket type's rule forbids it, or the socket is closed; the message comes back in the
    /// error.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent. To keep it in that case, wait with
    /// [`ready`](Self::ready) and then call [`try_send`](Self::try_send).
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

    /// Sends a message if that takes no waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PushSocket, SendErrorKind};
    ///
    /// let mut push = PushSocket::new();
    /// let error = push.try_send("for nobody").unwrap_err();
    /// assert_eq!(error.kind(), &SendErrorKind::Full);
    /// push.connect("inproc://try-send")?;
    /// push.try_send("queued")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`Full`](crate::SendErrorKind::Full) where it would have
    /// waited. The message comes back in the error.
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
    /// push.try_send("now")?;
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
        poll_fn(|cx| self.sender.half.poll_ready(cx)).await
    }

    /// Waits until the queues of all peers are empty: everything sent is with the kernel.
    ///
    /// A message for a peer that is not connected, or that reads slowly, takes as long as that, and
    /// another sender that goes on sending delays this. Messages lost with a peer that went away are not
    /// waited for; [`stats`](Self::stats) count them.
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
    /// A message that was fed to this socket as a `Sink` and found no room cannot be sent any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&mut self) -> Result<(), SendError>
    where
        P: Sends,
    {
        poll_fn(|cx| self.sender.half.poll_flush(cx)).await
    }

    /// Another sender on this socket, for another task.
    ///
    /// Each message of each sender goes where the socket type's rule says; senders do not wait for
    /// one another.
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
