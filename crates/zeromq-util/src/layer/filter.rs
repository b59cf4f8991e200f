//! Only the messages that pass.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;

use super::DROPPED_PER_TURN;

/// Sends only the messages for which a function says so, and drops the others.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{FilterSendLayer, SendExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut push = push.with_layer(FilterSendLayer::new(|message: &Message| message.size() < 10));
/// push.send("much too long").await?;
/// push.send("short").await?;
/// assert_eq!(pull.recv().await?, "short");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct FilterSendLayer<F> {
    function: F,
}

impl<F> FilterSendLayer<F> {
    /// Sends that for which the function returns true.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::FilterSendLayer;
    ///
    /// let layer = FilterSendLayer::new(|message: &Message| message.size() > 0);
    /// # drop(layer);
    /// ```
    pub fn new(function: F) -> Self {
        Self { function }
    }
}

impl<S, F: Clone> Layer<S> for FilterSendLayer<F> {
    type Service = FilterSend<S, F>;

    fn layer(&self, inner: S) -> FilterSend<S, F> {
        FilterSend { inner, function: self.function.clone() }
    }
}

/// What a [`FilterSendLayer`] makes of a socket.
pub struct FilterSend<S, F> {
    inner: S,
    function: F,
}

wraps!(FilterSend<S, F>, FilterSendLayer, "new(|_: &zeromq_async::Message| true)");
forward_stream!(FilterSend<S, F>);

impl<S, F, T> Sink<T> for FilterSend<S, F>
where
    S: Sink<T> + Unpin,
    F: FnMut(&T) -> bool,
{
    type Error = S::Error;

    forward_poll_ready!(T);

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        // A message that does not pass leaves the room that was found to the next.
        if (self.function)(&item) { Pin::new(&mut self.inner).start_send(item) } else { Ok(()) }
    }

    forward_poll_flush!(T);
}

/// Receives only the messages for which a function says so, and drops the others.
///
/// Errors pass by.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{FilterRecvLayer, RecvExt, WithLayer};
/// use zeromq_async::{Message, PubSocket, SubSocket};
///
/// let publisher = PubSocket::new();
/// let mut oslo = SubSocket::builder().subscribe("oslo").build();
/// oslo.connect(publisher.bind("tcp://127.0.0.1:*").await?)?;
/// // A subscription is to a prefix; this is to the whole topic.
/// let is_oslo = |message: &Message| message.first().is_some_and(|topic| topic == "oslo");
/// let mut oslo = oslo.with_layer(FilterRecvLayer::new(is_oslo));
/// # let mut publisher = publisher;
/// # let publishing = async { loop {
/// #     publisher.send(Message::multipart(["oslofjord", "2"])).await.unwrap();
/// #     publisher.send(Message::multipart(["oslo", "-4"])).await.unwrap();
/// #     tokio::task::yield_now().await;
/// # } };
/// # tokio::select! { _ = publishing => (), received = oslo.recv() => {
/// assert_eq!(received?, Message::multipart(["oslo", "-4"]));
/// # } }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct FilterRecvLayer<F> {
    function: F,
}

impl<F> FilterRecvLayer<F> {
    /// Receives that for which the function returns true.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::FilterRecvLayer;
    ///
    /// let layer = FilterRecvLayer::new(|message: &Message| message.size() > 0);
    /// # drop(layer);
    /// ```
    pub fn new(function: F) -> Self {
        Self { function }
    }
}

impl<S, F: Clone> Layer<S> for FilterRecvLayer<F> {
    type Service = FilterRecv<S, F>;

    fn layer(&self, inner: S) -> FilterRecv<S, F> {
        FilterRecv { inner, function: self.function.clone() }
    }
}

/// What a [`FilterRecvLayer`] makes of a socket.
pub struct FilterRecv<S, F> {
    inner: S,
    function: F,
}

wraps!(FilterRecv<S, F>, FilterRecvLayer, "new(|_: &zeromq_async::Message| true)");
forward_sink!(FilterRecv<S, F>);

impl<S, F, T, E> Stream for FilterRecv<S, F>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    F: FnMut(&T) -> bool,
{
    type Item = S::Item;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        for _ in 0..DROPPED_PER_TURN {
            match ready!(Pin::new(&mut this.inner).poll_next(cx)) {
                Some(Ok(item)) if !(this.function)(&item) => {}
                other => return Poll::Ready(other),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

shown_without_function!(FilterSendLayer<F>, FilterSend<S, F>, FilterRecvLayer<F>, FilterRecv<S, F>);
