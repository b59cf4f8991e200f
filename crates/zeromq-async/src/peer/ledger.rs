//! What became of messages that are in no queue any more.
//!
//! Each pipe has an account of its own, and the ledger has what is no pipe's, and the accounts of
//! those that have left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use zmtp::{Batch, Message};

use super::Pipe;
use crate::stats::{Discarded, Dropped, PeerStats, SocketStats};
use crate::sync::Mutex;
use crate::unsent::{Addressee, UnsentMessages};

/// The counts of a socket beyond those of its pipes.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
    /// Told of each entry of a message that went astray, once somebody listens.
    watched: AtomicBool,
    entered: Notify,
}

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
    bytes_sent: u64,
    bytes_received: u64,
    reconnects: u64,
    lost: u64,
    /// Fed to a `Sink` that found no room.
    parked: u64,
    /// Of those that are lost, what the application can have back, and how many at most.
    unsent: UnsentMessages,
    keep: usize,
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
        note(&mut self.entries.lock().counts.dropped);
        self.tell();
    }

    /// Enters a message that found no peer, and never will.
    pub(crate) fn lost(&self, message: Message) {
        let mut entries = self.entries.lock();
        let mut queue = Batch::new();
        queue.push(message);
        entries.lost += 1;
        entries.keep(None, queue);
    }

    /// From now on keeps so many messages that are lost, the latest.
    pub(crate) fn keep_unsent(&self, limit: usize) {
        self.entries.lock().keep = limit;
    }

    /// The messages that were lost and kept.
    pub(crate) fn take_unsent(&self) -> UnsentMessages {
        std::mem::take(&mut self.entries.lock().unsent)
    }

    /// Enters a message that a peer refuses, and that was taken out of its queue.
    pub(crate) fn refused(&self, pipe: &Pipe, queue: Batch) {
        let addressee = pipe.addressee();
        self.entries.lock().keep(Some(addressee), queue);
        pipe.account().dropped(|dropped| dropped.refused += 1);
    }

    /// From now on `entered` has something to wait for.
    pub(crate) fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Waits until something has been entered since the last time.
    pub(crate) async fn entered(&self) {
        self.entered.notified().await;
    }

    fn tell(&self) {
        if self.watched.load(Ordering::Relaxed) {
            self.entered.notify_one();
        }
    }

    /// A message waits in a `Sink` from now on.
    pub(crate) fn park(&self) {
        self.entries.lock().parked += 1;
    }

    /// It waits no more.
    pub(crate) fn unpark(&self) {
        self.entries.lock().parked -= 1;
    }

    /// Takes over the counts of a pipe that leaves, and counts as lost what it was not sent.
    pub(super) fn close_account(&self, pipe: &Pipe, unsent: Batch) {
        // All of the queues is asked for first: whoever holds one of their locks may enter something
        // here, and never the other way round.
        let (stats, replaced, addressee) = (pipe.stats(), replaced(pipe), pipe.addressee());
        let mut balance = pipe.account().state.lock();
        balance.closed = true;
        let mut entries = self.entries.lock();
        entries.sent += stats.sent;
        entries.received += stats.received;
        entries.bytes_sent += stats.bytes_sent;
        entries.bytes_received += stats.bytes_received;
        entries.reconnects += stats.reconnects;
        entries.lost += unsent.messages() as u64;
        entries.keep(Some(addressee), unsent);
        entries.counts.add(&balance.counts);
        entries.counts.add(&replaced);
    }

    /// What went astray of a socket with these pipes.
    pub(super) fn counts(&self, pipes: &[Arc<Pipe>]) -> Counts {
        let mut counts = Counts::default();
        for pipe in pipes {
            counts.add(&pipe.account().counts());
            counts.add(&replaced(pipe));
        }
        counts.add(&self.entries.lock().counts);
        counts
    }

    /// All counts of a socket with these pipes, of whose messages `popped` have been taken.
    pub(super) fn total(&self, pipes: &[Arc<Pipe>], popped: u64) -> SocketStats {
        let peers: Vec<_> = pipes.iter().map(|pipe| pipe.stats()).collect();
        let counts = self.counts(pipes);
        let entries = self.entries.lock();
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
            bytes_sent: entries.bytes_sent + sum(|peer| peer.bytes_sent),
            bytes_received: entries.bytes_received + sum(|peer| peer.bytes_received),
            reconnects: entries.reconnects + sum(|peer| peer.reconnects),
            peers,
        }
    }

    pub(crate) fn lost_so_far(&self) -> usize {
        usize::try_from(self.entries.lock().lost).unwrap_or(usize::MAX)
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
            note(&mut self.ledger.entries.lock().counts);
        }
        drop(balance);
        self.ledger.tell();
    }
}

impl Entries {
    fn keep(&mut self, addressee: Option<Addressee>, queue: Batch) {
        if self.keep > 0 {
            self.unsent.add(addressee, queue);
            self.unsent.keep_latest(self.keep);
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
