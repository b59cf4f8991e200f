//! Counts of messages that are in no queue any more.
//!
//! Each pipe counts its own in a [`DropAccount`]. The ledger counts messages of no pipe, and takes
//! over the accounts of pipes that leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use zmtp::{Batch, Message};

use crate::stats::{Discarded, Dropped, PeerStats, SocketStats};
use crate::sync::Mutex;
use crate::unsent::{Addressee, UnsentMessages};

/// The counts of a socket beyond those of its pipes.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
    /// Whether anything listens to `entered`.
    watched: AtomicBool,
    entered: Notify,
}

/// Counts of dropped messages, by reason, and of messages that the socket made itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DropCounts {
    pub(crate) dropped: Dropped,
    pub(crate) discarded: Discarded,
    /// Messages that the socket sent of itself.
    own: u64,
    /// Those of `discarded` that a receiver had popped.
    popped: u64,
}

#[derive(Debug, Default)]
struct Entries {
    counts: DropCounts,
    /// What peers that have left had sent and received.
    sent: u64,
    received: u64,
    bytes_sent: u64,
    bytes_received: u64,
    reconnects: u64,
    lost: u64,
    /// Messages that wait in a `Sink`, for no peer has room.
    pending: u64,
    /// Lost messages that the application can have back.
    unsent: UnsentMessages,
    /// The most messages in `unsent`.
    keep: usize,
}

/// The drop counts of one pipe.
#[derive(Debug)]
pub(crate) struct DropAccount {
    ledger: Arc<Ledger>,
    state: Mutex<AccountState>,
}

#[derive(Debug, Default)]
struct AccountState {
    counts: DropCounts,
    /// The pipe has left, and the ledger has taken over the counts.
    closed: bool,
}

impl Ledger {
    /// Counts messages that were for no peer in particular.
    pub(crate) fn dropped(&self, note: impl FnOnce(&mut Dropped)) {
        note(&mut self.entries.lock().counts.dropped);
        self.notify();
    }

    /// Counts a message that found no peer and never will.
    pub(crate) fn lost(&self, message: Message) {
        let mut entries = self.entries.lock();
        let mut queue = Batch::new();
        queue.push(message);
        entries.lost += 1;
        entries.keep(None, queue);
    }

    /// Keeps lost messages from now on, the latest `limit` of them.
    pub(crate) fn keep_unsent(&self, limit: usize) {
        self.entries.lock().keep = limit;
    }

    /// Removes the lost messages that were kept.
    pub(crate) fn take_unsent(&self) -> UnsentMessages {
        std::mem::take(&mut self.entries.lock().unsent)
    }

    /// Has `entered` notified from now on.
    pub(crate) fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Waits until a drop has been counted since the last time.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses no notification.
    pub(crate) async fn entered(&self) {
        self.entered.notified().await;
    }

    fn notify(&self) {
        if self.watched.load(Ordering::Relaxed) {
            self.entered.notify_one();
        }
    }

    /// A message begins to wait in a `Sink`.
    pub(crate) fn park(&self) {
        self.entries.lock().pending += 1;
    }

    /// It waits no more.
    pub(crate) fn unpark(&self) {
        self.entries.lock().pending -= 1;
    }

    /// The drops of a socket, given those of its pipes.
    pub(super) fn drops(&self, pipes: impl Iterator<Item = DropCounts>) -> DropCounts {
        let mut counts = DropCounts::default();
        pipes.for_each(|pipe| counts.add(&pipe));
        counts.add(&self.entries.lock().counts);
        counts
    }

    /// All counts of a socket, given its drops and how many messages the receiver has popped.
    pub(super) fn total(
        &self,
        peers: Vec<PeerStats>,
        drops: &DropCounts,
        popped: u64,
    ) -> SocketStats {
        let entries = self.entries.lock();
        let sum = |count: fn(&PeerStats) -> u64| peers.iter().map(count).sum::<u64>();
        let received = entries.received + sum(|peer| peer.received);
        let never_popped = drops.discarded.total() - drops.popped;
        SocketStats {
            sent: entries.sent + sum(|peer| peer.sent),
            queued: entries.pending + sum(|peer| peer.queued),
            lost: entries.lost,
            dropped: drops.dropped,
            own: drops.own,
            received,
            // Messages may be moving meanwhile, so a difference may be negative for a moment.
            taken: popped.saturating_sub(drops.popped),
            unread: received.saturating_sub(popped + never_popped),
            discarded: drops.discarded,
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

impl DropAccount {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, state: Mutex::default() }
    }

    /// Counts messages that were for the peer.
    pub(crate) fn dropped(&self, note: impl Fn(&mut Dropped)) {
        self.note(|counts| note(&mut counts.dropped));
    }

    /// Counts messages of the peer that the receiver has not popped.
    pub(crate) fn discarded(&self, note: impl Fn(&mut Discarded)) {
        self.note(|counts| note(&mut counts.discarded));
    }

    /// Counts a message of the peer that the receiver has popped.
    pub(crate) fn discarded_popped(&self, note: impl Fn(&mut Discarded)) {
        self.note(|counts| {
            note(&mut counts.discarded);
            counts.popped += 1;
        });
    }

    /// Counts a message that the socket sent of itself.
    pub(super) fn own(&self) {
        self.note(|counts| counts.own += 1);
    }

    /// Counts a message that the peer refuses, and keeps it where lost messages are kept.
    pub(super) fn refused(&self, addressee: Addressee, message: Batch) {
        self.ledger.entries.lock().keep(Some(addressee), message);
        self.dropped(|dropped| dropped.refused += 1);
    }

    pub(super) fn counts(&self) -> DropCounts {
        self.state.lock().counts
    }

    /// The pipe leaves: the ledger takes over its counts and counts `unsent` messages as lost.
    ///
    /// The caller has read the queues before. A thread that holds the lock of a queue may wait for
    /// the locks here, and never the other way round.
    pub(super) fn close(
        &self,
        stats: &PeerStats,
        replaced: &DropCounts,
        addressee: Addressee,
        unsent: Batch,
    ) {
        let mut account = self.state.lock();
        account.closed = true;
        let mut entries = self.ledger.entries.lock();
        entries.sent += stats.sent;
        entries.received += stats.received;
        entries.bytes_sent += stats.bytes_sent;
        entries.bytes_received += stats.bytes_received;
        entries.reconnects += stats.reconnects;
        entries.lost += unsent.messages() as u64;
        entries.keep(Some(addressee), unsent);
        entries.counts.add(&account.counts);
        entries.counts.add(replaced);
    }

    fn note(&self, note: impl Fn(&mut DropCounts)) {
        let mut account = self.state.lock();
        note(&mut account.counts);
        if account.closed {
            note(&mut self.ledger.entries.lock().counts);
        }
        drop(account);
        self.ledger.notify();
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

impl DropCounts {
    /// What the queues of a pipe count themselves.
    pub(super) fn replaced(outbound: u64, inbound: u64) -> Self {
        let mut counts = Self::default();
        counts.dropped.replaced = outbound;
        counts.discarded.replaced = inbound;
        counts
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.dropped.add(&other.dropped);
        self.discarded.add(&other.discarded);
        self.own += other.own;
        self.popped += other.popped;
    }
}
