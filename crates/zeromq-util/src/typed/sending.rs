//! Values into a `Sink` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zeromq_async::Message;

use super::{Encode, EncodeError, Typed, TypedSendError};
use crate::layer::SendExt;

impl<S, C, Out, In> Typed<S, C, Out, In>
where
    S: Sink<Message> + Unpin,
    C: Encode<Out>,
{
    /// Sends a value: completes when the socket, or the outermost layer, has taken its message.
    ///
    /// The value is encoded once, when the future is first polled.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{TypedExt, Utf8};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.typed::<String>(Utf8).send(&"hello".to_owned()).await?;
    /// assert_eq!(pull.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The value cannot be encoded, or the socket or a layer does not take it. A socket's error has
    /// the message.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the value was not sent, not even in part.
    ///
    /// Like every `Sink` that several senders share, a socket may have to keep a message for which
    /// it had room a moment ago; it goes with the next, or with [`flush`](Self::flush).
    pub async fn send(&mut self, value: &Out) -> Result<(), TypedSendError<S::Error>> {
        let message = self.encode(value)?;
        SendExt::send(&mut self.inner, message).await.map_err(TypedSendError::Socket)
    }

    /// Waits until everything sent is with the kernel; see
    /// [`Socket::flush`](zeromq_async::Socket::flush).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{TypedExt, Utf8};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// let mut push = push.typed::<String>(Utf8);
    /// push.send(&"hello".to_owned()).await?;
    /// push.flush().await?;
    /// assert_eq!(push.get_ref().stats().queued, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As the socket or layer has it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&mut self) -> Result<(), TypedSendError<S::Error>> {
        poll_fn(|cx| Pin::new(&mut self.inner).poll_flush(cx)).await.map_err(TypedSendError::Socket)
    }

    fn encode(&self, value: &Out) -> Result<Message, EncodeError> {
        self.codec.encode(value).map_err(EncodeError::new)
    }
}

impl<S, C, Out, In> Sink<Out> for Typed<S, C, Out, In>
where
    S: Sink<Message> + Unpin,
    C: Encode<Out>,
    Self: Unpin,
{
    type Error = TypedSendError<S::Error>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.inner).poll_ready(cx).map_err(TypedSendError::Socket)
    }

    fn start_send(mut self: Pin<&mut Self>, value: Out) -> Result<(), Self::Error> {
        let message = self.encode(&value)?;
        Pin::new(&mut self.inner).start_send(message).map_err(TypedSendError::Socket)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.inner).poll_flush(cx).map_err(TypedSendError::Socket)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.inner).poll_close(cx).map_err(TypedSendError::Socket)
    }
}
