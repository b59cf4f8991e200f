//! Sockets of one-frame messages as sockets of messages.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::{Frame, Message, RecvError};

/// Makes a `Sink` and `Stream` of messages of one of [frames](Frame): other layers and typed sockets go
/// around a [`SharedSocket`](zeromq_async::SharedSocket) with this layer first.
///
/// A message of several frames is an [error](OneFrameError::Multipart), and nothing is sent. SERVER and
/// PEER send and receive pairs of an id and a frame. Map these yourself, with `with` and `map_ok` of the
/// crate `futures`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{GatherSocket, ScatterSocket};
/// use zeromq_util::layer::{OneFrameLayer, Rate, RateLimitLayer, RecvExt, SendExt, WithLayer};
///
/// let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
/// scatter.connect(gather.bind("tcp://127.0.0.1:*").await?)?;
/// let rate = Rate::per(std::time::Duration::from_secs(1)).messages(1000);
/// let mut scatter =
///     scatter.with_layer(OneFrameLayer).with_layer(RateLimitLayer::new().send(rate));
/// let mut gather = gather.with_layer(OneFrameLayer);
/// SendExt::send(&mut scatter, "hello").await?;
/// assert_eq!(gather.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OneFrameLayer;

impl<S> Layer<S> for OneFrameLayer {
    type Service = OneFrame<S>;

    fn layer(&self, inner: S) -> OneFrame<S> {
        OneFrame { inner }
    }
}

pin_project! {
    /// A socket with a [`OneFrameLayer`].
    #[derive(Debug)]
    pub struct OneFrame<S> {
        #[pin]
        inner: S,
    }
}

accessors!(OneFrame<S>);

impl<S: Sink<Frame>> Sink<Message> for OneFrame<S> {
    type Error = OneFrameError<S::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.project().inner.poll_ready(cx).map_err(OneFrameError::Inner)
    }

    fn start_send(self: Pin<&mut Self>, mut message: Message) -> Result<(), Self::Error> {
        match message.frame_count() {
            // The wire has no message without frames.
            0 | 1 => {
                let frame = message.pop_front().unwrap_or_default();
                self.project().inner.start_send(frame).map_err(OneFrameError::Inner)
            }
            _ => Err(OneFrameError::Multipart(message)),
        }
    }

    forward_poll_flush!(Frame, OneFrameError::Inner);
}

impl<S, E> Stream for OneFrame<S>
where
    S: Stream<Item = Result<Frame, E>>,
{
    type Item = Result<Message, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().inner.poll_next(cx).map_ok(Message::from)
    }
}

/// The error of a [`OneFrame`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OneFrameError<E> {
    /// The message has several frames, and this socket type sends one.
    #[error("the message has {} frames, and messages of this socket type have one", .0.frame_count())]
    Multipart(Message),
    /// The wrapped socket or layer failed.
    #[error(transparent)]
    Inner(E),
}

impl<E: From<RecvError>> From<RecvError> for OneFrameError<E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}
