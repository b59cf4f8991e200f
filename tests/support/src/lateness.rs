//! How late the machine wakes threads: the part of a latency that is not the library's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A thread that measures how late threads wake.
pub struct Lateness {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Lateness {
    /// Starts to measure.
    pub fn watch() -> Self {
        const SLEEP: Duration = Duration::from_millis(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut most = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(SLEEP);
                most = most.max(start.elapsed() - SLEEP);
            }
            most
        });
        Self { stop, thread }
    }

    /// Ends, and returns the maximum lateness.
    pub fn max(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the thread ends by itself")
    }
}
