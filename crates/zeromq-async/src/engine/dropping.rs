//! Telling listeners that messages go astray, and not for each of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Engine;
use crate::event::{Events, SocketEvent};
use crate::peer::Counts;
use crate::stats::Astray;

/// How long nothing more is told of a reason.
const PAUSE: Duration = Duration::from_secs(1);

/// What listeners know.
#[derive(Debug)]
pub(super) struct Told {
    counts: Counts,
    /// Messages that were lost before the socket began to close: the ends of connections have told
    /// of those.
    lost: Option<usize>,
}

impl Engine {
    /// Listens to what happens, and has it told from now on that messages go astray.
    pub(crate) fn listen(self: &Arc<Self>) -> Events {
        let events = self.events.listen();
        let may_tell = !self.closing.is_cancelled() && Handle::try_current().is_ok();
        let mut told = self.told.lock();
        if may_tell && told.is_none() {
            self.peers.ledger().watch();
            *told = Some(Told { counts: self.peers.astray(), lost: None });
            let engine = self.clone();
            self.tasks.spawn(async move { engine.tell_of_dropping().await });
        }
        drop(told);
        events
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
        if let Some(told) = &mut *self.told.lock() {
            told.lost.get_or_insert_with(|| self.peers.ledger().lost_so_far());
        }
    }

    /// Tells of what went astray since this was done last, and of what a closed socket has lost.
    pub(super) fn tell(&self) {
        for (reason, count) in self.untold() {
            self.events.emit(SocketEvent::Dropping { reason, count });
        }
    }

    fn untold(&self) -> Vec<(Astray, u64)> {
        let mut told = self.told.lock();
        let Some(told) = &mut *told else { return Vec::new() };
        let now = self.peers.astray();
        let before = Astray::list(&told.counts.dropped, &told.counts.discarded);
        let after = Astray::list(&now.dropped, &now.discarded);
        told.counts = now;
        let new = before.into_iter().zip(after);
        let new = new.map(|((reason, before), (_, after))| (reason, after.saturating_sub(before)));
        let lost = told.lost.as_mut().map_or(0, |lost| {
            let before = std::mem::replace(lost, self.peers.ledger().lost_so_far());
            lost.saturating_sub(before) as u64
        });
        new.chain([(Astray::Lost, lost)]).filter(|(_, count)| *count > 0).collect()
    }
}
