//! Receiving values.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use zeromq_async::{Message, Peer};

use super::{BoxError, Decode, DecodeError, Frames, Typed, TypedRecvError};

impl<S, C, Out, In, E> Typed<S, C, Out, In>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    C: Decode<In>,
{
    /// Receives the next value.
    ///
    /// # Errors
    ///
    /// The message cannot be decoded, the socket or a layer returned an error, or the socket is
    /// closed. Unless it is closed, the next value can be received.
    ///
    /// # Cancel safety
    ///
    /// No value is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<In, TypedRecvError<E>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_recv(cx)).await
    }

    /// Receives the next value and its sender. The sender is `None` if a layer in between does not
    /// know it.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// No value is lost when the future is dropped.
    pub async fn recv_from(&mut self) -> Result<(In, Option<Peer>), TypedRecvError<E>> {
        poll_fn(|cx| {
            let value = ready!(Pin::new(&mut *self).poll_recv(cx))?;
            Poll::Ready(Ok((value, (self.origin)(&self.inner))))
        })
        .await
    }
}

impl<S, C, Out, In, E> Typed<S, C, Out, In>
where
    S: Stream<Item = Result<Message, E>>,
    C: Decode<In>,
{
    fn poll_recv(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<In, TypedRecvError<E>>> {
        let mut this = self.project();
        ready!(this.decoded.poll_paid(cx));
        let message = match ready!(this.inner.as_mut().poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Poll::Ready(Err(TypedRecvError::Socket(error))),
            None => return Poll::Ready(Err(TypedRecvError::Closed)),
        };
        this.decoded.add(message.size());
        let value = decode(this.codec, &message);
        Poll::Ready(
            value.map_err(|reason| {
                DecodeError::new(message, (this.origin)(&this.inner), reason).into()
            }),
        )
    }
}

fn decode<T>(codec: &impl Decode<T>, message: &Message) -> Result<T, BoxError> {
    let mut frames = Frames::of(message);
    let value = codec.decode(&mut frames)?;
    frames.end()?;
    Ok(value)
}

impl<S, C, Out, In, E> Stream for Typed<S, C, Out, In>
where
    S: Stream<Item = Result<Message, E>>,
    C: Decode<In>,
{
    type Item = Result<In, TypedRecvError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx).map(|result| match result {
            Err(TypedRecvError::Closed) => None,
            other => Some(other),
        })
    }
}
