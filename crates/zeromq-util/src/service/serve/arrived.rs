//! Requests that had arrived when the server was told to stop.

use std::collections::HashMap;

use zeromq_async::{PeerId, SocketStats};

/// The number of requests still to take from each peer. Later requests do not count.
///
/// The receiver takes messages from all peers in turn. So the requests that had arrived are taken
/// after as many rounds as messages were waiting, though peers go on sending.
#[derive(Debug)]
pub(super) struct Arrived {
    by_peer: HashMap<PeerId, u64>,
    /// The sum of `by_peer`.
    left: u64,
    /// At most this number from peers that have disconnected.
    from_others: u64,
    /// The most later messages received in between.
    later: u64,
}

impl Arrived {
    pub(super) fn of(stats: &SocketStats) -> Self {
        let by_peer: HashMap<_, _> =
            stats.peers.iter().map(|peer| (peer.peer, peer.unread)).collect();
        let most = by_peer.values().copied().max().unwrap_or_default().max(DEFAULT_HIGH_WATER_MARK);
        let rounds = most.min(stats.unread).saturating_mul(by_peer.len() as u64 + 1);
        Self {
            left: by_peer.values().sum(),
            by_peer,
            from_others: stats.unread,
            later: rounds.min(MAX_LATER),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.later == 0 || (self.left == 0 && self.from_others == 0)
    }

    /// Counts a message. Returns false if it arrived later.
    pub(super) fn take(&mut self, from: PeerId) -> bool {
        match self.by_peer.get_mut(&from) {
            Some(left) if *left > 0 => (*left, self.left) = (*left - 1, self.left - 1),
            None if self.from_others > 0 => self.from_others -= 1,
            _ => {
                self.later = self.later.saturating_sub(1);
                return false;
            }
        }
        true
    }
}

/// A peer that has disconnected may have left this number of messages.
const DEFAULT_HIGH_WATER_MARK: u64 = 1000;

/// Peers that go on sending must not keep the server from ending.
const MAX_LATER: u64 = 100_000;
