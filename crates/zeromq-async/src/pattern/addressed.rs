//! Each message to the peer it names (28/REQREP, ROUTER and REP).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use zmtp::{Frame, Message, PeerInfo, RoutingId};

use super::{Budget, Outgoing, Refusal};
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::peer::{Pattern, PeerSet, Pipe, Refused, Waiter};
use crate::random::random;
use crate::sync::Mutex;

/// Which routing id leads to which peer: the state a ROUTER shares with the engine.
#[derive(Debug)]
pub(crate) struct Routes {
    state: Mutex<State>,
    handover: bool,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<Frame, Arc<Pipe>>,
    /// Those whose ids the application has chosen.
    assigned: HashSet<PeerId>,
}

impl Routes {
    pub(crate) fn new(handover: bool) -> Self {
        Self { state: Mutex::default(), handover }
    }

    fn find(&self, routing_id: &[u8]) -> Option<Arc<Pipe>> {
        self.state.lock().by_id.get(routing_id).cloned()
    }

    fn remove(&self, pipe: &Pipe) {
        let mut state = self.state.lock();
        state.assigned.remove(&pipe.id());
        if state.is_held_by(&pipe.routing_id(), pipe) {
            state.by_id.remove(&pipe.routing_id());
        }
    }
}

impl State {
    /// An id for a peer that announced none: 00 and four bytes, as libzmq makes them. No peer can
    /// predict it, and announce it first; one that another has is not given.
    fn invent(&self) -> Frame {
        loop {
            let [a, b, c, d, ..] = random().to_be_bytes();
            let routing_id = Frame::from([0, a, b, c, d]);
            if !self.by_id.contains_key(&routing_id) {
                return routing_id;
            }
        }
    }

    fn is_held_by(&self, routing_id: &Frame, pipe: &Pipe) -> bool {
        self.by_id.get(routing_id).is_some_and(|holder| holder.id() == pipe.id())
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Pattern for Routes {
    fn assign(&self, pipe: &Arc<Pipe>, routing_id: &RoutingId) -> Result<(), Rejected> {
        let mut state = self.state.lock();
        let routing_id = Frame::from(Bytes::from(routing_id.clone()));
        if state.by_id.contains_key(&routing_id) {
            return Err(Rejected::RoutingIdTaken((*routing_id).into()));
        }
        pipe.set_routing_id(routing_id.clone());
        state.assigned.insert(pipe.id());
        state.by_id.insert(routing_id, pipe.clone());
        Ok(())
    }

    fn admit(&self, pipe: &Arc<Pipe>, peer: &PeerInfo) -> Result<Option<Arc<Pipe>>, Rejected> {
        let mut state = self.state.lock();
        if state.assigned.contains(&pipe.id()) {
            return Ok(None);
        }
        let (announced, before) = (peer.routing_id(), pipe.routing_id());
        let has_been_here = state.is_held_by(&before, pipe);
        let routing_id = match announced.is_empty() {
            true if has_been_here => return Ok(None),
            true => state.invent(),
            false => Frame::from(announced.clone()),
        };
        let holder = state.by_id.get(&routing_id).filter(|holder| holder.id() != pipe.id());
        if !self.handover && holder.is_some() {
            return Err(Rejected::RoutingIdTaken((*routing_id).into()));
        }
        if has_been_here {
            state.by_id.remove(&before);
        }
        pipe.set_routing_id(routing_id.clone());
        // With handover the newcomer takes over, and the old peer has to go.
        let replaced = state.by_id.insert(routing_id, pipe.clone());
        Ok(replaced.filter(|replaced| replaced.id() != pipe.id()))
    }

    fn disconnected(&self, pipe: &Arc<Pipe>) {
        // 28/REQREP: the queue of a peer that is connected to stays, and so can be sent to.
        if !pipe.connects() {
            self.remove(pipe);
        }
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        // Its task may have ended with the runtime, and told nobody.
        self.remove(pipe);
    }
}

/// Sends to the peer that the first frame names, and drops what names nobody.
///
/// With `mandatory` a message for nobody is an error instead, and a peer whose queue is full is
/// waited for.
#[derive(Debug)]
pub(crate) struct Addressed {
    peers: Arc<PeerSet>,
    routes: Arc<Routes>,
    mandatory: bool,
    /// The peer whose full queue made the last `offer` fail.
    full: Option<Arc<Pipe>>,
    budget: Budget,
    waiter: Waiter,
}

impl Addressed {
    pub(crate) fn new(peers: Arc<PeerSet>, routes: Arc<Routes>, mandatory: bool) -> Self {
        let waiter = Waiter::new(peers.clone());
        Self { peers, routes, mandatory, full: None, budget: Budget::default(), waiter }
    }

    /// Whether a message for this routing id would be queued now; if not, why.
    pub(crate) fn check_route(&self, routing_id: &[u8]) -> Result<(), SendErrorKind> {
        self.peers.check_open()?;
        match self.routes.find(routing_id) {
            Some(pipe) if pipe.outbound.has_room() => Ok(()),
            Some(pipe) if !pipe.outbound.is_closing() => Err(SendErrorKind::Full),
            _ => Err(SendErrorKind::Unroutable(Bytes::copy_from_slice(routing_id))),
        }
    }

    pub(crate) fn check_open(&self) -> Result<(), Refusal> {
        self.peers.check_open().map_err(Refusal::Failed)
    }

    /// Sends to a peer known by its pipe, as REP answers.
    pub(crate) fn offer_to(
        &mut self,
        pipe: &Arc<Pipe>,
        message: &mut Message,
    ) -> Result<(), Refusal> {
        match pipe.answer(message) {
            Ok(written) => self.budget.spend(written),
            Err(Refused::Full) if self.mandatory => {
                self.full = Some(pipe.clone());
                return Err(Refusal::Full);
            }
            Err(Refused::Gone) if self.mandatory => {
                let routing_id = pipe.routing_id().into_bytes();
                return Err(Refusal::Failed(SendErrorKind::Unroutable(routing_id)));
            }
            Err(refused) => pipe.account().dropped(|dropped| refused.enter(dropped)),
        }
        Ok(())
    }
}

impl Outgoing for Addressed {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.budget.poll(cx));
        if let Some(pipe) = &self.full {
            self.waiter.register(cx);
            let peer_may_read = !pipe.outbound.is_closing() && !self.peers.is_closed();
            if peer_may_read && !pipe.outbound.has_room() {
                return Poll::Pending;
            }
            self.full = None;
        }
        Poll::Ready(self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.check_open()?;
        if message.frame_count() < 2 {
            return Err(Refusal::Failed(SendErrorKind::NoRoutingId));
        }
        let routing_id = message.pop_front().unwrap_or_default();
        let result = match self.routes.find(&routing_id) {
            Some(pipe) => self.offer_to(&pipe, message),
            None if self.mandatory => {
                Err(Refusal::Failed(SendErrorKind::Unroutable(routing_id.clone().into_bytes())))
            }
            None => {
                self.peers.ledger().dropped(|dropped| dropped.unroutable += 1);
                Ok(())
            }
        };
        if result.is_err() {
            message.push_front(routing_id);
        }
        result
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waiter.poll_flush(cx)
    }
}

/// Another sender, which waits for no peer yet.
impl Clone for Addressed {
    fn clone(&self) -> Self {
        Self::new(self.peers.clone(), self.routes.clone(), self.mandatory)
    }
}
