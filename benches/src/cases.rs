//! The cases, one file for each group.

mod churn;
mod echo;
mod encrypted;
mod fan_in;
mod fan_out;
mod matching;
mod memory;
mod round_trip;
mod throughput;
mod udp;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::case::{Better, Case, Metric, Unit};
use crate::contestant::Contestant;
use crate::order::{Order, Role};

/// The settings of all cases.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    /// The processor for pinned processes.
    pub(crate) processor: usize,
    /// A directory for `ipc` sockets.
    pub(crate) scratch: PathBuf,
    /// The contestants of this run.
    pub(crate) contestants: Vec<Contestant>,
    /// Leaves out the longest cases.
    pub(crate) quick: bool,
}

/// All cases in the order of the report.
pub(crate) fn all(settings: &Settings) -> Vec<Case> {
    [
        throughput::cases(settings),
        udp::cases(settings),
        round_trip::cases(settings),
        fan_out::cases(settings),
        fan_in::cases(settings),
        echo::cases(settings),
        matching::cases(settings),
        encrypted::cases(settings),
        churn::cases(settings),
        memory::cases(settings),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Settings {
    fn order(&self, role: Role, endpoint: &str) -> Order {
        let mut order = Order::new(role, endpoint);
        (order.warm_up, order.window) = (self.warm_up, self.window);
        order
    }

    /// Extra warm-up until this many connections are established and their queues are full.
    fn warm_up_for(&self, connections: usize) -> Duration {
        Duration::from_millis(connections as u64)
    }

    /// The contestants that support every role.
    fn implementations(&self) -> Vec<Contestant> {
        let built_in =
            |contestant: &&Contestant| matches!(contestant, Contestant::Ours | Contestant::Libzmq);
        self.contestants.iter().filter(built_in).cloned().collect()
    }

    /// An endpoint to bind: any free port, or a path that does not exist yet.
    fn endpoint(&self, transport: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        match transport {
            "tcp" => TCP.to_owned(),
            "ws" => "ws://127.0.0.1:*".to_owned(),
            "ipc" => {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                format!("ipc://{}/{number}", self.scratch.display())
            }
            _ => "inproc://versus".to_owned(),
        }
    }
}

const TCP: &str = "tcp://127.0.0.1:*";

const RATE: Metric = Metric {
    key: "messages_per_second",
    title: "messages per second",
    unit: Unit::PerSecond,
    better: Better::More,
};

const CPU: Metric = Metric {
    key: "cpu_ns_per_message",
    title: "processor time per message, of all processes",
    unit: Unit::Nanoseconds,
    better: Better::Less,
};

const FEWEST: Metric = Metric {
    key: "fewest",
    title: "messages of the slowest receiver, relative to the mean",
    unit: Unit::Share,
    better: Better::More,
};

/// `64 B`, `16 KiB`, …
fn show_size(bytes: usize) -> String {
    match bytes {
        ..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// `1 sender`, `16 senders`, …
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_ids_are_unique() {
        let settings = Settings {
            warm_up: Duration::ZERO,
            window: Duration::ZERO,
            processor: 0,
            scratch: PathBuf::new(),
            contestants: vec![Contestant::Ours, Contestant::Libzmq, Contestant::Floor],
            quick: false,
        };
        let mut ids: Vec<String> = all(&settings).iter().map(Case::id).collect();
        let count = ids.len();
        assert!(ids.contains(&"throughput/tcp/16-KiB-shared".to_owned()), "{ids:?}");
        assert!(ids.iter().all(|id| !id.contains(' ')));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
