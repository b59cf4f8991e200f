//! When to connect again.

use std::time::Duration;

/// How long to wait before each attempt to connect again (`ZMQ_RECONNECT_IVL`,
/// `ZMQ_RECONNECT_IVL_MAX`).
///
/// Part of each wait is random, so that the clients of a restarted server do not all connect at the
/// same time:
///
/// | | libzmq | here |
/// |---|---|---|
/// | without a maximum | random, from `initial` to twice `initial` | the same |
/// | with a maximum | `initial`, doubled each time up to the maximum | random, from half of that to all of it |
///
/// Default: 100 ms without a maximum, as in libzmq. The option
/// [`no_reconnect`](crate::SocketBuilder::no_reconnect) turns reconnecting off (libzmq's -1).
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::ReconnectBackoff;
///
/// let backoff = ReconnectBackoff::new(Duration::from_millis(100)).up_to(Duration::from_secs(1));
/// assert_eq!(backoff.delay(0, 0), Duration::from_millis(100));
/// assert_eq!(backoff.delay(2, 0), Duration::from_millis(400));
/// assert_eq!(backoff.delay(9, 0), Duration::from_secs(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReconnectBackoff {
    initial: Duration,
    max: Option<Duration>,
}

impl ReconnectBackoff {
    /// Waits about `initial` before every attempt, and at least a millisecond.
    pub const fn new(initial: Duration) -> Self {
        Self { initial, max: None }
    }

    /// Doubles the wait after each failed attempt, up to `max`. A completed handshake resets it.
    pub const fn up_to(self, max: Duration) -> Self {
        Self { max: Some(max), ..self }
    }

    /// Grows up to `max`, or to the initial wait if that is longer, unless a maximum is set.
    pub(crate) fn growing_to(self, max: Duration) -> Self {
        Self { max: self.max.or(Some(max.max(self.initial))), ..self }
    }

    /// The wait before attempt number `attempt`, counted from 0 since the last completed handshake,
    /// given a random number.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let initial = self.initial.max(MIN_DELAY);
        let Some(max) = self.max else {
            return initial.saturating_add(below(initial, random));
        };
        let longest = initial.saturating_mul(2_u32.saturating_pow(attempt)).min(max);
        (longest - below(longest / 2, random)).max(MIN_DELAY)
    }
}

impl Default for ReconnectBackoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100))
    }
}

/// A duration from zero to `limit`, exclusive.
fn below(limit: Duration, random: u64) -> Duration {
    let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random.checked_rem(limit).unwrap_or(0))
}

const MIN_DELAY: Duration = Duration::from_millis(1);

/// Failures after which a socket stops connecting to an endpoint (`ZMQ_RECONNECT_STOP`).
///
/// Default: none. A socket tries until it is closed. After such a failure, the socket
/// [disconnects](crate::Socket::disconnect) from the endpoint: queued messages count as lost, and
/// the last event is [`ConnectStopped`](crate::SocketEvent::ConnectStopped). libzmq's third
/// condition, after a disconnect, always applies here.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{ReconnectStop, ReqSocket, SocketEvent};
///
/// let stop = ReconnectStop::never().when_refused();
/// let req = ReqSocket::builder().reconnect_stop(stop).build();
/// let mut events = req.events();
/// req.connect("tcp://127.0.0.1:1")?; // no program listens there
/// while let Some(event) = events.next().await {
///     if let SocketEvent::ConnectStopped { attempts, .. } = event {
///         assert_eq!(attempts, 1);
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReconnectStop {
    pub(crate) when_refused: bool,
    pub(crate) when_handshake_fails: bool,
}

impl ReconnectStop {
    /// Does not stop after any failure.
    pub const fn never() -> Self {
        Self { when_refused: false, when_handshake_fails: false }
    }

    /// Stops when the connection is refused (`ZMQ_RECONNECT_STOP_CONN_REFUSED`). Use it if the
    /// server has another port after each start.
    ///
    /// For a name with several addresses, the last one tried counts.
    #[must_use]
    pub const fn when_refused(self) -> Self {
        Self { when_refused: true, ..self }
    }

    /// Stops when a handshake fails for any reason (`ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED`), because
    /// the peer may not be a ZeroMQ socket. By default only an ERROR of the peer stops.
    ///
    /// A handshake without an answer fails after the
    /// [handshake timeout](crate::SocketBuilder::handshake_timeout).
    #[must_use]
    pub const fn when_handshake_fails(self) -> Self {
        Self { when_handshake_fails: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn delay_without_maximum_stays_under_twice() {
        let backoff = ReconnectBackoff::new(100 * MS);
        for attempt in [0, 1, 31, 32, u32::MAX] {
            for random in [0, 1, 99_999_999, 100_000_000, u64::MAX / 3, u64::MAX] {
                let delay = backoff.delay(attempt, random);
                assert!((100 * MS..200 * MS).contains(&delay), "{attempt} {random}: {delay:?}");
            }
        }
    }

    #[test]
    fn delay_with_maximum_doubles_with_jitter() {
        let backoff = ReconnectBackoff::new(100 * MS).up_to(1000 * MS);
        for (attempt, longest) in
            [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (40, 1000), (u32::MAX, 1000)]
        {
            let longest = longest * MS;
            assert_eq!(backoff.delay(attempt, 0), longest);
            for random in [1, 49_999_999, 12_345_678_901, u64::MAX] {
                let delay = backoff.delay(attempt, random);
                assert!((longest / 2..=longest).contains(&delay), "{attempt} {random}: {delay:?}");
            }
        }
    }

    #[test]
    fn extreme_durations_neither_panic_nor_spin() {
        for backoff in [
            ReconnectBackoff::new(Duration::ZERO),
            ReconnectBackoff::new(Duration::from_nanos(1)).up_to(Duration::ZERO),
            ReconnectBackoff::new(Duration::MAX),
            ReconnectBackoff::new(Duration::MAX).up_to(Duration::MAX),
        ] {
            for (attempt, random) in [(0, 0), (1, u64::MAX), (u32::MAX, 7)] {
                assert!(backoff.delay(attempt, random) >= MIN_DELAY, "{backoff:?}");
            }
        }
    }

    #[test]
    fn zero_initial_delay_still_grows() {
        let backoff = ReconnectBackoff::new(Duration::ZERO).up_to(1000 * MS);
        assert_eq!(backoff.delay(4, 0), 16 * MS);
        assert_eq!(backoff.delay(40, 0), 1000 * MS);
    }

    #[test]
    fn maximum_caps_the_initial_delay() {
        let backoff = ReconnectBackoff::new(100 * MS).up_to(10 * MS);
        assert_eq!(backoff.delay(0, 0), 10 * MS);
    }
}
