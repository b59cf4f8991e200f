//! What became of messages that are in no queue any more.

use super::Pipe;
use crate::stats::{Dropped, PeerStats, SocketStats};
use crate::sync::Mutex;

/// The counts of a socket beyond those that its pipes keep.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    dropped: Dropped,
    /// What peers that have left had sent and received.
    sent: u64,
    received: u64,
    lost: u64,
}

impl Ledger {
    pub(crate) fn dropped(&self, note: impl FnOnce(&mut Dropped)) {
        note(&mut self.0.lock().dropped);
    }

    pub(crate) fn lost(&self, messages: usize) {
        self.0.lock().lost += messages as u64;
    }

    /// Takes over the counts of a pipe that leaves, and counts as lost what it was not sent.
    pub(super) fn close_account(&self, pipe: &Pipe, unsent: usize) {
        let PeerStats { sent, received, .. } = pipe.stats();
        let mut entries = self.0.lock();
        entries.sent += sent;
        entries.received += received;
        entries.lost += unsent as u64;
        entries.dropped.replaced += pipe.outbound.replaced();
    }

    pub(super) fn total(&self, pipes: &[std::sync::Arc<Pipe>]) -> SocketStats {
        let peers: Vec<_> = pipes.iter().map(|pipe| pipe.stats()).collect();
        let entries = self.0.lock();
        let mut dropped = entries.dropped;
        dropped.replaced += pipes.iter().map(|pipe| pipe.outbound.replaced()).sum::<u64>();
        SocketStats {
            sent: entries.sent + peers.iter().map(|peer| peer.sent).sum::<u64>(),
            received: entries.received + peers.iter().map(|peer| peer.received).sum::<u64>(),
            queued: peers.iter().map(|peer| peer.queued).sum(),
            lost: entries.lost,
            dropped,
            peers,
        }
    }

    pub(crate) fn lost_so_far(&self) -> usize {
        usize::try_from(self.0.lock().lost).unwrap_or(usize::MAX)
    }
}
