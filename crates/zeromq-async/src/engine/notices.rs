//! What the application receives when peers come and go, besides what they send.

use std::sync::Arc;

use super::Engine;
use crate::event::DisconnectReason;
use crate::options::NoticeOptions;
use crate::peer::Pipe;

impl Engine {
    /// A peer is there: it is heard of before anything that it sends.
    pub(super) fn tell_connected(&self, pipe: &Arc<Pipe>) {
        if let Some(notice) = &self.options.notices.connected {
            pipe.notify(notice.clone());
        }
    }

    /// A peer is gone that was not sent away: it is heard of behind all that it has sent.
    pub(super) fn tell_lost(&self, pipe: &Arc<Pipe>, reason: &DisconnectReason) {
        if matches!(reason, DisconnectReason::Closed) {
            return;
        }
        let NoticeOptions { lost, accepted_lost, connected_lost, .. } = &self.options.notices;
        let by_side = if pipe.connects() { connected_lost } else { accepted_lost };
        for notice in [lost, by_side].into_iter().flatten() {
            pipe.notify(notice.clone());
        }
    }
}
