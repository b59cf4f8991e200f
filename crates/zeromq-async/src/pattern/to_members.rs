//! Each message to the members of its group (48/RADIO-DISH, RADIO).

use std::sync::Arc;
use std::task::{Context, Poll};

use zmtp::{Group, Message};

use super::fan_out::FanOut;
use super::{Members, OfferError, PeerHandle, Peers, SendStrategy, SendTo};
use crate::error::SendErrorKind;
use crate::identity::PeerId;

/// Sends a message of two frames, a group and a body, to all peers that have joined the group, and to
/// all endpoints of datagrams. A peer with a full queue does not get it, and neither does an endpoint
/// where it does not fit into a datagram.
///
/// With `no_drop` it waits instead until every such peer has room.
#[derive(Debug)]
pub struct ToMembers {
    out: FanOut,
    members: Arc<Members>,
    matches: Vec<PeerId>,
}

impl ToMembers {
    /// Sends to these members.
    pub fn new(peers: &Peers, members: Arc<Members>, no_drop: bool) -> Self {
        Self { out: FanOut::new(peers, no_drop), members, matches: Vec::new() }
    }

    /// Counts a message of this size for the endpoints where it does not fit into a datagram.
    #[cold]
    fn count_too_long(&self, size: usize) {
        let is_too_small = |peer: &&PeerHandle| peer.max_datagram().is_some_and(|max| size > max);
        for peer in self.out.peers.list().iter().filter(is_too_small) {
            peer.count_dropped(|dropped| dropped.failed += 1);
        }
    }
}

impl SendStrategy for ToMembers {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.out.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.out.peers.check_open()?;
        self.matches.clear();
        let too_long = self.members.find(message, &mut self.matches)?;
        // After the look-up, because every member that it finds had joined before.
        self.out.peers.refresh();
        self.out.target(&self.matches);
        if self.out.is_kept_back() {
            return Err(OfferError::Full);
        }
        self.out.send(message);
        if let Some(size) = too_long {
            self.count_too_long(size);
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.out.peers.poll_flush(cx)
    }
}

impl SendTo<Group> for ToMembers {
    fn offer_at(&mut self, group: &Group, message: &mut Message) -> Result<(), OfferError> {
        message.push_front(group.clone());
        self.offer(message).inspect_err(|_| drop(message.pop_front()))
    }
}

/// Another sender to the same members.
impl Clone for ToMembers {
    fn clone(&self) -> Self {
        Self::new(&self.out.peers, self.members.clone(), self.out.no_drop)
    }
}
