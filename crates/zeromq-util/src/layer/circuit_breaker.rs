//! A pause after repeated failures.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;

/// Fails sending at once, for a time, after a number of failures in a row. Then it lets one message
/// through as a trial.
///
/// Failures are errors of the wrapped socket or layer. With [`on_reply`](Self::on_reply) around a
/// [`RetryLayer`](super::RetryLayer) they are requests without a reply. A `send` that finds no peer
/// waits and does not fail. Report a timeout around it with [`fail`](CircuitBreaker::fail):
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tokio::time::timeout;
/// use zeromq_async::PushSocket;
/// use zeromq_util::layer::{CircuitBreakerLayer, CircuitBreakerError, SendExt, WithLayer};
///
/// let layer = CircuitBreakerLayer::on_send(3, Duration::from_secs(30));
/// let mut push = PushSocket::new().with_layer(layer);
/// for _ in 0..3 {
///     assert!(timeout(Duration::from_secs(1), push.send("no peer is there")).await.is_err());
///     push.fail();
/// }
/// assert!(push.is_open());
/// let at_once = push.send("no peer is there").await.unwrap_err();
/// assert!(matches!(at_once, CircuitBreakerError::Open { .. }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CircuitBreakerLayer {
    failures: u32,
    pause: Duration,
    watched: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Send,
    Receive,
}

impl CircuitBreakerLayer {
    /// Pauses after this number of failures to send in a row, at least 1.
    pub fn on_send(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, watched: Direction::Send }
    }

    /// Pauses after this number of failures to receive in a row, at least 1. Use it for requests
    /// that have no reply.
    pub fn on_reply(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, watched: Direction::Receive }
    }
}

impl<S> Layer<S> for CircuitBreakerLayer {
    type Service = CircuitBreaker<S>;

    fn layer(&self, inner: S) -> CircuitBreaker<S> {
        let breaker = Breaker { layer: *self, state: State::Closed { failures: 0 } };
        CircuitBreaker { inner, breaker }
    }
}

pin_project! {
    /// A socket with a [`CircuitBreakerLayer`].
    #[derive(Debug)]
    pub struct CircuitBreaker<S> {
        #[pin]
        inner: S,
        breaker: Breaker,
    }
}

accessors!(CircuitBreaker<S>);

impl<S> CircuitBreaker<S> {
    /// Returns whether sending would fail at once.
    pub fn is_open(&self) -> bool {
        self.breaker.pause_left().is_some()
    }

    /// Counts a failure that the layer cannot see, such as a timeout around `send`.
    pub fn fail(&mut self) {
        self.breaker.fail();
    }
}

impl<S: Sink<T>, T> Sink<T> for CircuitBreaker<S> {
    type Error = CircuitBreakerError<S::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = self.project();
        if let Err(retry_in) = this.breaker.check() {
            return Poll::Ready(Err(CircuitBreakerError::Open { retry_in }));
        }
        let ready = this.inner.poll_ready(cx);
        // Room is not a success yet.
        if let Poll::Ready(result @ Err(_)) = &ready {
            this.breaker.count(Direction::Send, result);
        }
        ready.map_err(CircuitBreakerError::Inner)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        let this = self.project();
        let result = this.inner.start_send(item);
        this.breaker.end_trial();
        this.breaker.count(Direction::Send, &result);
        result.map_err(CircuitBreakerError::Inner)
    }

    forward_poll_flush!(T, CircuitBreakerError::Inner);
}

impl<S, T, E> Stream for CircuitBreaker<S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = this.inner.poll_next(cx);
        if let Poll::Ready(Some(result)) = &next {
            this.breaker.count(Direction::Receive, result);
        }
        next
    }
}

#[derive(Debug)]
struct Breaker {
    layer: CircuitBreakerLayer,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Messages pass. Counts the failures in a row.
    Closed { failures: u32 },
    /// Sending fails until then.
    Open { until: Instant },
    /// The pause is over. One message may be sent.
    Trial,
}

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(365 * 24 * 3600);

impl Breaker {
    fn pause_left(&self) -> Option<Duration> {
        let State::Open { until } = self.state else { return None };
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Begins a trial when the pause is over. The error is the time that is left of it.
    fn check(&mut self) -> Result<(), Duration> {
        if let State::Open { .. } = self.state {
            match self.pause_left() {
                Some(left) => return Err(left),
                None => self.state = State::Trial,
            }
        }
        Ok(())
    }

    /// The trial message was sent. The next one waits for its outcome, or for another pause.
    fn end_trial(&mut self) {
        if let State::Trial = self.state {
            self.open();
        }
    }

    fn count<T, E>(&mut self, direction: Direction, result: &Result<T, E>) {
        if direction == self.layer.watched {
            match result {
                Ok(_) => self.state = State::Closed { failures: 0 },
                Err(_) => self.fail(),
            }
        }
    }

    fn fail(&mut self) {
        match &mut self.state {
            State::Closed { failures } if *failures + 1 < self.layer.failures => *failures += 1,
            State::Closed { .. } | State::Trial => self.open(),
            State::Open { .. } => {}
        }
    }

    fn open(&mut self) {
        let now = Instant::now();
        let until = now.checked_add(self.layer.pause).unwrap_or(now + MAX_PAUSE);
        self.state = State::Open { until };
    }
}

/// The error of a [`CircuitBreaker`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitBreakerError<E> {
    /// There were too many failures in a row.
    #[error("nothing is sent after too many failures in a row; try again in {retry_in:?}")]
    Open {
        /// The time until one message may be sent as a trial.
        retry_in: Duration,
    },
    /// The wrapped socket or layer failed.
    #[error(transparent)]
    Inner(E),
}
