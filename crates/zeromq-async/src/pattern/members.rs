//! The groups that a RADIO's peers have joined (48/RADIO-DISH).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::select;
use tokio::sync::watch;
use zmtp::{Group, GroupError, Membership, Message};

use super::{PeerHandle, PeerHooks, Peers};
use crate::error::{Rejected, SendErrorKind, SubscriptionsExceeded};
use crate::identity::PeerId;
use crate::sync::Mutex;

/// The options that only a RADIO has.
#[derive(Debug, Clone, Copy)]
pub struct RadioOptions {
    /// See [`SocketBuilder::no_drop`](crate::SocketBuilder::no_drop).
    pub no_drop: bool,
    /// See [`SocketBuilder::max_groups_per_peer`](crate::SocketBuilder::max_groups_per_peer).
    pub max_groups_per_peer: usize,
}

impl Default for RadioOptions {
    fn default() -> Self {
        Self { no_drop: false, max_groups_per_peer: 100_000 }
    }
}

/// The hooks of a RADIO: which peer has joined which groups.
#[derive(Debug)]
pub struct Members {
    state: Mutex<State>,
    /// Changes whenever memberships may have changed.
    changed: watch::Sender<()>,
    max_groups: usize,
}

#[derive(Debug, Default)]
struct State {
    /// By group, its members in the order in which they came.
    groups: HashMap<Arc<[u8]>, BTreeSet<PeerId>>,
    /// By peer, the groups it has joined.
    joined: HashMap<PeerId, HashSet<Arc<[u8]>>>,
    /// Endpoints of datagrams, which get every message: they tell nothing of themselves. Each with the
    /// most bytes of a datagram.
    datagrams: Vec<(PeerId, usize)>,
}

/// How many groups of a peer that leaves are removed at a time, so that sending need not wait for all.
const REMOVED_AT_ONCE: usize = 256;

impl Members {
    /// The members of a new socket's groups.
    pub fn new(options: &RadioOptions) -> Self {
        let (state, changed) = (Mutex::default(), watch::Sender::new(()));
        Self { state, changed, max_groups: options.max_groups_per_peer }
    }

    /// Waits until a message of this group would go to `count` of the peers, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn wait_for(&self, peers: &Peers, group: &[u8], count: usize) {
        let (mut changed, mut connected) = (self.changed.subscribe(), peers.connected());
        while !peers.is_closed() && self.count(group) < count {
            // `connected` also changes when the socket closes.
            select(pin!(changed.changed()), pin!(connected.changed())).await;
        }
    }

    /// Adds the peers that get a message. Returns the bytes of its datagram if an endpoint of datagrams
    /// cannot send them, so that only other peers get it.
    ///
    /// # Errors
    ///
    /// The message is invalid, or too long for every peer.
    pub(super) fn find(
        &self,
        message: &Message,
        matches: &mut Vec<PeerId>,
    ) -> Result<Option<usize>, SendErrorKind> {
        let [group, body] = message.frames() else { return Err(SendErrorKind::NoGroup) };
        check_group(group)?;
        let size = 1 + group.len() + body.len();
        let (state, mut too_small) = (self.state.lock(), None);
        for &(peer, limit) in &state.datagrams {
            match size <= limit {
                true => matches.push(peer),
                false => too_small = too_small.max(Some(limit)),
            }
        }
        matches.extend(state.groups.get(&group[..]).into_iter().flatten());
        match too_small {
            Some(limit) if matches.is_empty() => {
                Err(SendErrorKind::DatagramTooLong { size, limit })
            }
            too_small => Ok(too_small.map(|_| size)),
        }
    }

    /// How many peers a message of this group would go to.
    fn count(&self, group: &[u8]) -> usize {
        let state = self.state.lock();
        state.datagrams.len() + state.groups.get(group).map_or(0, BTreeSet::len)
    }
}

fn check_group(group: &[u8]) -> Result<(), SendErrorKind> {
    match group.len() {
        0..=Group::MAX if group.contains(&0) => Err(GroupError::Zero.into()),
        0..=Group::MAX => Ok(()),
        length => Err(GroupError::TooLong(length).into()),
    }
}

impl State {
    fn join(&mut self, peer: PeerId, group: &[u8]) {
        // One copy of the name for all members.
        let known = self.groups.get_key_value(group);
        let group = known.map_or_else(|| group.into(), |(known, _)| known.clone());
        self.groups.entry(group.clone()).or_default().insert(peer);
        self.joined.entry(peer).or_default().insert(group);
    }

    fn leave(&mut self, peer: PeerId, group: &[u8]) {
        if let Some(joined) = self.joined.get_mut(&peer) {
            joined.remove(group);
        }
        self.remove_member(peer, group);
    }

    fn remove_member(&mut self, peer: PeerId, group: &[u8]) {
        if let Some(members) = self.groups.get_mut(group) {
            members.remove(&peer);
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
    }

    /// Removes some groups of a peer. Returns whether there are more.
    fn remove_some(&mut self, peer: PeerId) -> bool {
        let Some(joined) = self.joined.get_mut(&peer) else { return false };
        let some: Vec<_> = joined.iter().take(REMOVED_AT_ONCE).cloned().collect();
        for group in &some {
            joined.remove(group);
        }
        let has_more = !joined.is_empty();
        if !has_more {
            self.joined.remove(&peer);
        }
        some.iter().for_each(|group| self.remove_member(peer, group));
        has_more
    }
}

impl PeerHooks for Members {
    fn join(&self, peer: &PeerHandle) -> Result<(), Rejected> {
        if let Some(limit) = peer.max_datagram() {
            self.state.lock().datagrams.push((peer.id(), limit));
            self.changed.send_replace(());
        }
        Ok(())
    }

    fn disconnecting(&self, peer: &PeerHandle) -> bool {
        self.state.lock().remove_some(peer.id())
    }

    fn disconnected(&self, peer: &PeerHandle) {
        while self.disconnecting(peer) {}
    }

    fn leave(&self, peer: &PeerHandle) {
        // The task of its connection may have ended with the runtime, before `disconnected`.
        self.disconnected(peer);
        self.state.lock().datagrams.retain(|(id, _)| *id != peer.id());
    }

    fn membership(
        &self,
        peer: &PeerHandle,
        change: Membership,
    ) -> Result<(), SubscriptionsExceeded> {
        let mut state = self.state.lock();
        match change {
            // The membership of a peer that has gone would never be removed.
            Membership::Join(_) if peer.is_closing() => {}
            Membership::Join(group) => state.join(peer.id(), &group),
            Membership::Leave(group) => state.leave(peer.id(), &group),
        }
        let groups = state.joined.get(&peer.id()).map_or(0, HashSet::len);
        drop(state);
        self.changed.send_replace(());
        match self.max_groups {
            limit if groups > limit => Err(SubscriptionsExceeded::Groups { limit }),
            _ => Ok(()),
        }
    }

    fn takes_memberships(&self) -> bool {
        true
    }
}
