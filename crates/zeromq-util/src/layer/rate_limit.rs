//! A limit on messages and bytes per period.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;
use zeromq_async::Message;

use super::deadline::Deadline;
use super::token_bucket::TokenBucket;

/// Sends or receives no faster than a [`Rate`].
///
/// A message over the rate to send waits in `send`. A message over the rate to receive waits in the
/// socket's queue, and when that is full, at the peer. Each wrapped socket or half has a rate of its
/// own.
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
    /// Has no limits yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits how fast messages are sent. Default: no limit.
    #[must_use]
    pub fn send(mut self, rate: Rate) -> Self {
        self.send = rate;
        self
    }

    /// Limits how fast messages are received. Default: no limit.
    #[must_use]
    pub fn recv(mut self, rate: Rate) -> Self {
        self.recv = rate;
        self
    }
}

/// A number of messages, bytes, or both, per period; see [`RateLimitLayer`] for an example.
///
/// The messages of one period may pass at once. After that, each passes when its time has come (a
/// token bucket of the size of one period). A message larger than the bytes left passes whole, and
/// those after it wait the longer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    period: Duration,
    messages: Option<u32>,
    bytes: Option<u32>,
}

impl Rate {
    /// Sets the period. A shorter one makes for smaller bursts.
    pub fn per(period: Duration) -> Self {
        Self { period, messages: None, bytes: None }
    }

    /// Limits the messages in the period, at least 1. Default: no limit.
    #[must_use]
    pub fn messages(mut self, messages: u32) -> Self {
        self.messages = Some(messages.max(1));
        self
    }

    /// Limits the bytes of all frames in the period, at least 1. Default: no limit.
    #[must_use]
    pub fn bytes(mut self, bytes: u32) -> Self {
        self.bytes = Some(bytes.max(1));
        self
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit { inner, send: Limiter::new(self.send), recv: Limiter::new(self.recv) }
    }
}

pin_project! {
    /// A socket with a [`RateLimitLayer`].
    #[derive(Debug)]
    pub struct RateLimit<S> {
        #[pin]
        inner: S,
        send: Limiter,
        recv: Limiter,
    }
}

accessors!(RateLimit<S>);

impl<S: Sink<Message>> Sink<Message> for RateLimit<S> {
    type Error = S::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        ready!(this.send.poll(cx));
        this.inner.poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = self.project();
        this.send.spend(&message);
        this.inner.start_send(message)
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for RateLimit<S>
where
    S: Stream<Item = Result<Message, E>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        ready!(this.recv.poll(cx));
        let next = this.inner.poll_next(cx);
        if let Poll::Ready(Some(Ok(message))) = &next {
            this.recv.spend(message);
        }
        next
    }
}

/// One direction: a bucket for messages and one for bytes.
#[derive(Debug)]
struct Limiter {
    messages: Option<TokenBucket>,
    bytes: Option<TokenBucket>,
    deadline: Deadline,
}

impl Limiter {
    fn new(rate: Rate) -> Self {
        let bucket = |tokens: u32| TokenBucket::new(tokens.into(), rate.period, Instant::now());
        Self {
            messages: rate.messages.map(bucket),
            bytes: rate.bytes.map(bucket),
            deadline: Deadline::default(),
        }
    }

    /// Ready when each bucket has a token.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(wait) = self.wait() {
            self.deadline.set_after(wait);
            ready!(self.deadline.poll(cx));
        }
        Poll::Ready(())
    }

    fn spend(&mut self, message: &Message) {
        if let Some(bucket) = &mut self.messages {
            bucket.spend(1.0);
        }
        if let Some(bucket) = &mut self.bytes {
            bucket.spend(message.size() as f64);
        }
    }

    fn wait(&mut self) -> Option<Duration> {
        if self.messages.is_none() && self.bytes.is_none() {
            return None;
        }
        let now = Instant::now();
        let buckets = self.messages.iter_mut().chain(&mut self.bytes);
        buckets.filter_map(|bucket| bucket.wait(now)).max()
    }
}
