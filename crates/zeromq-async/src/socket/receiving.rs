//! A socket that receives: a `Stream` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use zmtp::Message;

use super::{Receives, Socket};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::pattern::Incoming;

impl<P: Receives> Socket<P> {
    /// Receives the next message.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids it, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        poll_fn(|cx| self.receiver.incoming.poll_recv(cx)).await
    }

    /// Receives the next message, and who it is from.
    ///
    /// The peer is the one of the connection over which the message came, with the user id and
    /// metadata that whoever let it in gave it, even when it has gone since.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket, SocketType};
    ///
    /// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
    /// push.send("hello").await?;
    /// let (message, peer) = pull.recv_from().await?;
    /// assert_eq!(message, "hello");
    /// assert_eq!(peer.info().socket_type(), SocketType::Push);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError> {
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
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        self.receiver.try_recv()
    }
}

impl<P: Receives> Stream for Socket<P> {
    type Item = Result<Message, RecvError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}
