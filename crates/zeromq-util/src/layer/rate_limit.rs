//! So many messages, and so many bytes, in a time.

mod bucket;

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;
use zeromq_async::Message;

use bucket::Buckets;

/// Sends, or receives, no faster than a [`Rate`]; what is faster waits.
///
/// What waits to be sent waits with the application; what waits to be received waits in the
/// socket's queue, and when that is full, with the peer. Each socket or half that is wrapped has a
/// rate of its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tokio::time::Instant;
/// use zeromq_async::PushSocket;
/// use zeromq_util::layer::{Rate, RateLimitLayer, SendExt, WithLayer};
///
/// let push = PushSocket::new();
/// push.connect("inproc://rate-limit")?;
/// let ten_a_second = Rate::per(Duration::from_secs(1)).messages(10);
/// let mut push = push.with_layer(RateLimitLayer::new().send(ten_a_second));
/// let start = Instant::now();
/// for _ in 0..20 {
///     push.send("hello").await?; // the first ten at once
/// }
/// assert!(start.elapsed() >= Duration::from_secs(1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct RateLimitLayer {
    send: Rate,
    recv: Rate,
}

impl RateLimitLayer {
    /// Limits nothing yet.
    ///
    /// ```
    /// let layer = zeromq_util::layer::RateLimitLayer::new();
    /// # drop(layer);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// How fast messages are sent. Default: no limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_util::layer::{Rate, RateLimitLayer};
    ///
    /// let layer = RateLimitLayer::new().send(Rate::per(Duration::from_secs(1)).messages(1000));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn send(mut self, rate: Rate) -> Self {
        self.send = rate;
        self
    }

    /// How fast messages are received. Default: no limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_util::layer::{Rate, RateLimitLayer};
    ///
    /// let layer = RateLimitLayer::new().recv(Rate::per(Duration::from_secs(1)).bytes(1 << 20));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn recv(mut self, rate: Rate) -> Self {
        self.recv = rate;
        self
    }
}

/// So many messages, bytes, or both, in a period.
///
/// As many as fit into one period may come at once; then each comes as the time for it has passed
/// (a token bucket that is as large as what flows into it in a period). A message that is larger
/// than what is left of the bytes is let through whole, and those after it wait the longer.
///
/// ```
/// use std::time::Duration;
/// use zeromq_util::layer::Rate;
///
/// let rate = Rate::per(Duration::from_secs(1)).messages(1000).bytes(10 << 20);
/// # drop(rate);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    period: Duration,
    messages: Option<u32>,
    bytes: Option<u32>,
}

impl Rate {
    /// What is limited is so in this period; a shorter one makes for smaller bursts.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let no_limit = zeromq_util::layer::Rate::per(Duration::from_secs(1));
    /// # drop(no_limit);
    /// ```
    pub fn per(period: Duration) -> Self {
        Self { period, messages: None, bytes: None }
    }

    /// How many messages in the period, at least 1. Default: no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let rate = zeromq_util::layer::Rate::per(Duration::from_millis(10)).messages(100);
    /// # drop(rate);
    /// ```
    #[must_use]
    pub fn messages(mut self, messages: u32) -> Self {
        self.messages = Some(messages.max(1));
        self
    }

    /// How many bytes in the period, of all frames together, at least 1. Default: no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let rate = zeromq_util::layer::Rate::per(Duration::from_secs(1)).bytes(1_000_000);
    /// # drop(rate);
    /// ```
    #[must_use]
    pub fn bytes(mut self, bytes: u32) -> Self {
        self.bytes = Some(bytes.max(1));
        self
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit { inner, send: Buckets::new(self.send), recv: Buckets::new(self.recv) }
    }
}

/// What a [`RateLimitLayer`] makes of a socket.
#[derive(Debug)]
pub struct RateLimit<S> {
    inner: S,
    send: Buckets,
    recv: Buckets,
}

wraps!(RateLimit<S>, RateLimitLayer, "new()");

impl<S: Sink<Message> + Unpin> Sink<Message> for RateLimit<S> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.send.poll(cx));
        Pin::new(&mut self.inner).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        self.send.spend(&message);
        Pin::new(&mut self.inner).start_send(message)
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for RateLimit<S>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        ready!(self.recv.poll(cx));
        let next = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(Ok(message))) = &next {
            self.recv.spend(message);
        }
        next
    }
}
