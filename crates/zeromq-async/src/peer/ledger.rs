//! What became of messages that are in no queue any more.
//!
//! Each pipe has an account of its own, and the ledger has what is no pipe's, and the accounts of
//! those that have left.

use std::sync::Arc;

use super::Pipe;
use crate::stats::{Discarded, Dropped, PeerStats, SocketStats};
use crate::sync::Mutex;

/// The counts of a socket beyond those of its pipes.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Entries>);

/// Messages that went another way than from queue to queue, by reason.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) dropped: Dropped,
    pub(crate) discarded: Discarded,
    /// Sent, though the application did not ask for it.
    own: u64,
    /// Of `discarded`, those that a receiver had popped already.
    popped: u64,
}

#[derive(Debug, Default)]
struct Entries {
    counts: Counts,
    /// What peers that have left had sent and received.
    sent: u64,
    received: u64,
    lost: u64,
    /// Fed to a `Sink` that found no room.
    parked: u64,
}

/// The counts of one pipe.
#[derive(Debug)]
pub(crate) struct Account {
    ledger: Arc<Ledger>,
    state: Mutex<Balance>,
}

#[derive(Debug, Default)]
struct Balance {
    counts: Counts,
    /// The pipe has left, and the ledger has taken the counts over.
    closed: bool,
}

impl Ledger {
    /// Enters what is no peer's.
    pub(crate) fn dropped(&self, note: impl FnOnce(&mut Dropped)) {
        note(&mut self.0.lock().counts.dropped);
    }

    pub(crate) fn lost(&self, messages: usize) {
        self.0.lock().lost += messages as u64;
    }

    /// A message waits in a `Sink` from now on.
    pub(crate) fn park(&self) {
        self.0.lock().parked += 1;
    }

    /// It waits no more.
    pub(crate) fn unpark(&self) {
        self.0.lock().parked -= 1;
    }

    /// Takes over the counts of a pipe that leaves, and counts as lost what it was not sent.
    pub(super) fn close_account(&self, pipe: &Pipe, unsent: usize) {
        let (sent, _) = pipe.outbound.counts();
        let received = pipe.inbound.received();
        let mut balance = pipe.account().state.lock();
        balance.closed = true;
        let mut entries = self.0.lock();
        entries.sent += sent;
        entries.received += received;
        entries.lost += unsent as u64;
        entries.counts.add(&balance.counts);
        entries.counts.add(&replaced(pipe));
    }

    /// All counts of a socket with these pipes, of whose messages `popped` have been taken.
    pub(super) fn total(&self, pipes: &[Arc<Pipe>], popped: u64) -> SocketStats {
        let peers: Vec<_> = pipes.iter().map(|pipe| pipe.stats()).collect();
        let mut counts = Counts::default();
        for pipe in pipes {
            counts.add(&pipe.account().state.lock().counts);
            counts.add(&replaced(pipe));
        }
        let entries = self.0.lock();
        counts.add(&entries.counts);
        let sum = |count: fn(&PeerStats) -> u64| peers.iter().map(count).sum::<u64>();
        let received = entries.received + sum(|peer| peer.received);
        let never_popped = counts.discarded.total() - counts.popped;
        SocketStats {
            sent: entries.sent + sum(|peer| peer.sent),
            queued: entries.parked + sum(|peer| peer.queued),
            lost: entries.lost,
            dropped: counts.dropped,
            own: counts.own,
            received,
            // Elsewhere messages may be moving meanwhile, so that a moment's difference is negative.
            taken: popped.saturating_sub(counts.popped),
            unread: received.saturating_sub(popped + never_popped),
            discarded: counts.discarded,
            peers,
        }
    }

    pub(crate) fn lost_so_far(&self) -> usize {
        usize::try_from(self.0.lock().lost).unwrap_or(usize::MAX)
    }
}

impl Account {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, state: Mutex::default() }
    }

    /// Enters messages that were for the peer.
    pub(crate) fn dropped(&self, note: impl Fn(&mut Dropped)) {
        self.note(|counts| note(&mut counts.dropped));
    }

    /// Enters messages of the peer that were in its queue, or never got there.
    pub(crate) fn discarded(&self, note: impl Fn(&mut Discarded)) {
        self.note(|counts| note(&mut counts.discarded));
    }

    /// Enters a message of the peer that the receiver has popped.
    pub(crate) fn discarded_popped(&self, note: impl Fn(&mut Discarded)) {
        self.note(|counts| {
            note(&mut counts.discarded);
            counts.popped += 1;
        });
    }

    /// Enters a message that the socket itself has sent.
    pub(super) fn own(&self) {
        self.note(|counts| counts.own += 1);
    }

    pub(super) fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    fn note(&self, note: impl Fn(&mut Counts)) {
        let mut balance = self.state.lock();
        note(&mut balance.counts);
        if balance.closed {
            note(&mut self.ledger.0.lock().counts);
        }
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.dropped.add(&other.dropped);
        self.discarded.add(&other.discarded);
        self.own += other.own;
        self.popped += other.popped;
    }
}

/// What the queues themselves count.
fn replaced(pipe: &Pipe) -> Counts {
    let mut counts = Counts::default();
    counts.dropped.replaced = pipe.outbound.replaced();
    counts.discarded.replaced = pipe.inbound.replaced();
    counts
}
