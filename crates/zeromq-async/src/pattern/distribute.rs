//! Each message to every peer that has subscribed to it (29/PUBSUB, PUB and XPUB).

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::select;
use zmtp::{Batch, Message};

use super::{Budget, Outgoing, Refusal, Subscribers};
use crate::error::SendErrorKind;
use crate::identity::PeerId;
use crate::peer::{PeerSet, Pipe, Waiter};

/// Sends to all subscribers at once; drops for those alone whose queue is full.
///
/// With `no_drop` it waits instead until every subscriber of the message has room.
#[derive(Debug)]
pub(crate) struct Distribute {
    peers: Arc<PeerSet>,
    subscribers: Arc<Subscribers>,
    no_drop: bool,
    /// A copy of the set in the order of ids, current as of `generation`.
    members: Vec<(PeerId, Arc<Pipe>)>,
    generation: u64,
    /// Who has subscribed to the last message.
    matches: Vec<PeerId>,
    /// Whom it is for, as places in `members`.
    targets: Vec<usize>,
    encoded: Batch,
    /// Subscribers whose full queues made the last `offer` fail.
    full: Vec<Arc<Pipe>>,
    budget: Budget,
    waiter: Waiter,
}

impl Distribute {
    pub(crate) fn new(peers: Arc<PeerSet>, subscribers: Arc<Subscribers>, no_drop: bool) -> Self {
        Self {
            waiter: Waiter::new(peers.clone()),
            peers,
            subscribers,
            no_drop,
            members: Vec::new(),
            generation: u64::MAX,
            matches: Vec::new(),
            targets: Vec::new(),
            encoded: Batch::new(),
            full: Vec::new(),
            budget: Budget::default(),
        }
    }

    /// Waits until a message with this first frame would go to so many peers.
    pub(crate) async fn wait_for_subscribers(&self, topic: &[u8], count: usize) {
        let (mut changed, mut connected) = (self.subscribers.changed(), self.peers.connected());
        while !self.peers.is_closed() && self.subscribers.count(topic, &self.peers) < count {
            // Whoever closes the socket has those woken who wait for peers.
            select(pin!(changed.changed()), pin!(connected.changed())).await;
        }
    }

    #[inline]
    fn refresh(&mut self) {
        let generation = self.peers.generation();
        if generation != self.generation {
            self.members = self.peers.pipes().into_iter().map(|pipe| (pipe.id(), pipe)).collect();
            self.members.sort_unstable_by_key(|(id, _)| *id);
            self.generation = generation;
        }
    }

    /// Finds whom the message is for, as [`Subscribers::find`] does.
    fn find(&mut self, message: &Message) -> Option<PeerId> {
        self.matches.clear();
        let only = self.subscribers.find(message, &mut self.matches);
        // Behind it, for whoever has subscribed had joined before.
        self.refresh();
        let Self { members, matches, targets, .. } = self;
        targets.clear();
        if self.subscribers.inverts_matching() {
            matches.sort_unstable();
            let others = members.iter().enumerate();
            targets.extend(
                others
                    .filter(|(_, (id, _))| matches.binary_search(id).is_err())
                    .map(|(place, _)| place),
            );
            return only;
        }
        let mut next = 0;
        for id in matches {
            // Mostly they come in the order of members.
            let place = match members.get(next) {
                Some((member, _)) if member == id => next,
                _ => match members.binary_search_by_key(id, |(member, _)| *member) {
                    Ok(place) => place,
                    Err(_) => continue,
                },
            };
            targets.push(place);
            next = place + 1;
        }
        only
    }

    fn send_to_targets(&mut self, message: &mut Message) {
        match &self.targets[..] {
            [] => self.peers.ledger().dropped(|dropped| dropped.unsubscribed += 1),
            [only] if !self.no_drop => {
                let (_, only) = &self.members[*only];
                if let Err(refused) = only.send(message) {
                    only.account().dropped(|dropped| refused.enter(dropped));
                }
            }
            targets => {
                self.encoded.push(message.clone());
                for place in targets {
                    let (_, pipe) = &self.members[*place];
                    // Where nothing may be dropped, another sender may have taken the room.
                    let sent = pipe.send_encoded(&self.encoded, message, self.no_drop);
                    if let Err(refused) = sent {
                        pipe.account().dropped(|dropped| refused.enter(dropped));
                    }
                }
                self.encoded.clear();
            }
        }
    }
}

impl Outgoing for Distribute {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.budget.poll(cx));
        if !self.full.is_empty() {
            self.waiter.register(cx);
            self.full.retain(|pipe| !pipe.outbound.has_room() && !pipe.outbound.is_closing());
            if !self.full.is_empty() && !self.peers.is_closed() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.peers.check_open().map_err(Refusal::Failed)?;
        let only = self.find(message);
        if self.no_drop {
            self.full.clear();
            for place in &self.targets {
                let (_, pipe) = &self.members[*place];
                if !pipe.outbound.has_room() && !pipe.outbound.is_closing() {
                    self.full.push(pipe.clone());
                }
            }
            if !self.full.is_empty() {
                only.into_iter().for_each(|only| self.subscribers.address(only));
                return Err(Refusal::Full);
            }
        }
        self.send_to_targets(message);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waiter.poll_flush(cx)
    }
}

impl Clone for Distribute {
    fn clone(&self) -> Self {
        Self::new(self.peers.clone(), self.subscribers.clone(), self.no_drop)
    }
}
