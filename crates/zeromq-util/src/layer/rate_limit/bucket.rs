//! Buckets of tokens: they fill as time passes, and what is let through takes some out.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;
use zeromq_async::Message;

use super::Rate;
use crate::layer::deadline::Deadline;

/// The buckets of a [`Rate`], one for messages and one for bytes.
#[derive(Debug)]
pub(super) struct Buckets {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    deadline: Deadline,
}

impl Buckets {
    pub(super) fn new(rate: Rate) -> Self {
        let bucket = |tokens: u32| Bucket::new(f64::from(tokens), rate.period, Instant::now());
        Self {
            messages: rate.messages.map(bucket),
            bytes: rate.bytes.map(bucket),
            deadline: Deadline::default(),
        }
    }

    /// Ready when there is a token in each.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(wait) = self.wait() {
            self.deadline.set_after(wait);
            ready!(self.deadline.poll(cx));
        }
        Poll::Ready(())
    }

    pub(super) fn spend(&mut self, message: &Message) {
        if let Some(bucket) = &mut self.messages {
            bucket.tokens -= 1.0;
        }
        if let Some(bucket) = &mut self.bytes {
            bucket.tokens -= message.size() as f64;
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

#[derive(Debug)]
struct Bucket {
    /// What is in it; less than none after a message that was larger than what was in it.
    tokens: f64,
    /// How much fits.
    size: f64,
    /// How many flow into it in a second.
    per_second: f64,
    filled: Instant,
}

/// Times are counted in whole nanoseconds, so a token that has come may lack a little.
const NEARLY_ONE: f64 = 1.0 - 1e-6;

impl Bucket {
    fn new(size: f64, period: Duration, now: Instant) -> Self {
        let period = period.max(Duration::from_nanos(1));
        Self { tokens: size, size, per_second: size / period.as_secs_f64(), filled: now }
    }

    /// Fills it up to now, and says how long there is no token yet.
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.size);
        self.filled = now;
        if self.tokens >= NEARLY_ONE {
            return None;
        }
        let seconds = (1.0 - self.tokens) / self.per_second;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_refills_up_to_its_size() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut bucket = Bucket::new(10.0, Duration::from_secs(1), start);
        bucket.tokens -= 10.0;
        assert_eq!(bucket.wait(start), Some(Duration::from_millis(100)));
        assert_eq!(bucket.wait(after(50)), Some(Duration::from_millis(50)));
        assert_eq!(bucket.wait(after(100)), None);
        assert_eq!(bucket.wait(after(60_000)), None);
        bucket.tokens -= 10.0;
        assert_eq!(bucket.wait(after(60_000)), Some(Duration::from_millis(100)));
    }

    #[test]
    fn bucket_debt_is_paid_off() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, Duration::from_secs(1), start);
        bucket.tokens -= 30.0;
        assert_eq!(bucket.wait(start), Some(Duration::from_millis(2100)));
    }
}
