//! `recv` for any `Stream` of results.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;
use zeromq_async::RecvError;

/// Receives through layers as [`Socket::recv`](zeromq_async::Socket::recv) does.
///
/// The end of the stream is an error, so `?` ends a loop:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{RateLimitLayer, RecvExt, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket, RecvError};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut pull = pull.with_layer(RateLimitLayer::new());
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, "hello");
/// pull.get_ref().handle().clone().close().await;
/// assert_eq!(pull.recv().await.unwrap_err(), RecvError::Closed);
/// # Ok(()) }
/// ```
pub trait RecvExt<T, E>: Stream<Item = Result<T, E>> {
    /// Receives the next message, or the next item of another type.
    ///
    /// A stream that is not `Unpin` has to be pinned first, with [`pin!`](std::pin::pin).
    ///
    /// # Errors
    ///
    /// Those of the `Stream`, and [`RecvError::Closed`] at its end. The errors of all layers can be
    /// made from it.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    fn recv(&mut self) -> impl Future<Output = Result<T, E>>
    where
        Self: Unpin,
        E: From<RecvError>,
    {
        poll_fn(move |cx| match Pin::new(&mut *self).poll_next(cx) {
            Poll::Ready(Some(received)) => Poll::Ready(received),
            Poll::Ready(None) => Poll::Ready(Err(RecvError::Closed.into())),
            Poll::Pending => Poll::Pending,
        })
    }
}

impl<T, E, S: Stream<Item = Result<T, E>> + ?Sized> RecvExt<T, E> for S {}
