//! The groups of a DISH: told to its RADIOs, and a filter (48/RADIO-DISH).

use std::collections::HashSet;
use std::sync::Arc;

use tower_layer::Layer;
use zmtp::{Group, Membership, Message};

use super::{Criterion, Filter, PeerHandle, PeerHooks, Peers, ReceiveFrom, ReceiveStrategy};
use crate::error::MembershipError;
use crate::pipe::PeerSet;
use crate::stats::Discarded;
use crate::sync::Mutex;

/// The hooks of a DISH: the groups it has joined, told to every RADIO over each new connection.
#[derive(Debug)]
pub struct Memberships {
    peers: Arc<PeerSet>,
    groups: Mutex<HashSet<Group>>,
}

impl Memberships {
    /// The groups of a new socket: none yet.
    pub fn new(peers: &Peers) -> Arc<Self> {
        Arc::new(Self { peers: peers.set().clone(), groups: Mutex::default() })
    }

    /// Joins or leaves a group, and tells the connected RADIOs.
    ///
    /// # Errors
    ///
    /// The group was joined already, or is not joined.
    pub fn change(&self, change: &Membership) -> Result<(), MembershipError> {
        // Held while sending, so that a RADIO that connects meanwhile hears of each once, in order.
        let mut groups = self.groups.lock();
        match change {
            Membership::Join(group) if !groups.insert(group.clone()) => {
                return Err(MembershipError::AlreadyJoined(group.clone()));
            }
            Membership::Leave(group) if !groups.remove(group) => {
                return Err(MembershipError::NotJoined(group.clone()));
            }
            Membership::Join(_) | Membership::Leave(_) => {}
        }
        for pipe in self.peers.pipes() {
            pipe.send_membership(change);
        }
        Ok(())
    }
}

impl Criterion for Memberships {
    fn passes(&self, message: &Message) -> bool {
        has_group(message) && self.groups.lock().contains(&message.frames()[0][..])
    }

    fn count(&self, message: &Message, discarded: &mut Discarded) {
        match has_group(message) {
            true => discarded.filtered += 1,
            false => discarded.malformed += 1,
        }
    }
}

/// Whether the message is a group and one frame.
fn has_group(message: &Message) -> bool {
    message.frame_count() == 2
}

impl PeerHooks for Memberships {
    fn connected(&self, peer: &PeerHandle) {
        let groups = self.groups.lock();
        for group in &*groups {
            peer.pipe().send_membership(&Membership::Join(group.clone()));
        }
    }

    fn takes_groups(&self) -> bool {
        true
    }
}

/// Makes a [`GroupFilter`].
#[derive(Debug, Clone)]
pub struct GroupFilterLayer(pub Arc<Memberships>);

impl<S> Layer<S> for GroupFilterLayer {
    type Service = GroupFilter<S>;

    fn layer(&self, inner: S) -> GroupFilter<S> {
        Filter::new(inner, self.0.clone())
    }
}

/// Passes on messages of groups that the socket has joined now, whatever a RADIO sends.
pub type GroupFilter<S> = Filter<S, Arc<Memberships>>;

/// The group that the first frame names.
impl<S: ReceiveStrategy> ReceiveFrom<Group> for GroupFilter<S> {
    fn take_address(&self, message: &mut Message) -> Option<Group> {
        Group::new(message.pop_front()?).ok()
    }
}
