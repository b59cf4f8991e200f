//! The halves of a socket of any type.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use zmtp::{Message, SocketType};

use super::messages::{ReceiveMessages, SendMessages, item};
use crate::error::{RecvError, SendError};
use crate::identity::Peer;
use crate::socket::SocketHandle;

/// The half of an [`AnySocket`](crate::AnySocket) that sends: a `Sink` of messages.
///
/// Made by [`AnySocket::split`](crate::AnySocket::split).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{AnySocket, SendErrorKind, SocketType};
///
/// let (mut sender, _) = AnySocket::new(SocketType::Sub)?.split();
/// let error = sender.send("news").await.unwrap_err();
/// assert_eq!(error.kind(), &SendErrorKind::DoesNotSend(SocketType::Sub));
/// # Ok(()) }
/// ```
pub struct AnySender {
    kind: SocketType,
    handle: SocketHandle,
    half: Box<dyn SendMessages>,
}

impl AnySender {
    pub(super) fn new(kind: SocketType, handle: SocketHandle, half: Box<dyn SendMessages>) -> Self {
        Self { kind, handle, half }
    }

    /// The type of the socket.
    pub fn kind(&self) -> SocketType {
        self.kind
    }

    /// The handle that binds, connects and closes the socket.
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// Sends a message; see [`AnySocket::send`](crate::AnySocket::send).
    ///
    /// # Errors
    ///
    /// Those of [`AnySocket::send`](crate::AnySocket::send).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let mut message = message.into();
        poll_fn(|cx| self.half.poll_send(cx, &mut message)).await
    }

    /// Sends a message if that takes no waiting; see
    /// [`AnySocket::try_send`](crate::AnySocket::try_send).
    ///
    /// # Errors
    ///
    /// Those of [`AnySocket::try_send`](crate::AnySocket::try_send).
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.half.try_send(message.into())
    }
}

impl fmt::Debug for AnySender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySender").field("type", &self.kind).finish_non_exhaustive()
    }
}

impl Sink<Message> for AnySender {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_ready(cx)
    }

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

/// The half of an [`AnySocket`](crate::AnySocket) that receives: a `Stream` of messages.
///
/// Made by [`AnySocket::split`](crate::AnySocket::split).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{AnySocket, RecvError, SocketType};
///
/// let (_, mut receiver) = AnySocket::new(SocketType::Pub)?.split();
/// assert_eq!(receiver.recv().await, Err(RecvError::DoesNotReceive(SocketType::Pub)));
/// # Ok(()) }
/// ```
pub struct AnyReceiver {
    kind: SocketType,
    handle: SocketHandle,
    half: Box<dyn ReceiveMessages>,
}

impl AnyReceiver {
    pub(super) fn new(
        kind: SocketType,
        handle: SocketHandle,
        half: Box<dyn ReceiveMessages>,
    ) -> Self {
        Self { kind, handle, half }
    }

    /// The type of the socket.
    pub fn kind(&self) -> SocketType {
        self.kind
    }

    /// The handle that binds, connects and closes the socket.
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// Receives the next message; see [`AnySocket::recv`](crate::AnySocket::recv).
    ///
    /// # Errors
    ///
    /// Those of [`AnySocket::recv`](crate::AnySocket::recv).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        poll_fn(|cx| self.half.poll_recv(cx)).await
    }

    /// Receives the next message and its sender; see
    /// [`AnySocket::recv_from`](crate::AnySocket::recv_from).
    ///
    /// # Errors
    ///
    /// Those of [`AnySocket::recv_from`](crate::AnySocket::recv_from).
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv_from(&mut self) -> Result<(Message, Peer), RecvError> {
        poll_fn(|cx| self.half.poll_recv_from(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        self.half.try_recv()
    }
}

impl fmt::Debug for AnyReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyReceiver").field("type", &self.kind).finish_non_exhaustive()
    }
}

impl Stream for AnyReceiver {
    type Item = Result<Message, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.half.poll_recv(cx).map(item)
    }
}
