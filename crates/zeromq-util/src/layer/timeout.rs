//! Not to wait for ever for room, or for a message.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tokio::task::coop;
use tower_layer::Layer;

use super::beginning;
use super::deadline::Deadline;
use zeromq_async::RecvError;

/// Limits how long sending waits for room, and how long nothing may be received (libzmq's
/// `ZMQ_SNDTIMEO` and `ZMQ_RCVTIMEO`).
///
/// Neither is limited unless it is set. An error does no harm: no message is lost by it, and the
/// next call waits anew.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::PairSocket;
/// use zeromq_util::layer::{RecvExt, SendExt, TimeoutError, TimeoutLayer, WithLayer};
///
/// let limit = Duration::from_millis(1);
/// let mut pair = PairSocket::new().with_layer(TimeoutLayer::new().send(limit).recv(limit));
/// let nobody = pair.send("hello").await.unwrap_err();
/// assert!(matches!(nobody, TimeoutError::NoRoom { .. }));
/// assert_eq!(pair.recv().await.unwrap_err(), TimeoutError::Idle { after: limit });
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeoutLayer {
    send: Option<Duration>,
    recv: Option<Duration>,
}

impl TimeoutLayer {
    /// Limits nothing yet.
    ///
    /// ```
    /// let layer = zeromq_util::layer::TimeoutLayer::new();
    /// # drop(layer);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// How long sending waits for room, from when it first found none. Default: for ever.
    ///
    /// Each call of [`SendExt`](super::SendExt) waits anew, also after one that was dropped. Whoever
    /// polls the `Sink` otherwise goes on with the wait before, until there was room.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let layer = zeromq_util::layer::TimeoutLayer::new().send(Duration::from_secs(1));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn send(mut self, after: Duration) -> Self {
        self.send = Some(after);
        self
    }

    /// How long receiving waits for a message, from when it first found none. Default: for ever.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let layer = zeromq_util::layer::TimeoutLayer::new().recv(Duration::from_secs(1));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn recv(mut self, after: Duration) -> Self {
        self.recv = Some(after);
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout { inner, send: Limit::new(self.send), recv: Limit::new(self.recv) }
    }
}

/// What a [`TimeoutLayer`] makes of a socket.
#[derive(Debug)]
pub struct Timeout<S> {
    inner: S,
    send: Limit,
    recv: Limit,
}

wraps!(Timeout<S>, TimeoutLayer, "new()");

impl<S: Sink<T> + Unpin, T> Sink<T> for Timeout<S> {
    type Error = TimeoutError<S::Error>;

    #[inline]
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_ready(cx) {
            Poll::Ready(result) => {
                this.send.stop();
                Poll::Ready(result.map_err(TimeoutError::Inner))
            }
            Poll::Pending => {
                if beginning::is_first() {
                    this.send.stop();
                }
                this.send.poll(cx).map(|after| Err(TimeoutError::NoRoom { after }))
            }
        }
    }

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        Pin::new(&mut self.inner).start_send(item).map_err(TimeoutError::Inner)
    }

    forward_poll_flush!(T, TimeoutError::Inner);
}

impl<S, T, E> Stream for Timeout<S>
where
    S: Stream<Item = Result<T, E>> + Unpin,
{
    type Item = Result<T, TimeoutError<E>>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_next(cx) {
            Poll::Ready(item) => {
                this.recv.stop();
                Poll::Ready(item.map(|item| item.map_err(TimeoutError::Inner)))
            }
            Poll::Pending => {
                this.recv.poll(cx).map(|after| Some(Err(TimeoutError::Idle { after })))
            }
        }
    }
}

/// It took too long, or what the layer wraps failed.
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::RecvError;
/// use zeromq_util::layer::TimeoutError;
///
/// let idle = TimeoutError::<RecvError>::Idle { after: Duration::from_secs(2) };
/// assert_eq!(idle.to_string(), "no message came within 2s; receiving may be tried again");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeoutError<E> {
    /// There was no room to send: no peer, or none whose queue is not full.
    #[error(
        "no peer had room for a message within {after:?}; is one connected, and does it receive?"
    )]
    NoRoom {
        /// How long that may last.
        after: Duration,
    },
    /// Nothing was received.
    #[error("no message came within {after:?}; receiving may be tried again")]
    Idle {
        /// How long that may last.
        after: Duration,
    },
    /// What the layer wraps failed.
    #[error(transparent)]
    Inner(E),
}

impl<E: From<RecvError>> From<RecvError> for TimeoutError<E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}

/// How long something may be pending.
#[derive(Debug)]
struct Limit {
    after: Option<Duration>,
    deadline: Deadline,
}

impl Limit {
    fn new(after: Option<Duration>) -> Self {
        Self { after, deadline: Deadline::default() }
    }

    #[inline]
    fn stop(&mut self) {
        self.deadline.clear();
    }

    /// Counts from the first call since it was stopped, or since it last ran out.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        let Some(after) = self.after else { return Poll::Pending };
        if !self.deadline.is_set() {
            self.deadline.set_after(after);
            if !coop::has_budget_remaining() {
                // Pending may mean no more than that this task has to yield.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        self.deadline.poll(cx).map(|()| after)
    }
}
