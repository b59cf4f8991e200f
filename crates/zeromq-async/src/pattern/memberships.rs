//! The groups of a DISH: told to its RADIOs, and a filter (48/RADIO-DISH).

use std::collections::HashSet;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use zmtp::{Group, Membership, Message};

use super::{Held, PeerHandle, PeerHooks, Peers, ReceiveFrom, ReceiveStrategy};
use crate::error::{MembershipError, RecvError};
use crate::identity::Peer;
use crate::pipe::PeerSet;
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

    fn lets_through(&self, group: &[u8]) -> bool {
        self.groups.lock().contains(group)
    }
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
        GroupFilter { inner, memberships: self.0.clone(), held: None }
    }
}

/// Passes on messages of groups that the socket has joined now, whatever a RADIO sends.
#[derive(Debug)]
pub struct GroupFilter<S> {
    inner: S,
    memberships: Arc<Memberships>,
    /// A message that passed and was not yet received.
    held: Option<Held>,
}

impl<S: ReceiveStrategy> GroupFilter<S> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            let message = ready!(self.inner.poll_recv(cx))?;
            let is_grouped = message.frame_count() == 2;
            if is_grouped && self.memberships.lets_through(&message.frames()[0]) {
                return Poll::Ready(Ok(message));
            }
            if let Some(peer) = self.inner.last_handle() {
                peer.count_discarded(|discarded| match is_grouped {
                    true => discarded.filtered += 1,
                    false => discarded.malformed += 1,
                });
            }
        }
    }
}

impl<S: ReceiveStrategy> ReceiveStrategy for GroupFilter<S> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        match self.held.take() {
            Some(held) => Poll::Ready(Ok(held.take())),
            None => self.poll_next(cx),
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        if self.held.is_none() {
            let message = ready!(self.poll_next(cx))?;
            self.held = Some(Held::new(self.inner.last_handle(), message));
        }
        Poll::Ready(Ok(()))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}

/// The group that the first frame names.
impl<S: ReceiveStrategy> ReceiveFrom<Group> for GroupFilter<S> {
    fn take_address(&self, message: &mut Message) -> Option<Group> {
        Group::new(message.pop_front()?).ok()
    }
}
