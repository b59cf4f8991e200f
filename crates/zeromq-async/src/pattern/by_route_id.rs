//! Each message to the peer with a routing id that is a number (41/CLISRV, 51/P2P).

use std::collections::HashMap;
use std::num::Wrapping;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use zmtp::Message;

use super::{
    OfferError, OfferTo, PeerHandle, PeerHooks, ReceiveFrom, ReceiveStrategy, SendStrategy, SendTo,
};
use crate::error::{Rejected, SendErrorKind};
use crate::identity::RouteId;
use crate::random::random;
use crate::sync::Mutex;

/// The hooks of a SERVER and of a PEER: which routing id belongs to which peer.
///
/// 41/CLISRV: each peer has an id as long as it is a peer, and no other peer has it then. The first id
/// is random, so that an id kept from an earlier socket is hardly one of this socket's.
#[derive(Debug)]
pub struct RouteTable(Mutex<State>);

#[derive(Debug)]
struct State {
    next: Wrapping<u32>,
    by_id: HashMap<RouteId, PeerHandle>,
}

impl RouteTable {
    /// The peer with this routing id.
    pub fn find(&self, id: RouteId) -> Option<PeerHandle> {
        self.0.lock().by_id.get(&id).cloned()
    }

    fn remove(&self, peer: &PeerHandle) {
        let Some(id) = RouteId::from_label(&peer.routing_id()) else { return };
        let by_id = &mut self.0.lock().by_id;
        // After 2^32 peers the id may be that of another peer by now.
        if by_id.get(&id) == Some(peer) {
            by_id.remove(&id);
        }
    }
}

impl Default for RouteTable {
    fn default() -> Self {
        let [a, b, c, d, ..] = random().to_be_bytes();
        let next = Wrapping(u32::from_be_bytes([a, b, c, d]));
        Self(Mutex::new(State { next, by_id: HashMap::new() }))
    }
}

impl State {
    /// The next number that is an id and that no peer has.
    fn take_next(&mut self) -> RouteId {
        loop {
            let id = RouteId::new(self.next.0);
            self.next += 1;
            if let Some(id) = id.filter(|id| !self.by_id.contains_key(id)) {
                return id;
            }
        }
    }
}

impl PeerHooks for RouteTable {
    fn join(&self, peer: &PeerHandle) -> Result<(), Rejected> {
        let mut state = self.0.lock();
        let id = state.take_next();
        peer.pipe().set_routing_id(id.to_label());
        state.by_id.insert(id, peer.clone());
        Ok(())
    }

    fn disconnected(&self, peer: &PeerHandle) {
        // The queue of a peer that is connected to stays, and so can be sent to.
        if !peer.pipe().connects() {
            self.remove(peer);
        }
    }

    fn leave(&self, peer: &PeerHandle) {
        // The task of its connection may have ended with the runtime, before `disconnected`.
        self.remove(peer);
    }
}

/// Makes a [`ByRouteId`].
#[derive(Debug, Clone)]
pub struct ByRouteIdLayer(pub Arc<RouteTable>);

impl<S> Layer<S> for ByRouteIdLayer {
    type Service = ByRouteId<S>;

    fn layer(&self, inner: S) -> ByRouteId<S> {
        ByRouteId { inner, table: self.0.clone() }
    }
}

/// Sends to the peer with the routing id that is named.
///
/// A message without such a peer is an error. A message for a peer with a full queue waits if the inner
/// strategy does: [`Addressed`](super::Addressed) that is `mandatory`.
#[derive(Debug, Clone)]
pub struct ByRouteId<S> {
    inner: S,
    table: Arc<RouteTable>,
}

impl<S: OfferTo> SendTo<RouteId> for ByRouteId<S> {
    fn offer_at(&mut self, id: &RouteId, message: &mut Message) -> Result<(), OfferError> {
        self.inner.check_open()?;
        let no_route = || OfferError::Failed(SendErrorKind::NoRoute(*id));
        let peer = self.table.find(*id).ok_or_else(no_route)?;
        self.inner.offer_to(&peer, message).map_err(|error| match error {
            // The peer has just left.
            OfferError::Failed(SendErrorKind::Unroutable(_)) => no_route(),
            error => error,
        })
    }
}

impl<S: OfferTo> SendStrategy for ByRouteId<S> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.inner.poll_ready(cx)
    }

    /// A message alone says nothing of where it goes.
    fn offer(&mut self, _message: &mut Message) -> Result<(), OfferError> {
        Err(SendErrorKind::NoRoutingId.into())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}

/// The routing id that a [`RouteTable`] gave the sender.
impl<S: ReceiveStrategy> ReceiveFrom<RouteId> for S {
    fn take_address(&self, _message: &mut Message) -> Option<RouteId> {
        RouteId::from_label(self.last_peer()?.label())
    }
}

#[cfg(test)]
mod tests;
