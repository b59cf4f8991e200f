//! Sending values.

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
    /// Sends a value. Completes when the socket, or the outermost layer, has taken its message.
    ///
    /// The value is encoded once, when the future is first polled. A socket may keep the message
    /// until the next one or a [`flush`](Self::flush); see [`SendExt`].
    ///
    /// # Errors
    ///
    /// The value cannot be encoded, or the socket or a layer refuses it. A socket's error contains
    /// the message.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, no part of the value was sent.
    pub async fn send(&mut self, value: &Out) -> Result<(), TypedSendError<S::Error>> {
        let message = encode(&self.codec, value)?;
        SendExt::send(&mut self.inner, message).await.map_err(TypedSendError::Socket)
    }

    /// Waits until the kernel has every message that was sent; see
    /// [`Socket::flush`](zeromq_async::Socket::flush).
    ///
    /// # Errors
    ///
    /// Those of the socket or layer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&mut self) -> Result<(), TypedSendError<S::Error>> {
        poll_fn(|cx| Pin::new(&mut self.inner).poll_flush(cx)).await.map_err(TypedSendError::Socket)
    }
}

fn encode<T>(codec: &impl Encode<T>, value: &T) -> Result<Message, EncodeError> {
    codec.encode(value).map_err(EncodeError::new)
}

impl<S, C, Out, In> Sink<Out> for Typed<S, C, Out, In>
where
    S: Sink<Message>,
    C: Encode<Out>,
{
    type Error = TypedSendError<S::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.project().inner.poll_ready(cx).map_err(TypedSendError::Socket)
    }

    fn start_send(self: Pin<&mut Self>, value: Out) -> Result<(), Self::Error> {
        let this = self.project();
        let message = encode(this.codec, &value)?;
        this.inner.start_send(message).map_err(TypedSendError::Socket)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.project().inner.poll_flush(cx).map_err(TypedSendError::Socket)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.project().inner.poll_close(cx).map_err(TypedSendError::Socket)
    }
}
