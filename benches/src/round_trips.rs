//! Timing round trips, for a fixed time.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::line::{Line, Sample};
use crate::order::Order;
use crate::process::{Failure, cpu_time, wait};
use crate::statistics::quantile;

/// Times one round trip after the other.
#[derive(Debug)]
pub struct RoundTrips {
    /// When the round trip that is under way began.
    lap: Instant,
    warm_until: Instant,
    window: Duration,
    /// When measuring ends, and the processor time that was used before; once it has begun.
    measuring: Option<(Instant, Duration)>,
    nanos: Vec<u32>,
}

impl RoundTrips {
    /// Starts with the first round trip of the warm-up.
    pub fn new(order: &Order) -> Self {
        let lap = Instant::now();
        let warm_until = lap + order.warm_up;
        let nanos = Vec::with_capacity(EXPECTED);
        Self { lap, warm_until, window: order.window, measuring: None, nanos }
    }

    /// Ends one round trip and begins the next; false when there is to be no other.
    ///
    /// # Errors
    ///
    /// Nobody listens any more.
    #[inline]
    pub fn lap(&mut self) -> Result<bool, Failure> {
        let now = Instant::now();
        let nanos = (now - self.lap).as_nanos();
        self.lap = now;
        match self.measuring {
            Some((until, _)) => {
                self.nanos.push(u32::try_from(nanos).unwrap_or(u32::MAX));
                Ok(now < until)
            }
            None if now < self.warm_until => Ok(true),
            None => self.begin().map(|()| true),
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        Line::Begin.say()?;
        self.lap = Instant::now();
        self.measuring = Some((self.lap + self.window, cpu_time()));
        Ok(())
    }

    /// Says how the round trips are distributed, and waits for the process to be ended.
    ///
    /// # Errors
    ///
    /// Nobody listens any more.
    pub fn finish(self) -> Result<Infallible, Failure> {
        Line::Result(self.sample()).say()?;
        wait()
    }

    fn sample(mut self) -> Sample {
        let cpu = self.measuring.map_or(Duration::ZERO, |(_, before)| cpu_time() - before);
        self.nanos.sort_unstable();
        let at = |share| quantile(&self.nanos, share).map_or(0.0, f64::from);
        Sample::from(
            [
                ("messages", self.nanos.len() as f64),
                ("p50_ns", at(0.5)),
                ("p99_ns", at(0.99)),
                ("p999_ns", at(0.999)),
                ("cpu_ns", cpu.as_nanos() as f64),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }
}

/// Round trips to have room for, so that none waits while memory is taken.
const EXPECTED: usize = 1 << 20;
