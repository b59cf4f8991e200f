//! A token bucket: it refills as time passes.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct TokenBucket {
    /// Negative after a message that was larger than the tokens left.
    tokens: f64,
    size: f64,
    per_second: f64,
    filled: Instant,
}

/// Times are whole nanoseconds, so a token may lack a little when it is due.
const NEARLY_ONE: f64 = 1.0 - 1e-6;

impl TokenBucket {
    pub(super) fn new(size: f64, period: Duration, now: Instant) -> Self {
        let period = period.max(Duration::from_nanos(1));
        Self { tokens: size, size, per_second: size / period.as_secs_f64(), filled: now }
    }

    pub(super) fn spend(&mut self, tokens: f64) {
        self.tokens -= tokens;
    }

    /// Refills the bucket. Returns the time until it has a token, or `None` if it has one.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Duration> {
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
        let mut bucket = TokenBucket::new(10.0, Duration::from_secs(1), start);
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
        let mut bucket = TokenBucket::new(10.0, Duration::from_secs(1), start);
        bucket.tokens -= 30.0;
        assert_eq!(bucket.wait(start), Some(Duration::from_millis(2100)));
    }
}
