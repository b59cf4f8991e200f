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

impl Engine {
    /// Listens to what happens, and has it told from now on that messages go astray.
    pub(crate) fn listen(self: &Arc<Self>) -> Events {
        let events = self.events.listen();
        let may_tell = !self.closing.is_cancelled() && Handle::try_current().is_ok();
        if may_tell && !self.tells_of_dropping.swap(true, std::sync::atomic::Ordering::Relaxed) {
            self.peers.ledger().watch();
            let (engine, told) = (self.clone(), self.peers.astray());
            self.tasks.spawn(async move { engine.tell_of_dropping(told).await });
        }
        events
    }

    async fn tell_of_dropping(&self, mut told: Counts) {
        let ledger = self.peers.ledger();
        let telling = async {
            loop {
                ledger.entered().await;
                self.tell(&mut told);
                tokio::time::sleep(PAUSE).await;
            }
        };
        self.closing.run_until_cancelled(telling).await;
        self.tell(&mut told);
    }

    fn tell(&self, told: &mut Counts) {
        let now = self.peers.astray();
        let before = Astray::list(&told.dropped, &told.discarded);
        let after = Astray::list(&now.dropped, &now.discarded);
        for ((reason, before), (_, after)) in before.into_iter().zip(after) {
            if let count @ 1.. = after.saturating_sub(before) {
                self.events.emit(SocketEvent::Dropping { reason, count });
            }
        }
        *told = now;
    }
}
