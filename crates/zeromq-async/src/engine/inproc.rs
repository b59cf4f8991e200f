//! Peers within the process: two pipes joined, with no codec and no task between them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;
use zmtp::{PeerInfo, RoutingId};

use super::dial::Line;
use super::{Dialed, Engine};
use crate::endpoint::Endpoint;
use crate::error::{BindError, ConnectError, Rejected};
use crate::event::{DisconnectReason, SocketEvent};
use crate::identity::PeerId;
use crate::pipe::Pipe;
use crate::sync::Mutex;

/// The inproc names of a context: who is bound, and who waits for somebody to bind.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_name: Mutex<HashMap<String, Name>>,
    /// Held while two sockets meet or part, so that nobody meets who has left, and nobody parts
    /// who has met in part only. Taken before all other locks.
    meeting: Mutex<()>,
}

#[derive(Debug, Default)]
struct Name {
    bound: Weak<Engine>,
    waiting: Vec<(Weak<Engine>, Arc<Pipe>)>,
}

/// The inproc peers of a socket: whose each is.
#[derive(Debug, Default)]
pub(super) struct Links {
    present: Mutex<HashMap<PeerId, Link>>,
    /// Those that have parted and left messages which have not been received.
    parted: Mutex<Vec<(Weak<Engine>, Weak<Pipe>)>>,
}

#[derive(Debug)]
struct Link {
    peer: Weak<Engine>,
    endpoint: Endpoint,
}

impl Names {
    /// The endpoint's socket no longer takes peers.
    pub(super) fn remove(&self, endpoint: &Endpoint) {
        let Endpoint::Inproc(name) = endpoint else { return };
        let mut by_name = self.by_name.lock();
        if let Some(entry) = by_name.get_mut(name) {
            entry.bound = Weak::new();
            if entry.waiting.is_empty() {
                by_name.remove(name);
            }
        }
    }

    fn wait(&self, name: &str, engine: &Arc<Engine>, pipe: &Arc<Pipe>) {
        let mut by_name = self.by_name.lock();
        let entry = by_name.entry(name.to_owned()).or_default();
        entry.waiting.push((Arc::downgrade(engine), pipe.clone()));
    }

    /// The pipe no longer waits for somebody to bind.
    pub(super) fn forget(&self, endpoint: &Endpoint, pipe: &Arc<Pipe>) {
        let Endpoint::Inproc(name) = endpoint else { return };
        let mut by_name = self.by_name.lock();
        if let Some(entry) = by_name.get_mut(name) {
            entry.waiting.retain(|(_, waiting)| !Arc::ptr_eq(waiting, pipe));
            if entry.waiting.is_empty() && entry.bound.strong_count() == 0 {
                by_name.remove(name);
            }
        }
    }
}

/// Takes the name, and every peer that waits for it.
pub(super) fn bind(engine: &Arc<Engine>, name: &str) -> Result<(), BindError> {
    let mut by_name = engine.names.by_name.lock();
    let entry = by_name.entry(name.to_owned()).or_default();
    if entry.bound.upgrade().is_some() {
        let endpoint = Endpoint::Inproc(name.to_owned());
        return Err(BindError::InUse { endpoint, source: io::ErrorKind::AddrInUse.into() });
    }
    entry.bound = Arc::downgrade(engine);
    let waiting = std::mem::take(&mut entry.waiting);
    drop(by_name);
    let endpoint = Endpoint::Inproc(name.to_owned());
    for (connecting, pipe) in waiting {
        if let Some(connecting) = connecting.upgrade() {
            engine.meet(&connecting, &pipe, name, &endpoint);
        }
    }
    Ok(())
}

/// Joins the socket bound to the name, or waits for it.
pub(super) fn connect(
    engine: &Arc<Engine>,
    endpoint: &Endpoint,
    name: &str,
    routing_id: Option<&RoutingId>,
) -> Result<Dialed, ConnectError> {
    let pipe = engine
        .join_connecting(endpoint, routing_id)
        .map_err(|rejected| ConnectError::Rejected { endpoint: endpoint.clone(), rejected })?;
    let mut by_name = engine.names.by_name.lock();
    let entry = by_name.entry(name.to_owned()).or_default();
    match entry.bound.upgrade() {
        None => entry.waiting.push((Arc::downgrade(engine), pipe.clone())),
        Some(bound) => {
            drop(by_name);
            bound.meet(engine, &pipe, name, endpoint);
        }
    }
    Ok(Dialed { stop: CancellationToken::new(), pipe: Line::new(pipe) })
}

impl Engine {
    /// Joins this bound socket and a connecting one, if they accept each other.
    fn meet(
        self: &Arc<Self>,
        connecting: &Arc<Self>,
        theirs: &Arc<Pipe>,
        name: &str,
        endpoint: &Endpoint,
    ) {
        let _meeting = self.names.meeting.lock();
        if !connecting.peers.has(theirs) {
            // Disconnected, or closed, while it was on its way here.
            return;
        }
        let accepts = connecting.socket_type.accepts(self.socket_type);
        let result = if accepts {
            self.join_inproc(connecting, theirs, endpoint)
        } else {
            Err(Rejected::Incompatible { one: self.socket_type, other: connecting.socket_type })
        };
        match result {
            Ok(()) => {}
            // The name is as good as free: the next to bind is met.
            Err(Rejected::Closed) => self.names.wait(name, connecting, theirs),
            Err(rejected) => {
                for engine in [self, connecting] {
                    engine.events.emit(SocketEvent::Rejected {
                        endpoint: endpoint.clone(),
                        reason: rejected.clone(),
                    });
                }
                // There is no second attempt for which messages could wait.
                connecting.peers.leave(theirs);
            }
        }
    }

    fn join_inproc(
        self: &Arc<Self>,
        connecting: &Arc<Self>,
        theirs: &Arc<Pipe>,
        endpoint: &Endpoint,
    ) -> Result<(), Rejected> {
        let ours = self.open_pipe(endpoint);
        self.peers.join(&ours)?;
        let admitted = self.admit(&ours, connecting).and_then(|()| connecting.admit(theirs, self));
        if let Err(rejected) = admitted {
            self.pattern.disconnected(&ours);
            self.peers.leave(&ours);
            return Err(rejected);
        }
        self.links.add(&ours, connecting, endpoint);
        connecting.links.add(theirs, self, endpoint);
        self.links.succeed(&ours, connecting);
        connecting.links.succeed(theirs, self);
        self.introduce_to(connecting, &ours, theirs);
        connecting.introduce_to(self, theirs, &ours);
        Pipe::join_inproc(&ours, &self.options.pipe, theirs, &connecting.options.pipe);
        self.met(&ours, connecting, endpoint);
        connecting.met(theirs, self, endpoint);
        Ok(())
    }

    fn admit(self: &Arc<Self>, pipe: &Arc<Pipe>, peer: &Self) -> Result<(), Rejected> {
        if let Some(replaced) = self.pattern.admit(pipe, &peer.introduce())? {
            replaced.silence();
            if !self.part(&replaced) {
                self.close_within_linger(&replaced);
            }
        }
        Ok(())
    }

    /// Makes this socket known to the peer, as a handshake would: before anything else is said.
    fn introduce_to(&self, peer: &Self, ours: &Arc<Pipe>, theirs: &Arc<Pipe>) {
        theirs.begin(self.introduce(), None);
        peer.tell_connected(theirs);
        for greeting in self.options.notices.greetings() {
            ours.greet_inproc(theirs, greeting.clone());
        }
    }

    fn met(&self, pipe: &Arc<Pipe>, peer: &Self, endpoint: &Endpoint) {
        self.pattern.connected(pipe);
        self.peers.peer_connected();
        self.events.emit(SocketEvent::HandshakeSucceeded {
            endpoint: endpoint.clone(),
            peer: pipe.id(),
            info: peer.introduce(),
        });
    }

    /// What this socket says of itself.
    fn introduce(&self) -> PeerInfo {
        let (routing_id, metadata) = (self.options.routing_id.as_ref(), &self.options.metadata);
        PeerInfo::local(self.socket_type, routing_id, metadata)
    }

    /// Parts from an inproc peer, or gives up waiting for one at the endpoint.
    pub(super) fn give_up_inproc(&self, endpoint: &Endpoint, pipe: &Arc<Pipe>) {
        let _meeting = self.names.meeting.lock();
        if !self.part(pipe) {
            // Nobody was there, and there is no task that would release the pipe.
            self.names.forget(endpoint, pipe);
            self.peers.leave(pipe);
        }
    }

    /// Parts from an inproc peer, on both sides; false where the pipe has none.
    pub(super) fn part_inproc(&self, pipe: &Arc<Pipe>) -> bool {
        let _meeting = self.names.meeting.lock();
        self.part(pipe)
    }

    fn part(&self, pipe: &Arc<Pipe>) -> bool {
        let Some(link) = self.links.present.lock().remove(&pipe.id()) else { return false };
        let theirs = pipe.outbound.part();
        self.links.leave_behind(pipe, &link.peer);
        self.parted(pipe, link.endpoint, DisconnectReason::Closed);
        if let (Some(theirs), Some(peer)) = (theirs, link.peer.upgrade())
            && let Some(link) = peer.links.present.lock().remove(&theirs.id())
        {
            theirs.outbound.part();
            peer.links.leave_behind(&theirs, &link.peer);
            peer.parted(&theirs, link.endpoint, DisconnectReason::PeerClosed);
        }
        true
    }

    fn parted(&self, pipe: &Arc<Pipe>, endpoint: Endpoint, reason: DisconnectReason) {
        self.pattern.disconnected(pipe);
        self.tell_lost(pipe, &reason);
        let (enqueued, _) = pipe.outbound.enqueued();
        let unsent = self.peers.leave(pipe);
        self.peers.peer_disconnected();
        self.forget_dialed(|line| line.holds(pipe));
        let peer = pipe.id();
        let kept = false;
        self.events.emit(SocketEvent::Disconnected {
            endpoint,
            peer,
            reason,
            unsent,
            enqueued,
            kept,
        });
    }
}

impl Links {
    fn add(&self, pipe: &Arc<Pipe>, peer: &Arc<Engine>, endpoint: &Endpoint) {
        let link = Link { peer: Arc::downgrade(peer), endpoint: endpoint.clone() };
        self.present.lock().insert(pipe.id(), link);
    }

    /// Remembers a peer that parts, for the case that it comes again.
    fn leave_behind(&self, pipe: &Arc<Pipe>, peer: &Weak<Engine>) {
        if pipe.inbound.unread() > 0 {
            self.parted.lock().push((peer.clone(), Arc::downgrade(pipe)));
        }
    }

    /// Puts what the peer sent before it parted last in front of what it will send: the messages of
    /// one sender are received in their order.
    fn succeed(&self, pipe: &Arc<Pipe>, peer: &Arc<Engine>) {
        let mut parted = self.parted.lock();
        parted.retain(|(peer, pipe)| peer.strong_count() > 0 && pipe.strong_count() > 0);
        let is_same = |other: &Weak<Engine>| std::ptr::eq(other.as_ptr(), Arc::as_ptr(peer));
        while let Some(place) = parted.iter().position(|(other, _)| is_same(other)) {
            let (_, before) = parted.remove(place);
            if let Some(before) = before.upgrade() {
                pipe.succeed(&before);
            }
        }
    }
}
