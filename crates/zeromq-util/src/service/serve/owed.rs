//! Requests that had arrived when the server was told to stop.

use std::collections::HashMap;

use zeromq_async::PeerId;
use zeromq_async::SocketStats;

/// How many are still to be taken, and from whom. Those that come later are not among them.
///
/// A receiver takes messages from all peers in turn. So even where some go on sending, those that
/// had arrived have been taken when every peer has had as many turns as messages were waiting.
#[derive(Debug)]
pub(super) struct Owed {
    by_peer: HashMap<PeerId, u64>,
    /// All of these together.
    left: u64,
    /// Of peers that have gone and are known to nobody, so many at most.
    of_others: u64,
    /// How many messages that came later may be met with on the way.
    later: u64,
}

impl Owed {
    pub(super) fn of(stats: &SocketStats) -> Self {
        let by_peer: HashMap<_, _> =
            stats.peers.iter().map(|peer| (peer.peer, peer.unread)).collect();
        let most = by_peer.values().copied().max().unwrap_or_default().max(USUAL_MARK);
        let turns = most.min(stats.unread).saturating_mul(by_peer.len() as u64 + 1);
        Self {
            left: by_peer.values().sum(),
            by_peer,
            of_others: stats.unread,
            later: turns.min(MOST_LATER),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.later == 0 || (self.left == 0 && self.of_others == 0)
    }

    /// Takes account of a message; false where it came later.
    pub(super) fn take(&mut self, from: PeerId) -> bool {
        match self.by_peer.get_mut(&from) {
            Some(left) if *left > 0 => (*left, self.left) = (*left - 1, self.left - 1),
            None if self.of_others > 0 => self.of_others -= 1,
            _ => {
                self.later = self.later.saturating_sub(1);
                return false;
            }
        }
        true
    }
}

/// What a peer that has gone may have left, by the default high-water mark.
const USUAL_MARK: u64 = 1000;

/// Peers that go on sending do not keep the server from ending.
const MOST_LATER: u64 = 100_000;
