//! Sends each message to the peer that it names (28/REQREP, ROUTER and REP).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use zmtp::{Frame, Message, PeerInfo, RoutingId};

use super::{OfferError, PeerHandle, PeerHooks, Peers, QueueError, SendStrategy};
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::random::random;
use crate::sync::Mutex;

/// The hooks of a ROUTER: which routing id belongs to which peer.
#[derive(Debug, Default)]
pub struct Routes {
    state: Mutex<State>,
    handover: bool,
    /// Whether a peer that this side connects to has an id before its handshake.
    names_early: bool,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<Frame, PeerHandle>,
    /// The peers with ids chosen by the application.
    assigned: HashSet<PeerId>,
}

impl Routes {
    /// Makes a table without routes. If a new peer announces a taken routing id, it takes the id
    /// over with `handover`, and is rejected without.
    pub fn new(handover: bool) -> Self {
        Self { state: Mutex::default(), handover, names_early: false }
    }

    /// Gives each peer that this side connects to an id at once, for peers that announce none.
    #[must_use]
    pub fn with_early_names(self) -> Self {
        Self { names_early: true, ..self }
    }

    /// The peer with this routing id.
    pub fn find(&self, routing_id: &[u8]) -> Option<PeerHandle> {
        self.state.lock().by_id.get(routing_id).cloned()
    }

    fn remove(&self, peer: &PeerHandle) {
        let mut state = self.state.lock();
        state.assigned.remove(&peer.id());
        if state.is_held_by(&peer.routing_id(), peer) {
            state.by_id.remove(&peer.routing_id());
        }
    }
}

impl State {
    /// An id for a peer that announced none: 00 and four bytes, as libzmq makes them. No peer can
    /// predict it and announce it first, and it is not one that another peer has.
    fn invent(&self) -> Frame {
        loop {
            let [a, b, c, d, ..] = random().to_be_bytes();
            let routing_id = Frame::from([0, a, b, c, d]);
            if !self.by_id.contains_key(&routing_id) {
                return routing_id;
            }
        }
    }

    fn is_held_by(&self, routing_id: &Frame, peer: &PeerHandle) -> bool {
        self.by_id.get(routing_id) == Some(peer)
    }
}

impl PeerHooks for Routes {
    fn join(&self, peer: &PeerHandle) -> Result<(), Rejected> {
        if self.names_early && peer.pipe().connects() && peer.routing_id().is_empty() {
            let mut state = self.state.lock();
            let routing_id = state.invent();
            peer.pipe().set_routing_id(routing_id.clone());
            state.by_id.insert(routing_id, peer.clone());
        }
        Ok(())
    }

    fn assign(&self, peer: &PeerHandle, routing_id: &RoutingId) -> Result<(), Rejected> {
        let mut state = self.state.lock();
        let routing_id = Frame::from(Bytes::from(routing_id.clone()));
        if state.by_id.contains_key(&routing_id) {
            return Err(Rejected::RoutingIdTaken((*routing_id).into()));
        }
        peer.pipe().set_routing_id(routing_id.clone());
        state.assigned.insert(peer.id());
        state.by_id.insert(routing_id, peer.clone());
        Ok(())
    }

    fn admit(&self, peer: &PeerHandle, info: &PeerInfo) -> Result<Option<PeerHandle>, Rejected> {
        let mut state = self.state.lock();
        if state.assigned.contains(&peer.id()) {
            return Ok(None);
        }
        let (announced, before) = (info.routing_id(), peer.routing_id());
        let has_been_here = state.is_held_by(&before, peer);
        let routing_id = match announced.is_empty() {
            true if has_been_here => return Ok(None),
            true => state.invent(),
            false => Frame::from(announced.clone()),
        };
        let holder = state.by_id.get(&routing_id).filter(|holder| *holder != peer);
        if !self.handover && holder.is_some() {
            return Err(Rejected::RoutingIdTaken((*routing_id).into()));
        }
        if has_been_here {
            state.by_id.remove(&before);
        }
        peer.pipe().set_routing_id(routing_id.clone());
        // With handover the new peer takes over, and the old one has to go.
        let replaced = state.by_id.insert(routing_id, peer.clone());
        Ok(replaced.filter(|replaced| replaced != peer))
    }

    fn disconnected(&self, peer: &PeerHandle) {
        // 28/REQREP: the queue of a peer that is connected to stays, and so can be sent to.
        if !peer.pipe().connects() {
            self.remove(peer);
        }
    }

    fn leave(&self, peer: &PeerHandle) {
        // The task of its connection may have ended with the runtime, before `disconnected`.
        self.remove(peer);
    }
}

/// A strategy that can also send to a peer of the caller's choice.
pub trait OfferTo: SendStrategy {
    /// Queues the whole message for this peer, and leaves an empty one in its place.
    ///
    /// # Errors
    ///
    /// The message was not taken and is unchanged.
    fn offer_to(&mut self, peer: &PeerHandle, message: &mut Message) -> Result<(), OfferError>;

    /// Refuses to send once the socket is closed.
    ///
    /// # Errors
    ///
    /// [`Closed`](SendErrorKind::Closed).
    fn check_open(&self) -> Result<(), SendErrorKind>;
}

/// Sends each message to the peer with the routing id in its first frame.
///
/// If there is no such peer, or its queue is full, the message is dropped. With `mandatory`, a
/// missing peer is an error, and `poll_ready` waits for a full queue.
#[derive(Debug)]
pub struct Addressed {
    peers: Peers,
    routes: Arc<Routes>,
    mandatory: bool,
    /// The peer with the full queue that made the last `offer` fail, until `poll_ready` has waited for
    /// it. Then the message is offered again: another may have taken its place, for another peer.
    full: Option<PeerHandle>,
}

impl Addressed {
    /// Sends to the peers of these routes.
    pub fn new(peers: &Peers, routes: Arc<Routes>, mandatory: bool) -> Self {
        Self { peers: peers.clone(), routes, mandatory, full: None }
    }

    /// Whether a message for this routing id would be queued now.
    ///
    /// # Errors
    ///
    /// The reason why it would not.
    pub fn check_route(&self, routing_id: &[u8]) -> Result<(), SendErrorKind> {
        self.peers.check_open()?;
        match self.routes.find(routing_id) {
            Some(peer) if peer.has_room() => Ok(()),
            Some(peer) if !peer.is_closing() => Err(SendErrorKind::Full),
            _ => Err(SendErrorKind::Unroutable(Bytes::copy_from_slice(routing_id))),
        }
    }
}

impl OfferTo for Addressed {
    fn offer_to(&mut self, peer: &PeerHandle, message: &mut Message) -> Result<(), OfferError> {
        // Written by the peer's own task, which reads more requests meanwhile.
        match peer.pipe().answer(message) {
            Ok(written) => self.peers.budget.spend(written),
            Err(QueueError::Full) if self.mandatory => {
                self.full = Some(peer.clone());
                return Err(OfferError::Full);
            }
            Err(QueueError::Gone) if self.mandatory => {
                let routing_id = peer.routing_id().into_bytes();
                return Err(SendErrorKind::Unroutable(routing_id).into());
            }
            Err(error) => peer.count_not_queued(error),
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), SendErrorKind> {
        self.peers.check_open()
    }
}

impl SendStrategy for Addressed {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.peers.poll_proceed(cx));
        if let Some(peer) = self.full.take() {
            self.peers.register(cx);
            let peer_may_read = !peer.is_closing() && !self.peers.is_closed();
            if peer_may_read && !peer.has_room() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        if message.frame_count() < 2 {
            return Err(SendErrorKind::NoRoutingId.into());
        }
        let routing_id = message.pop_front().unwrap_or_default();
        let result = match self.routes.find(&routing_id) {
            Some(peer) => self.offer_to(&peer, message),
            None if self.mandatory => {
                Err(SendErrorKind::Unroutable(routing_id.clone().into_bytes()).into())
            }
            None => {
                self.peers.count_dropped(|dropped| dropped.unroutable += 1);
                Ok(())
            }
        };
        if result.is_err() {
            message.push_front(routing_id);
        }
        result
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}

/// Another sender. It waits for no peer yet.
impl Clone for Addressed {
    fn clone(&self) -> Self {
        Self::new(&self.peers, self.routes.clone(), self.mandatory)
    }
}
