//! Requests whose peers are gone, until it is certain that their replies are not here.

use std::collections::{HashMap, VecDeque};

use super::in_flight::{Doubt, InFlight};
use parking_lot::Mutex;
use zeromq_async::PeerId;

/// A reply that came before its peer went counts, and may still wait to be received. It has been when
/// the receiver is found empty; and where others send so much that it never is, when one of them has
/// been heard more often than messages were waiting: for all peers have had as many turns.
#[derive(Debug, Default)]
pub(super) struct Losses {
    doubts: VecDeque<Doubt>,
    /// Those for which turns are being counted.
    counted: VecDeque<Doubt>,
    heard: HashMap<PeerId, u64>,
    /// More turns than this prove the loss.
    waiting: u64,
    proven: VecDeque<Doubt>,
}

impl Losses {
    pub(super) fn doubt(&mut self, doubts: Vec<Doubt>) {
        self.doubts.extend(doubts);
    }

    /// A peer has had a turn.
    pub(super) fn hear(&mut self, peer: PeerId) {
        if !self.counted.is_empty() {
            *self.heard.entry(peer).or_default() += 1;
        }
    }

    /// No reply waits.
    pub(super) fn prove_all(&mut self) {
        self.proven.append(&mut self.counted);
        self.proven.append(&mut self.doubts);
    }

    /// Replies may wait, of which there are so many in all.
    pub(super) fn prove_some(&mut self, unread: impl FnOnce() -> u64) {
        if self.counted.is_empty() && !self.doubts.is_empty() {
            self.counted.append(&mut self.doubts);
            self.heard.clear();
            self.waiting = unread();
        } else if self.heard.values().any(|turns| *turns > self.waiting + MARGIN) {
            self.proven.append(&mut self.counted);
            self.heard.clear();
        }
    }

    /// Fails so many of the requests that are lost for certain at most, and says whether that was
    /// all.
    pub(super) fn tell(&mut self, in_flight: &Mutex<InFlight>, most: usize) -> bool {
        while let Some(doubt) = self.proven.front_mut() {
            if !in_flight.lock().lose(doubt, most) {
                return false;
            }
            self.proven.pop_front();
        }
        true
    }
}

/// A peer may have a turn too many while others come and go.
const MARGIN: u64 = 2;
