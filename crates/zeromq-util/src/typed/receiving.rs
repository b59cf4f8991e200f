//! Values out of a `Stream` of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use zeromq_async::Message;

use super::{BoxError, Decode, DecodeError, Frames, Typed, TypedRecvError};
use zeromq_async::Peer;

impl<S, C, Out, In, E> Typed<S, C, Out, In>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    C: Decode<In>,
{
    /// Receives the next value.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{TypedExt, Utf8};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// assert_eq!(pull.typed::<String>(Utf8).recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The message that came cannot be decoded, the socket or a layer gives an error, or the socket
    /// is closed. After all but the last the next value can be received.
    ///
    /// # Cancel safety
    ///
    /// No value is lost when the future is dropped: it can be used in `select!`.
    pub async fn recv(&mut self) -> Result<In, TypedRecvError<E>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Receives the next value, and who it is from; `None` where a layer in between does not tell.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{TypedExt, Utf8};
    /// use zeromq_async::{PullSocket, PushSocket, SocketType};
    ///
    /// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// let (text, peer) = pull.typed::<String>(Utf8).recv_from().await?;
    /// assert_eq!(text, "hello");
    /// assert_eq!(peer.expect("a socket knows").info().socket_type(), SocketType::Push);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As for [`recv`](Self::recv).
    pub async fn recv_from(&mut self) -> Result<(In, Option<Peer>), TypedRecvError<E>> {
        poll_fn(|cx| {
            let value = ready!(self.poll_recv(cx))?;
            Poll::Ready(Ok((value, (self.origin)(&self.inner))))
        })
        .await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<In, TypedRecvError<E>>> {
        ready!(self.work.poll_paid(cx));
        let message = match ready!(Pin::new(&mut self.inner).poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Poll::Ready(Err(TypedRecvError::Socket(error))),
            None => return Poll::Ready(Err(TypedRecvError::Closed)),
        };
        self.work.add(message.size());
        let value = decode(&self.codec, &message);
        Poll::Ready(
            value.map_err(|reason| {
                DecodeError::new(message, (self.origin)(&self.inner), reason).into()
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
    S: Stream<Item = Result<Message, E>> + Unpin,
    C: Decode<In>,
    Self: Unpin,
{
    type Item = Result<In, TypedRecvError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx).map(|result| match result {
            Err(TypedRecvError::Closed) => None,
            other => Some(other),
        })
    }
}
