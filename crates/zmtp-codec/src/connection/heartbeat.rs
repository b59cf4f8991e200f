//! Heartbeats: detects dead peers. The time is an argument.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::wire::{Command, Ttl};

/// The configuration of a [`Heartbeat`]. Off by default, as in libzmq.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// The time between PINGs; `None` or zero for no PINGs (`ZMQ_HEARTBEAT_IVL`).
    pub interval: Option<Duration>,
    /// The time to wait for any input after a PING; `None` for `interval` (`ZMQ_HEARTBEAT_TIMEOUT`).
    pub timeout: Option<Duration>,
    /// The time that the peer should wait for more input after a PING (`ZMQ_HEARTBEAT_TTL`).
    pub ttl: Ttl,
}

/// The heartbeat timers of one connection after its handshake.
///
/// Call [`on_input`](Self::on_input) for every read, then [`on_ping`](Self::on_ping) for each PING in
/// it. Sleep until [`poll_timeout`](Self::poll_timeout), then call
/// [`handle_timeout`](Self::handle_timeout).
///
/// ```
/// use std::time::{Duration, Instant};
/// use zmtp_codec::{Heartbeat, HeartbeatAction, HeartbeatConfig};
///
/// let second = Duration::from_secs(1);
/// let start = Instant::now();
/// let config = HeartbeatConfig { interval: Some(10 * second), ..HeartbeatConfig::default() };
/// let mut heartbeat = Heartbeat::new(config, start);
///
/// assert_eq!(heartbeat.poll_timeout(), Some(start + 10 * second));
/// let ping = heartbeat.handle_timeout(start + 10 * second);
/// assert!(matches!(ping, HeartbeatAction::SendPing(_)));
/// assert_eq!(heartbeat.handle_timeout(start + 20 * second), HeartbeatAction::PeerDead);
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat {
    config: HeartbeatConfig,
    next_ping: Option<Instant>,
    /// The deadline for input after this side's PING.
    answer_due: Option<Instant>,
    /// The deadline for input after the peer's last PING.
    ttl_ends: Option<Instant>,
}

/// The action at a [timeout](Heartbeat::handle_timeout).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeartbeatAction {
    /// Do nothing.
    Nothing,
    /// The peer has been silent for too long: close the connection.
    PeerDead,
    /// Send this command.
    SendPing(Command),
}

impl Heartbeat {
    /// Starts the timers.
    pub fn new(config: HeartbeatConfig, now: Instant) -> Self {
        // A zero interval would send PINGs without end.
        let interval = config.interval.filter(|interval| !interval.is_zero());
        let next_ping = interval.and_then(|interval| now.checked_add(interval));
        Self { config, next_ping, answer_due: None, ttl_ends: None }
    }

    /// Resets the deadlines, after any input from the peer.
    pub fn on_input(&mut self) {
        self.answer_due = None;
        self.ttl_ends = None;
    }

    /// Starts the time to live of a PING from the peer.
    pub fn on_ping(&mut self, ttl: Ttl, now: Instant) {
        if ttl != Ttl::NONE {
            self.ttl_ends = self.ttl_ends.or(now.checked_add(ttl.duration()));
        }
    }

    /// The time to call [`handle_timeout`](Self::handle_timeout); `None` for never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.next_ping, self.answer_due, self.ttl_ends].into_iter().flatten().min()
    }

    /// Returns the action that is due now.
    pub fn handle_timeout(&mut self, now: Instant) -> HeartbeatAction {
        let is_over = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if is_over(self.answer_due) || is_over(self.ttl_ends) {
            return HeartbeatAction::PeerDead;
        }
        match self.config.interval {
            Some(interval) if is_over(self.next_ping) => {
                self.next_ping = now.checked_add(interval);
                let timeout = self.config.timeout.unwrap_or(interval);
                self.answer_due = self.answer_due.or(now.checked_add(timeout));
                let (ttl, context) = (self.config.ttl, Bytes::new());
                HeartbeatAction::SendPing(Command::Ping { ttl, context })
            }
            _ => HeartbeatAction::Nothing,
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any time will do to start from")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn beating(timeout: Option<Duration>) -> (Heartbeat, Instant) {
        let start = Instant::now();
        let config = HeartbeatConfig { interval: Some(SECOND), timeout, ttl: Ttl::NONE };
        (Heartbeat::new(config, start), start)
    }

    #[test]
    fn default_heartbeat_is_off() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(HeartbeatConfig::default(), start);
        assert_eq!(heartbeat.poll_timeout(), None);
        assert_eq!(heartbeat.handle_timeout(start + 1000 * SECOND), HeartbeatAction::Nothing);
    }

    #[test]
    fn zero_interval_turns_heartbeats_off() {
        let config = HeartbeatConfig { interval: Some(Duration::ZERO), ..Default::default() };
        assert_eq!(Heartbeat::new(config, Instant::now()).poll_timeout(), None);
    }

    #[test]
    fn maximal_durations_never_expire() {
        let (mut heartbeat, start) = beating(Some(Duration::MAX));
        for beat in 1..10 {
            let action = heartbeat.handle_timeout(start + beat * SECOND);
            assert!(matches!(action, HeartbeatAction::SendPing(_)), "{action:?}");
        }
        let config = HeartbeatConfig { interval: Some(Duration::MAX), ..Default::default() };
        assert_eq!(Heartbeat::new(config, start).poll_timeout(), None);
    }

    #[test]
    fn any_input_resets_the_timeout() {
        let (mut heartbeat, start) = beating(None);
        for beat in 1..10 {
            let action = heartbeat.handle_timeout(start + beat * SECOND);
            assert!(matches!(action, HeartbeatAction::SendPing(_)), "{action:?}");
            heartbeat.on_input();
        }
    }

    #[test]
    fn timeout_may_exceed_the_interval() {
        let (mut heartbeat, start) = beating(Some(5 * SECOND));
        for beat in 1..6 {
            let action = heartbeat.handle_timeout(start + beat * SECOND);
            assert!(matches!(action, HeartbeatAction::SendPing(_)), "{action:?}");
        }
        assert_eq!(heartbeat.poll_timeout(), Some(start + 6 * SECOND));
        assert_eq!(heartbeat.handle_timeout(start + 6 * SECOND), HeartbeatAction::PeerDead);
    }

    #[test]
    fn expired_ttl_ends_peer_without_our_pings() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(HeartbeatConfig::default(), start);
        heartbeat.on_input();
        heartbeat.on_ping(Ttl::from_duration(3 * SECOND), start);
        // Input without a PING in it ends the promise.
        assert_eq!(heartbeat.poll_timeout(), Some(start + 3 * SECOND));
        heartbeat.on_input();
        assert_eq!(heartbeat.poll_timeout(), None);
        heartbeat.on_ping(Ttl::from_duration(3 * SECOND), start + SECOND);
        assert_eq!(heartbeat.handle_timeout(start + 3 * SECOND), HeartbeatAction::Nothing);
        assert_eq!(heartbeat.handle_timeout(start + 4 * SECOND), HeartbeatAction::PeerDead);
    }

    #[test]
    fn ping_without_ttl_sets_no_timeout() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(HeartbeatConfig::default(), start);
        heartbeat.on_ping(Ttl::NONE, start);
        assert_eq!(heartbeat.poll_timeout(), None);
    }
}
