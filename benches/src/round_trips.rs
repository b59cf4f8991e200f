//! Times round trips for a fixed time.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::line::{Line, Sample};
use crate::order::Order;
use crate::process::{Failure, cpu_time, wait};
use crate::statistics::quantile;

/// Times consecutive round trips.
#[derive(Debug)]
pub struct RoundTrips {
    /// The start of the current round trip.
    lap: Instant,
    warm_until: Instant,
    window: Duration,
    /// The end of the measurement, and the processor time at its start. `None` during the warm-up.
    measuring: Option<(Instant, Duration)>,
    nanos: Vec<u32>,
}

impl RoundTrips {
    /// Starts the first round trip of the warm-up.
    pub fn new(order: &Order) -> Self {
        let lap = Instant::now();
        let warm_until = lap + order.warm_up;
        let nanos = Vec::with_capacity(EXPECTED);
        Self { lap, warm_until, window: order.window, measuring: None, nanos }
    }

    /// Ends a round trip and starts the next. Returns false at the end of the measurement.
    ///
    /// # Errors
    ///
    /// The standard output is closed.
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

    /// Writes the quantiles of the round trips and waits until the process is killed.
    ///
    /// # Errors
    ///
    /// The standard output is closed.
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

/// The preallocated number of round trips, so that recording never allocates.
const EXPECTED: usize = 1 << 20;
