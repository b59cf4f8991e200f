//! Not to try again and again what has failed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tokio::time::Instant;
use tower_layer::Layer;

/// After so many failures in a row, fails sending at once for a time, and then tries with one
/// message whether it works again.
///
/// What fails is what it goes around: a [`TimeoutLayer`](super::TimeoutLayer) that finds no room, a
/// [`RetryLayer`](super::RetryLayer) whose requests have no reply. So it is the outer one of them:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::PushSocket;
/// use zeromq_util::layer::{CircuitBreakerLayer, CircuitBreakerError, SendExt, TimeoutLayer, WithLayer};
///
/// let mut push = PushSocket::new()
///     .with_layer(TimeoutLayer::new().send(Duration::from_secs(1)))
///     .with_layer(CircuitBreakerLayer::on_send(3, Duration::from_secs(30)));
/// for _ in 0..3 {
///     assert!(push.send("nobody is there").await.is_err()); // each after a second
/// }
/// let at_once = push.send("nobody is there").await.unwrap_err();
/// assert!(matches!(at_once, CircuitBreakerError::Open { .. }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CircuitBreakerLayer {
    failures: u32,
    pause: Duration,
    watched: Watched,
}

/// Whose failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    Sending,
    Replies,
}

impl CircuitBreakerLayer {
    /// Pauses after so many failures to send in a row, at least 1.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let layer = zeromq_util::layer::CircuitBreakerLayer::on_send(5, Duration::from_secs(10));
    /// # drop(layer);
    /// ```
    pub fn on_send(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, watched: Watched::Sending }
    }

    /// Pauses after so many failures to receive in a row, at least 1: for requests that have no
    /// reply.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::DealerSocket;
    /// use zeromq_util::layer::{CircuitBreakerLayer, RetryLayer, WithLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let dealer = DealerSocket::new()
    ///     .with_layer(RetryLayer::new(Duration::from_secs(1)).correlate(true))
    ///     .with_layer(CircuitBreakerLayer::on_reply(5, Duration::from_secs(10)));
    /// assert!(!dealer.is_open());
    /// # }
    /// ```
    pub fn on_reply(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, watched: Watched::Replies }
    }
}

impl<S> Layer<S> for CircuitBreakerLayer {
    type Service = CircuitBreaker<S>;

    fn layer(&self, inner: S) -> CircuitBreaker<S> {
        CircuitBreaker { inner, layer: *self, state: State::Closed { failures: 0 } }
    }
}

/// What a [`CircuitBreakerLayer`] makes of a socket.
#[derive(Debug)]
pub struct CircuitBreaker<S> {
    inner: S,
    layer: CircuitBreakerLayer,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// All is well, but for so many failures in a row.
    Closed { failures: u32 },
    /// Nothing is sent until then.
    Open { until: Instant },
    /// The pause is over: one message may be sent, to see.
    Trial,
}

wraps!(CircuitBreaker<S>, CircuitBreakerLayer, "on_send(3, std::time::Duration::from_secs(1))");

impl<S> CircuitBreaker<S> {
    /// Whether sending would fail at once now.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    /// use zeromq_util::layer::{CircuitBreakerLayer, WithLayer};
    ///
    /// let layer = CircuitBreakerLayer::on_send(3, Duration::from_secs(30));
    /// assert!(!PushSocket::new().with_layer(layer).is_open());
    /// # }
    /// ```
    pub fn is_open(&self) -> bool {
        self.pause_left().is_some()
    }

    fn pause_left(&self) -> Option<Duration> {
        let State::Open { until } = self.state else { return None };
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
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
        let until = now.checked_add(self.layer.pause).unwrap_or(now + FOR_LONG);
        self.state = State::Open { until };
    }

    fn succeed(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    fn note<T, E>(&mut self, watched: Watched, result: &Result<T, E>) {
        if watched == self.layer.watched {
            match result {
                Ok(_) => self.succeed(),
                Err(_) => self.fail(),
            }
        }
    }
}

/// A pause that no clock can count.
const FOR_LONG: Duration = Duration::from_secs(365 * 24 * 3600);

impl<S: Sink<T> + Unpin, T> Sink<T> for CircuitBreaker<S> {
    type Error = CircuitBreakerError<S::Error>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let State::Open { .. } = self.state {
            if let Some(retry_in) = self.pause_left() {
                return Poll::Ready(Err(CircuitBreakerError::Open { retry_in }));
            }
            self.state = State::Trial;
        }
        let ready = Pin::new(&mut self.inner).poll_ready(cx);
        // That there is room is no success yet.
        if let Poll::Ready(result @ Err(_)) = &ready {
            self.note(Watched::Sending, result);
        }
        ready.map_err(CircuitBreakerError::Inner)
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        let result = Pin::new(&mut self.inner).start_send(item);
        if let State::Trial = self.state {
            // The next waits for what becomes of this, but not for ever.
            self.open();
        }
        self.note(Watched::Sending, &result);
        result.map_err(CircuitBreakerError::Inner)
    }

    forward_poll_flush!(T, CircuitBreakerError::Inner);
}

impl<S, T, E> Stream for CircuitBreaker<S>
where
    S: Stream<Item = Result<T, E>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(result)) = &next {
            self.note(Watched::Replies, result);
        }
        next
    }
}

/// Nothing is sent for now, or what the layer wraps failed.
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::SendError;
/// use zeromq_util::layer::CircuitBreakerError;
///
/// let open = CircuitBreakerError::<SendError>::Open { retry_in: Duration::from_secs(2) };
/// assert!(open.to_string().ends_with("try again in 2s"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitBreakerError<E> {
    /// There were too many failures in a row.
    #[error("nothing is sent after too many failures in a row; try again in {retry_in:?}")]
    Open {
        /// When one message may be sent, to see.
        retry_in: Duration,
    },
    /// What the layer wraps failed.
    #[error(transparent)]
    Inner(E),
}
