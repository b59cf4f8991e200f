//! What the application receives when peers come and go, besides what they send.

use std::sync::Arc;

use zmtp::Message;

use super::Engine;
use crate::event::DisconnectReason;
use crate::options::NoticeOptions;
use crate::pipe::Pipe;

/// Notices pass the high-water mark, for the application must learn of the peer; but one that comes
/// and goes for ever, while nobody receives, must not fill the memory.
const MAX_UNREAD: usize = 1024;

fn notify(pipe: &Arc<Pipe>, notice: &Message) {
    if pipe.inbound.unread() < MAX_UNREAD || pipe.inbound.has_room() {
        pipe.notify(notice.clone());
    }
}

impl Engine {
    /// A peer is there: it is heard of before anything that it sends.
    pub(super) fn tell_connected(&self, pipe: &Arc<Pipe>) {
        if let Some(notice) = &self.options.notices.connected {
            notify(pipe, notice);
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
            notify(pipe, notice);
        }
    }
}
