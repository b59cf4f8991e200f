//! Reports dropped messages to listeners: a count for each reason, at most once a second.

use std::mem::replace;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::runtimes::Runtimes;
use super::shutdown::Shutdown;
use super::task::{Interrupted, Task};
use crate::event::{Events, Listeners, SocketEvent};
use crate::pipe::{DropCounts, PeerSet};
use crate::stats::DropReason;
use crate::sync::Mutex;

/// The time between two reports.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reports the dropped messages of one socket, once it has a listener.
pub(super) struct DropReporter {
    peers: Arc<PeerSet>,
    events: Arc<Listeners>,
    runtimes: Arc<Runtimes>,
    shutdown: Arc<Shutdown>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` before the first listener.
    reported: Option<Reported>,
    has_task: bool,
}

/// What listeners were told.
struct Reported {
    counts: DropCounts,
    /// Messages lost before the socket began to close. Their loss is in the `Disconnected` events.
    lost: Option<usize>,
}

impl DropReporter {
    pub(super) fn new(
        peers: &Arc<PeerSet>,
        events: &Arc<Listeners>,
        runtimes: &Arc<Runtimes>,
        shutdown: &Arc<Shutdown>,
    ) -> Arc<Self> {
        Arc::new(Self {
            peers: peers.clone(),
            events: events.clone(),
            runtimes: runtimes.clone(),
            shutdown: shutdown.clone(),
            state: Mutex::default(),
        })
    }

    /// Adds a listener to the socket's events, and begins to report.
    pub(super) fn listen(self: &Arc<Self>) -> Events {
        let events = self.events.listen();
        if self.shutdown.closing.is_cancelled() {
            return events;
        }
        if self.state.lock().reported.is_none() {
            self.peers.ledger().watch();
            let counts = self.peers.drops();
            self.state.lock().reported.get_or_insert(Reported { counts, lost: None });
        }
        if let Some(runtime) = self.runtimes.oldest_or_current() {
            self.start(&runtime);
        }
        events
    }

    /// Starts the task that reports, if there is a listener and no such task.
    pub(super) fn start(self: &Arc<Self>, runtime: &Handle) {
        let mut state = self.state.lock();
        if state.reported.is_none() || replace(&mut state.has_task, true) {
            return;
        }
        drop(state);
        self.shutdown.spawn(runtime, Reporting(self.clone()));
    }

    /// The socket begins to close. Messages lost from now on are reported as lost.
    pub(super) fn begin_close(&self) {
        if let Some(reported) = &mut self.state.lock().reported {
            reported.lost.get_or_insert_with(|| self.peers.ledger().lost_so_far());
        }
    }

    /// Reports the messages dropped since the last report.
    pub(super) fn report(&self) {
        for (reason, count) in self.unreported() {
            self.events.emit(SocketEvent::Dropping { reason, count });
        }
    }

    fn unreported(&self) -> Vec<(DropReason, u64)> {
        let mut state = self.state.lock();
        let Some(reported) = &mut state.reported else { return Vec::new() };
        let now = self.peers.drops();
        let before = replace(&mut reported.counts, now);
        let now = &reported.counts;
        let before = DropReason::list(&before.dropped, &before.discarded);
        let after = DropReason::list(&now.dropped, &now.discarded);
        let new = before.into_iter().zip(after);
        let new = new.map(|((reason, before), (_, after))| (reason, after.saturating_sub(before)));
        let lost = reported.lost.as_mut().map_or(0, |lost| {
            let before = replace(lost, self.peers.ledger().lost_so_far());
            lost.saturating_sub(before) as u64
        });
        new.chain([(DropReason::Lost, lost)]).filter(|(_, count)| *count > 0).collect()
    }
}

struct Reporting(Arc<DropReporter>);

impl Task for Reporting {
    async fn run(&mut self) {
        let reporter = &self.0;
        let reporting = async {
            loop {
                reporter.peers.ledger().entered().await;
                reporter.report();
                tokio::time::sleep(INTERVAL).await;
            }
        };
        reporter.shutdown.closing.run_until_cancelled(reporting).await;
        reporter.report();
    }

    /// Starts again on another runtime of the socket, if this one has ended.
    fn end(self, interrupted: Option<Interrupted>) {
        let reporter = self.0;
        reporter.state.lock().has_task = false;
        if let Some(Interrupted::RuntimeEnded) = interrupted
            && !reporter.shutdown.closing.is_cancelled()
            && let Some(runtime) = reporter.runtimes.oldest()
        {
            reporter.start(&runtime);
        }
    }
}
