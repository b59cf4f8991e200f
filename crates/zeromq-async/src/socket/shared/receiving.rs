//! A shared socket that receives: `recv` from any task, and a `Stream` for each clone.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::SharedSocket;
use super::receiver::Item;
use super::turns::WaitsAs;
use crate::error::RecvError;
use crate::identity::Peer;
use crate::socket::{FrameKind, Receives};

impl<P: FrameKind> SharedSocket<P> {
    /// Receives the next message: a frame, and its address where the socket type has one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{ClientSocket, ServerSocket};
    ///
    /// let (client, server) = (ClientSocket::new(), ServerSocket::new());
    /// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
    /// client.send("hello").await?;
    /// let (from, frame) = server.recv().await?;
    /// assert_eq!(frame, "hello");
    /// server.send_to(from, "welcome").await?;
    /// assert_eq!(client.recv().await?, "welcome");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is closed, and all that had arrived is received.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped: another task receives it.
    pub async fn recv(&self) -> Result<Item<P>, RecvError>
    where
        P: Receives,
    {
        let mut waiting = self.receiver.wait();
        poll_fn(|cx| waiting.poll_recv(cx)).await
    }

    /// Receives the next message and its sender; see
    /// [`Socket::recv_from`](crate::Socket::recv_from).
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// That of [`recv`](Self::recv).
    pub async fn recv_from(&self) -> Result<(Item<P>, Peer), RecvError>
    where
        P: Receives,
    {
        let mut waiting = self.receiver.wait();
        poll_fn(|cx| waiting.poll_recv_from(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&self) -> Result<Item<P>, RecvError>
    where
        P: Receives,
    {
        self.receiver.try_recv()
    }

    /// Receives a message and its sender if one is waiting.
    ///
    /// # Errors
    ///
    /// As for [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self) -> Result<(Item<P>, Peer), RecvError>
    where
        P: Receives,
    {
        self.receiver.try_recv_from()
    }
}

impl<P: FrameKind + Receives> Stream for SharedSocket<P> {
    type Item = Result<Item<P>, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { receiver, turn, .. } = &mut *self;
        match receiver.poll_recv(turn, WaitsAs::Stream, cx) {
            // A closed socket is the end of its stream.
            Poll::Ready(Err(RecvError::Closed)) => Poll::Ready(None),
            received => received.map(Some),
        }
    }
}
