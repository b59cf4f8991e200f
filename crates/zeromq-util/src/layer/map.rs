//! Each message made into another.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;

/// Sends what a function makes of each thing that is sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{MapSendLayer, SendExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let number = |number: u32| Message::from(number.to_string());
/// let mut push = push.with_layer(MapSendLayer::new(number));
/// push.send(42_u32).await?;
/// assert_eq!(pull.recv().await?, "42");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct MapSendLayer<F> {
    function: F,
}

impl<F> MapSendLayer<F> {
    /// Sends what the function returns.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::MapSendLayer;
    ///
    /// let layer = MapSendLayer::new(|text: String| Message::from(text.to_uppercase()));
    /// # drop(layer);
    /// ```
    pub fn new(function: F) -> Self {
        Self { function }
    }
}

impl<S, F: Clone> Layer<S> for MapSendLayer<F> {
    type Service = MapSend<S, F>;

    fn layer(&self, inner: S) -> MapSend<S, F> {
        MapSend { inner, function: self.function.clone() }
    }
}

/// What a [`MapSendLayer`] makes of a socket.
pub struct MapSend<S, F> {
    inner: S,
    function: F,
}

wraps!(MapSend<S, F>, MapSendLayer, "new(|message: zeromq_async::Message| message)");
forward_stream!(MapSend<S, F>);

impl<S, F, T, U> Sink<T> for MapSend<S, F>
where
    S: Sink<U> + Unpin,
    F: FnMut(T) -> U,
{
    type Error = S::Error;

    forward_poll_ready!(U);

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        let item = (self.function)(item);
        Pin::new(&mut self.inner).start_send(item)
    }

    forward_poll_flush!(U);
}

/// Receives what a function makes of each message that is received.
///
/// Errors pass by.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{MapRecvLayer, RecvExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let body = |mut message: Message| { message.pop_front(); message };
/// let mut pull = pull.with_layer(MapRecvLayer::new(body));
/// push.send(Message::multipart(["envelope", "body"])).await?;
/// assert_eq!(pull.recv().await?, "body");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct MapRecvLayer<F> {
    function: F,
}

impl<F> MapRecvLayer<F> {
    /// Receives what the function returns.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::MapRecvLayer;
    ///
    /// let layer = MapRecvLayer::new(|message: Message| message.size());
    /// # drop(layer);
    /// ```
    pub fn new(function: F) -> Self {
        Self { function }
    }
}

impl<S, F: Clone> Layer<S> for MapRecvLayer<F> {
    type Service = MapRecv<S, F>;

    fn layer(&self, inner: S) -> MapRecv<S, F> {
        MapRecv { inner, function: self.function.clone() }
    }
}

/// What a [`MapRecvLayer`] makes of a socket.
pub struct MapRecv<S, F> {
    inner: S,
    function: F,
}

wraps!(MapRecv<S, F>, MapRecvLayer, "new(|message: zeromq_async::Message| message)");
forward_sink!(MapRecv<S, F>);

impl<S, F, T, U, E> Stream for MapRecv<S, F>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    F: FnMut(T) -> U,
{
    type Item = Result<U, E>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = Pin::new(&mut this.inner).poll_next(cx);
        next.map(|item| item.map(|result| result.map(&mut this.function)))
    }
}

shown_without_function!(MapSendLayer<F>, MapSend<S, F>, MapRecvLayer<F>, MapRecv<S, F>);
