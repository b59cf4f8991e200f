//! Requests of lost peers. Their replies may have arrived already.

use std::collections::{HashMap, VecDeque};

use super::in_flight::{InFlight, Suspects};
use parking_lot::Mutex;
use zeromq_async::PeerId;

/// Requests of lost peers, until it is certain that their replies did not arrive.
///
/// A reply that arrived before its peer was lost may still wait in the receiver. It does not if the
/// receiver is empty. If other peers keep it from being empty, it does not when one of them was
/// received from more often than messages were waiting: the receiver takes from all peers in turn.
#[derive(Debug, Default)]
pub(super) struct Losses {
    suspects: VecDeque<Suspects>,
    /// Suspects for which received messages are counted.
    counted: VecDeque<Suspects>,
    received: HashMap<PeerId, u64>,
    /// More messages than this from one peer confirm the loss.
    waiting: u64,
    confirmed: VecDeque<Suspects>,
}

impl Losses {
    pub(super) fn add(&mut self, suspects: Vec<Suspects>) {
        self.suspects.extend(suspects);
    }

    /// Counts a message from a peer.
    pub(super) fn count(&mut self, peer: PeerId) {
        if !self.counted.is_empty() {
            *self.received.entry(peer).or_default() += 1;
        }
    }

    /// No reply waits in the receiver.
    pub(super) fn confirm_all(&mut self) {
        self.confirmed.append(&mut self.counted);
        self.confirmed.append(&mut self.suspects);
    }

    /// Up to `unread` messages may wait in the receiver.
    pub(super) fn confirm_some(&mut self, unread: impl FnOnce() -> u64) {
        if self.counted.is_empty() && !self.suspects.is_empty() {
            self.counted.append(&mut self.suspects);
            self.received.clear();
            self.waiting = unread();
        } else if self.received.values().any(|count| *count > self.waiting + MARGIN) {
            self.confirmed.append(&mut self.counted);
            self.received.clear();
        }
    }

    /// Fails at most this number of confirmed requests. Returns whether none are left.
    pub(super) fn report(&mut self, in_flight: &Mutex<InFlight>, most: usize) -> bool {
        while let Some(suspects) = self.confirmed.front_mut() {
            if !in_flight.lock().fail(suspects, most) {
                return false;
            }
            self.confirmed.pop_front();
        }
        true
    }
}

/// A peer may be received from once too often while others come and go.
const MARGIN: u64 = 2;
