//! The values that options take: what libzmq writes as 0 or -1 has a name here.

use std::net::SocketAddr;
use std::time::Duration;

use super::SocksProxy;

/// How long to wait before each attempt to connect again: `ZMQ_RECONNECT_IVL` and
/// `ZMQ_RECONNECT_IVL_MAX`.
///
/// Every wait has a random part, so that the clients of a server that comes back do not arrive all
/// at once:
///
/// | | libzmq | here |
/// |---|---|---|
/// | without a maximum | `initial` to twice `initial`, at random | the same |
/// | with a maximum | `initial`, doubled each time, up to it | half of that to all of it, at random |
///
/// The default is 100 ms without a maximum, as in libzmq. Not to reconnect at all (libzmq's -1, and
/// in fact its 0) is not a matter of how long, and has its own option.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::ReconnectBackoff;
///
/// let gentle = ReconnectBackoff::new(Duration::from_millis(100)).up_to(Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReconnectBackoff {
    initial: Duration,
    max: Option<Duration>,
}

impl ReconnectBackoff {
    /// Waits about `initial` before every attempt. Less than a millisecond becomes a millisecond: a
    /// connection that is refused at once would otherwise be attempted without a pause.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{ReconnectBackoff, SubSocket};
    ///
    /// let backoff = ReconnectBackoff::new(Duration::from_millis(500));
    /// let sub = SubSocket::builder().reconnect(backoff).build();
    /// # drop(sub);
    /// ```
    pub const fn new(initial: Duration) -> Self {
        Self { initial, max: None }
    }

    /// Doubles the wait at each attempt that fails, up to `max`. The doubling begins anew with each
    /// connection that completes its handshake.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{ReconnectBackoff, SubSocket};
    ///
    /// let backoff = ReconnectBackoff::new(Duration::from_millis(100)).up_to(Duration::from_secs(30));
    /// let sub = SubSocket::builder().reconnect(backoff).build();
    /// # drop(sub);
    /// ```
    pub const fn up_to(self, max: Duration) -> Self {
        Self { max: Some(max), ..self }
    }

    /// The same, growing up to `max` or the initial wait where no maximum was set.
    pub(crate) fn growing_to(self, max: Duration) -> Self {
        Self { max: self.max.or(Some(max.max(self.initial))), ..self }
    }

    /// The wait before attempt number `attempt`, counted from 0 since the last success, given any
    /// random number.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::ReconnectBackoff;
    ///
    /// let backoff = ReconnectBackoff::new(Duration::from_millis(100)).up_to(Duration::from_secs(1));
    /// assert_eq!(backoff.delay(0, 0), Duration::from_millis(100));
    /// assert_eq!(backoff.delay(2, 0), Duration::from_millis(400));
    /// ```
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let initial = self.initial.max(LEAST_DELAY);
        let Some(max) = self.max else {
            return initial.saturating_add(below(initial, random));
        };
        let longest = initial.saturating_mul(2_u32.saturating_pow(attempt)).min(max);
        (longest - below(longest / 2, random)).max(LEAST_DELAY)
    }
}

impl Default for ReconnectBackoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100))
    }
}

/// A duration from zero up to, but not including, `limit`.
fn below(limit: Duration, random: u64) -> Duration {
    let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random.checked_rem(limit).unwrap_or(0))
}

/// The shortest wait between two attempts to connect.
const LEAST_DELAY: Duration = Duration::from_millis(1);

/// TCP keepalive: `ZMQ_TCP_KEEPALIVE` set to 1, and when and how often the system probes a silent
/// connection.
///
/// Whatever is not set is left to the system, as libzmq's -1 does; on Linux that is 2 hours of
/// silence, then 9 probes 75 s apart. A dead peer is found after `idle + interval * count`.
/// Heartbeats of ZMTP find a stuck peer as well as a dead one, and are the better choice where both
/// sides have them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::Keepalive;
///
/// let keepalive = Keepalive::new()
///     .idle(Duration::from_secs(60))
///     .interval(Duration::from_secs(10))
///     .count(3);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Keepalive {
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) count: Option<u32>,
}

impl Keepalive {
    /// Keepalive with the system's timing.
    ///
    /// ```
    /// use zeromq_async::{Keepalive, SubSocket};
    ///
    /// let sub = SubSocket::builder().tcp_keepalive(Keepalive::new()).build();
    /// # drop(sub);
    /// ```
    pub const fn new() -> Self {
        Self { idle: None, interval: None, count: None }
    }

    /// How long a connection is silent before the first probe, in whole seconds:
    /// `ZMQ_TCP_KEEPALIVE_IDLE`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{Keepalive, PullSocket};
    ///
    /// let keepalive = Keepalive::new().idle(Duration::from_secs(60));
    /// let pull = PullSocket::builder().tcp_keepalive(keepalive).build();
    /// # drop(pull);
    /// ```
    pub const fn idle(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
    }

    /// The time between two probes, in whole seconds: `ZMQ_TCP_KEEPALIVE_INTVL`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{Keepalive, PullSocket};
    ///
    /// let keepalive = Keepalive::new().interval(Duration::from_secs(10));
    /// let pull = PullSocket::builder().tcp_keepalive(keepalive).build();
    /// # drop(pull);
    /// ```
    pub const fn interval(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// How many probes go unanswered before the connection is given up: `ZMQ_TCP_KEEPALIVE_CNT`.
    ///
    /// ```
    /// use zeromq_async::{Keepalive, PullSocket};
    ///
    /// let pull = PullSocket::builder().tcp_keepalive(Keepalive::new().count(3)).build();
    /// # drop(pull);
    /// ```
    pub const fn count(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }
}

/// What a [transport](crate::transport) is told of the socket that binds or dials: what its
/// builder sets for the kernel's sockets.
///
/// A transport that is made of another one hands it down. How long a connection attempt may take is
/// watched over above: `dial` can be dropped at any time.
///
/// ```
/// let by_default = zeromq_async::transport::TransportOptions::default();
/// # drop(by_default);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportOptions {
    /// How many connections may wait to be accepted; the system has a limit of its own too
    /// (`somaxconn`). `ZMQ_BACKLOG`, 100.
    pub(crate) backlog: u32,
    /// The kernel's send buffer, in bytes; `None` leaves it to the system, which is best where it
    /// tunes itself. `ZMQ_SNDBUF`, the system's.
    pub(crate) send_buffer: Option<usize>,
    /// The kernel's receive buffer, in bytes; as for `send_buffer`. `ZMQ_RCVBUF`, the system's.
    pub(crate) receive_buffer: Option<usize>,
    /// TCP keepalive; `None` leaves it as the system has it, which is off. `ZMQ_TCP_KEEPALIVE`, the
    /// system's.
    pub(crate) keepalive: Option<Keepalive>,
    /// How long TCP sends again what is not acknowledged before it gives the connection up. Linux
    /// and Android; ignored elsewhere. `ZMQ_TCP_MAXRT`, the system's.
    pub(crate) retransmit_limit: Option<Duration>,
    /// The type-of-service byte of TCP's IP packets, the traffic class in IPv6. `ZMQ_TOS`, 0.
    pub(crate) type_of_service: Option<u8>,
    /// The network interface or VRF that TCP traffic is confined to; Linux only, and an error
    /// elsewhere. `ZMQ_BINDTODEVICE`, none.
    pub(crate) device: Option<String>,
    /// The priority of TCP's packets on their way out of this machine. Linux; ignored elsewhere.
    /// `ZMQ_PRIORITY`, 0.
    pub(crate) priority: Option<u32>,
    /// How long the kernel looks for packets by itself before it waits for an interrupt. Linux;
    /// ignored elsewhere. `ZMQ_BUSY_POLL`, 0.
    pub(crate) busy_poll: Option<Duration>,
    /// The proxy through which TCP connections are made. `ZMQ_SOCKS_PROXY`, none.
    pub(crate) socks_proxy: Option<Box<SocksProxy>>,
    /// What one attempt to connect knows besides.
    pub(crate) attempt: AttemptOptions,
}

/// What a socket tells its transport of the attempts to connect before, and of the time there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AttemptOptions {
    /// Addresses that answered and were no peer, in the order in which to try them again: behind all
    /// others.
    pub(crate) failed_addresses: Vec<SocketAddr>,
    /// When the attempt will be ended. `None` for no limit.
    pub(crate) connect_timeout: Option<Duration>,
    /// How long what comes before the handshake of ZMTP may take. `None` for no limit.
    pub(crate) handshake_timeout: Option<Duration>,
}

impl TransportOptions {
    /// Whether any option of the kernel's sockets is set that it might refuse.
    pub(crate) fn tunes(&self) -> bool {
        let Self { backlog, socks_proxy, attempt, .. } = self.clone();
        *self != Self { backlog, socks_proxy, attempt, ..Self::default() }
    }
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            backlog: 100,
            send_buffer: None,
            receive_buffer: None,
            keepalive: None,
            retransmit_limit: None,
            type_of_service: None,
            device: None,
            priority: None,
            busy_poll: None,
            socks_proxy: None,
            attempt: AttemptOptions::default(),
        }
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
                assert!(backoff.delay(attempt, random) >= LEAST_DELAY, "{backoff:?}");
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
