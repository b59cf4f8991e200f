//! Counts received messages for a fixed time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::line::{Line, Sample};
use crate::order::Order;
use crate::process::cpu_time;

/// The message counts of several receivers, one counter each.
///
/// A thread reads the counts at the start and at the end of the measured time, so that the measured
/// loops do not read the clock.
#[derive(Debug, Clone)]
pub struct Counters {
    counts: Arc<[Padded]>,
    newest: Arc<Padded>,
}

/// The count of one receiver.
#[derive(Debug)]
pub struct Counter {
    counters: Counters,
    index: usize,
}

/// Aligned to its own cache lines, so that receivers do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

impl Counters {
    /// Creates counters for this many receivers.
    pub fn new(receivers: usize) -> Self {
        let counts = (0..receivers).map(|_| Padded::default()).collect();
        Self { counts, newest: Arc::default() }
    }

    /// The counter of one receiver. Only that receiver may add to it.
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
    pub fn counter(&self, index: usize) -> Counter {
        assert!(index < self.counts.len(), "receiver {index} of {}", self.counts.len());
        Counter { counters: self.clone(), index }
    }

    /// Starts a thread that measures as ordered and writes the result.
    pub fn measure(&self, order: &Order) {
        let counters = self.clone();
        let (warm_up, window) = (order.warm_up, order.window);
        thread::spawn(move || {
            while counters.read().iter().sum::<u64>() == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(warm_up);
            let heard = Line::Begin.say();
            let start = Reading::take(&counters);
            thread::sleep(window);
            let result = Reading::take(&counters).since(&start);
            // If the standard output is closed, the process is about to end.
            let _ = heard.and_then(|()| Line::Result(result).say());
        });
    }

    fn read(&self) -> Vec<u64> {
        self.counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect()
    }
}

impl Counter {
    /// Counts one more.
    #[inline]
    pub fn add_one(&self) {
        let count = self.cell().load(Ordering::Relaxed);
        self.set(count + 1);
    }

    /// Counts the message with this number. Messages are numbered as they are sent, so that those
    /// that do not arrive are known.
    #[inline]
    pub fn add_numbered(&self, number: u64) {
        self.add_one();
        self.counters.newest.0.store(number, Ordering::Relaxed);
    }

    /// Sets the total count.
    #[inline]
    pub fn set(&self, count: u64) {
        self.cell().store(count, Ordering::Relaxed);
    }

    fn cell(&self) -> &AtomicU64 {
        &self.counters.counts[self.index].0
    }
}

struct Reading {
    at: Instant,
    counts: Vec<u64>,
    newest: u64,
    cpu: Duration,
}

impl Reading {
    fn take(counters: &Counters) -> Self {
        let at = Instant::now();
        let newest = counters.newest.0.load(Ordering::Relaxed);
        Self { at, counts: counters.read(), newest, cpu: cpu_time() }
    }

    /// The figures since `start`. The counts of the slowest and the fastest receiver are relative
    /// to the mean.
    fn since(&self, start: &Self) -> Sample {
        let counts: Vec<u64> =
            self.counts.iter().zip(&start.counts).map(|(now, then)| now - then).collect();
        let messages = counts.iter().sum::<u64>() as f64;
        let mean = (messages / counts.len() as f64).max(f64::MIN_POSITIVE);
        let sent = match self.newest - start.newest {
            0 => messages,
            numbered => numbered as f64,
        };
        let share = |count: Option<&u64>| count.map_or(0.0, |count| *count as f64 / mean);
        Sample::from(
            [
                ("messages", messages),
                ("messages_per_second", messages / (self.at - start.at).as_secs_f64()),
                ("cpu_ns", (self.cpu - start.cpu).as_nanos() as f64),
                ("fewest", share(counts.iter().min())),
                ("arrived", (messages / sent.max(f64::MIN_POSITIVE)).min(1.0)),
                ("most", share(counts.iter().max())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_gives_rate_and_spread() {
        let at = Instant::now();
        let reading = |seconds, counts: &[u64], cpu| Reading {
            at: at + Duration::from_secs(seconds),
            counts: counts.to_vec(),
            newest: 20 * seconds * counts[0],
            cpu: Duration::from_nanos(cpu),
        };
        let sample = reading(2, &[200, 500], 9_000).since(&reading(0, &[100, 200], 1_000));
        assert_eq!(sample["messages"], 400.0);
        assert_eq!(sample["messages_per_second"], 200.0);
        assert_eq!(sample["cpu_ns"], 8_000.0);
        assert_eq!(sample["arrived"], 400.0 / 8_000.0);
        assert_eq!((sample["fewest"], sample["most"]), (0.5, 1.5));
    }

    #[test]
    fn receivers_count_separately() {
        let counters = Counters::new(2);
        counters.counter(1).add_one();
        counters.counter(1).add_one();
        counters.counter(0).set(7);
        assert_eq!(counters.read(), [7, 2]);
    }
}
