//! `send` for any `Sink`.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;
use pin_project_lite::pin_project;

/// Sends through layers as [`Socket::send`](zeromq_async::Socket::send) does: without flushing.
///
/// Import this trait instead of `SinkExt` of the crate `futures`; with both imported, `send` is
/// ambiguous. `SinkExt::send` flushes: it completes when the kernel has the message, so no two
/// messages are written together.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tokio::time::timeout;
/// use zeromq_util::layer::{RateLimitLayer, SendExt, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let mut push = PushSocket::new().with_layer(RateLimitLayer::new());
/// // No peer: `send` waits until it is dropped, and has no effect.
/// assert!(timeout(Duration::from_millis(1), push.send("hello")).await.is_err());
///
/// let mut pull = PullSocket::new();
/// push.get_ref().connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// push.send("world").await?;
/// assert_eq!(pull.recv().await?, "world");
/// # Ok(()) }
/// ```
///
/// # When a message leaves
///
/// `send` completes when the `Sink` has taken the message. Usually it is in the queue of a peer by
/// then, and leaves by itself. It waits for the next `send` or [`flush`](Self::flush) in three
/// cases: a layer has a queue of its own, a publisher has
/// [`no_drop`](zeromq_async::SocketBuilder::no_drop), or another
/// [`Sender`](zeromq_async::Sender) of the socket has filled the queue meanwhile. In these cases
/// call `flush` after the last of several messages.
pub trait SendExt<T>: Sink<T> {
    /// Sends a message, or an item of another type.
    ///
    /// A sink that is not `Unpin` has to be pinned first, with [`pin!`](std::pin::pin).
    ///
    /// # Errors
    ///
    /// Those of the `Sink`. The message is lost unless the error contains it. To keep it, wait with
    /// [`ready`](Self::ready) and then call `start_send`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent. It is dropped.
    #[inline]
    fn send(&mut self, item: impl Into<T>) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        Send { item: Some(item.into()), sink: self }
    }

    /// Waits until a message can be sent.
    ///
    /// # Errors
    ///
    /// Those of the `Sink`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    fn ready(&mut self) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_ready(cx))
    }

    /// Waits until the kernel has every message that was sent.
    ///
    /// # Errors
    ///
    /// Those of the `Sink`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_flush(cx))
    }
}

impl<T, S: Sink<T> + ?Sized> SendExt<T> for S {}

pin_project! {
    /// The future of `send`. The item comes first, where it is copied best.
    #[must_use]
    #[repr(C)]
    struct Send<'a, T, S: ?Sized> {
        item: Option<T>,
        sink: &'a mut S,
    }
}

impl<T, S: Sink<T> + Unpin + ?Sized> Future for Send<'_, T, S> {
    type Output = Result<(), S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut sink = Pin::new(&mut **this.sink);
        ready!(sink.as_mut().poll_ready(cx))?;
        let item = this.item.take().expect("a future is not polled after it completed");
        Poll::Ready(sink.start_send(item))
    }
}
