//! Looking at messages as they pass.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;

/// Shows each message that is sent or received to a function: to log it, count it, or capture a
/// copy.
///
/// The function sees a message that is sent just before what is within gets it, and one that is
/// received just before the application does. It runs in the sending or receiving task, so what
/// takes long is better given to another task, as here:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::sync::mpsc;
/// use zeromq_util::layer::{Direction, RecvExt, SendExt, TapLayer, WithLayer};
/// use zeromq_async::{Message, RepSocket, ReqSocket};
///
/// let (req, mut rep) = (ReqSocket::new(), RepSocket::new());
/// req.connect(rep.bind("tcp://127.0.0.1:*").await?)?;
///
/// let (capture, mut captured) = mpsc::channel(100);
/// let mut req = req.with_layer(TapLayer::new(move |direction, message: &Message| {
///     let _ = capture.try_send((direction, message.clone())); // what is too much is not captured
/// }));
/// req.send("Hello").await?;
/// rep.recv().await?;
/// rep.send("World").await?;
/// req.recv().await?;
/// assert_eq!(captured.recv().await, Some((Direction::Sent, "Hello".into())));
/// assert_eq!(captured.recv().await, Some((Direction::Received, "World".into())));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct TapLayer<F> {
    function: F,
}

/// Which way a message goes.
///
/// ```
/// use zeromq_util::layer::Direction;
///
/// assert_ne!(Direction::Sent, Direction::Received);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the application to a peer.
    Sent,
    /// From a peer to the application.
    Received,
}

impl<F> TapLayer<F> {
    /// Shows messages to the function, and which way they go.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::TapLayer;
    ///
    /// let layer = TapLayer::new(|direction, message: &Message| println!("{direction:?} {message}"));
    /// # drop(layer);
    /// ```
    pub fn new<T>(function: F) -> Self
    where
        F: FnMut(Direction, &T),
    {
        Self { function }
    }
}

impl<S, F: Clone> Layer<S> for TapLayer<F> {
    type Service = Tap<S, F>;

    fn layer(&self, inner: S) -> Tap<S, F> {
        Tap { inner, function: self.function.clone() }
    }
}

/// What a [`TapLayer`] makes of a socket.
pub struct Tap<S, F> {
    inner: S,
    function: F,
}

wraps!(Tap<S, F>, TapLayer, "new(|_, _: &zeromq_async::Message| {})");
shown_without_function!(TapLayer<F>, Tap<S, F>);

impl<S, F, T> Sink<T> for Tap<S, F>
where
    S: Sink<T> + Unpin,
    F: FnMut(Direction, &T),
{
    type Error = S::Error;

    forward_poll_ready!(T);

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        (self.function)(Direction::Sent, &item);
        Pin::new(&mut self.inner).start_send(item)
    }

    forward_poll_flush!(T);
}

impl<S, F, T, E> Stream for Tap<S, F>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    F: FnMut(Direction, &T),
{
    type Item = S::Item;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(Ok(item))) = &next {
            (self.function)(Direction::Received, item);
        }
        next
    }
}
