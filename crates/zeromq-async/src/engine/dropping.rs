//! Telling listeners that messages go astray, and not for each of them.

use std::mem::replace;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Engine;
use super::task::{self, Crash, Task};
use crate::event::{Events, SocketEvent};
use crate::pipe::DropCounts;
use crate::stats::DropReason;

/// How long nothing more is told of a reason.
const PAUSE: Duration = Duration::from_secs(1);

/// What is told, and by whom.
#[derive(Debug, Default)]
pub(super) struct Telling {
    /// None before anybody listens.
    told: Option<Told>,
    /// Whether a task tells.
    has_task: bool,
}

/// What listeners know.
#[derive(Debug)]
struct Told {
    counts: DropCounts,
    /// Messages that were lost before the socket began to close: the ends of connections have told
    /// of those.
    lost: Option<usize>,
}

impl Engine {
    /// Listens to what happens, and has it told from now on that messages go astray.
    pub(crate) fn listen(self: &Arc<Self>) -> Events {
        let events = self.events.listen();
        if self.closing.is_cancelled() {
            return events;
        }
        if self.told.lock().told.is_none() {
            self.peers.ledger().watch();
            let counts = self.peers.drops();
            self.told.lock().told.get_or_insert(Told { counts, lost: None });
        }
        if let Some(runtime) = self.home.find_or_current() {
            self.start_telling(&runtime);
        }
        events
    }

    /// Starts the task that tells, if there is a listener and no such task.
    pub(super) fn start_telling(self: &Arc<Self>, runtime: &Handle) {
        let mut telling = self.told.lock();
        if telling.told.is_none() || replace(&mut telling.has_task, true) {
            return;
        }
        drop(telling);
        task::spawn(runtime, Some(&self.tasks), Teller(self.clone()));
    }

    async fn tell_of_dropping(&self) {
        let ledger = self.peers.ledger();
        let telling = async {
            loop {
                ledger.entered().await;
                self.tell();
                tokio::time::sleep(PAUSE).await;
            }
        };
        self.closing.run_until_cancelled(telling).await;
        self.tell();
    }

    /// The socket begins to close: what is lost from now on is lost to that.
    pub(super) fn begin_last_telling(&self) {
        if let Some(told) = &mut self.told.lock().told {
            told.lost.get_or_insert_with(|| self.peers.ledger().lost_so_far());
        }
    }

    /// Tells of what went astray since this was done last, and of what a closed socket has lost.
    pub(super) fn tell(&self) {
        for (reason, count) in self.untold() {
            self.events.emit(SocketEvent::Dropping { reason, count });
        }
    }

    fn untold(&self) -> Vec<(DropReason, u64)> {
        let mut telling = self.told.lock();
        let Some(told) = &mut telling.told else { return Vec::new() };
        let now = self.peers.drops();
        let before = DropReason::list(&told.counts.dropped, &told.counts.discarded);
        let after = DropReason::list(&now.dropped, &now.discarded);
        told.counts = now;
        let new = before.into_iter().zip(after);
        let new = new.map(|((reason, before), (_, after))| (reason, after.saturating_sub(before)));
        let lost = told.lost.as_mut().map_or(0, |lost| {
            let before = std::mem::replace(lost, self.peers.ledger().lost_so_far());
            lost.saturating_sub(before) as u64
        });
        new.chain([(DropReason::Lost, lost)]).filter(|(_, count)| *count > 0).collect()
    }
}

/// The task that tells.
struct Teller(Arc<Engine>);

impl Task for Teller {
    async fn run(&mut self) {
        self.0.tell_of_dropping().await;
    }

    /// Another takes its place on the next runtime of the socket's.
    fn end(self, crash: Option<Crash>) {
        let engine = self.0;
        engine.told.lock().has_task = false;
        if let Some(Crash::RuntimeEnded) = crash
            && !engine.closing.is_cancelled()
            && let Some(runtime) = engine.home.find()
        {
            engine.start_telling(&runtime);
        }
    }
}
