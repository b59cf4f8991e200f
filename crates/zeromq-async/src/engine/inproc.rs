//! Peers within the process: two pipes joined, with no codec and no task between them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;
use zmtp::PeerInfo;

use super::dial::Line;
use super::{Dialled, Engine};
use crate::endpoint::Endpoint;
use crate::error::{BindError, ConnectError};
use crate::event::{DisconnectReason, SocketEvent};
use crate::peer::{PeerId, Pipe, Rejected};
use crate::sync::Mutex;

/// The inproc names of a context: who is bound, and who waits for somebody to bind.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<String, Name>>);

#[derive(Debug, Default)]
struct Name {
    bound: Weak<Engine>,
    waiting: Vec<(Weak<Engine>, Arc<Pipe>)>,
}

/// The inproc peers of a socket: whose each is.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<HashMap<PeerId, Link>>);

#[derive(Debug)]
struct Link {
    peer: Weak<Engine>,
    endpoint: Endpoint,
}

impl Names {
    /// The endpoint's socket no longer takes peers.
    pub(super) fn remove(&self, endpoint: &Endpoint) {
        if let Endpoint::Inproc(name) = endpoint {
            self.0.lock().remove(name);
        }
    }

    /// The pipe no longer waits for somebody to bind.
    pub(super) fn forget(&self, endpoint: &Endpoint, pipe: &Arc<Pipe>) {
        let Endpoint::Inproc(name) = endpoint else { return };
        let mut names = self.0.lock();
        if let Some(entry) = names.get_mut(name) {
            entry.waiting.retain(|(_, waiting)| !Arc::ptr_eq(waiting, pipe));
            if entry.waiting.is_empty() && entry.bound.strong_count() == 0 {
                names.remove(name);
            }
        }
    }
}

/// Takes the name, and every peer that waits for it.
pub(super) fn bind(engine: &Arc<Engine>, name: &str) -> Result<(), BindError> {
    let mut names = engine.names.0.lock();
    let entry = names.entry(name.to_owned()).or_default();
    if entry.bound.upgrade().is_some() {
        let endpoint = Endpoint::Inproc(name.to_owned());
        return Err(BindError::InUse { endpoint, source: io::ErrorKind::AddrInUse.into() });
    }
    entry.bound = Arc::downgrade(engine);
    let waiting = std::mem::take(&mut entry.waiting);
    drop(names);
    let endpoint = Endpoint::Inproc(name.to_owned());
    for (connecting, pipe) in waiting {
        if let Some(connecting) = connecting.upgrade() {
            engine.meet(&connecting, &pipe, &endpoint);
        }
    }
    Ok(())
}

/// Joins the socket bound to the name, or waits for it.
pub(super) fn connect(
    engine: &Arc<Engine>,
    endpoint: &Endpoint,
    name: &str,
) -> Result<Dialled, ConnectError> {
    let pipe = engine.peers.open(&engine.options.pipe, &engine.pattern);
    engine
        .peers
        .join(&pipe)
        .map_err(|rejected| ConnectError::Rejected { endpoint: endpoint.clone(), rejected })?;
    let mut names = engine.names.0.lock();
    let entry = names.entry(name.to_owned()).or_default();
    match entry.bound.upgrade() {
        None => entry.waiting.push((Arc::downgrade(engine), pipe.clone())),
        Some(bound) => {
            drop(names);
            bound.meet(engine, &pipe, endpoint);
        }
    }
    Ok(Dialled { stop: CancellationToken::new(), pipe: Line::new(pipe) })
}

impl Engine {
    /// Joins this bound socket and a connecting one, if they accept each other.
    fn meet(self: &Arc<Self>, connecting: &Arc<Self>, theirs: &Arc<Pipe>, endpoint: &Endpoint) {
        let accepts = connecting.socket_type.accepts(self.socket_type);
        let result = if accepts {
            self.join_inproc(connecting, theirs, endpoint)
        } else {
            Err(Rejected::Incompatible { one: self.socket_type, other: connecting.socket_type })
        };
        if let Err(rejected) = result {
            for engine in [self, connecting] {
                engine.events.emit(SocketEvent::Rejected {
                    endpoint: endpoint.clone(),
                    reason: rejected.clone(),
                });
            }
        }
    }

    fn join_inproc(
        self: &Arc<Self>,
        connecting: &Arc<Self>,
        theirs: &Arc<Pipe>,
        endpoint: &Endpoint,
    ) -> Result<(), Rejected> {
        let ours = self.peers.open(&self.options.pipe, &self.pattern);
        self.peers.join(&ours)?;
        let admitted = self.pattern.admit(&ours, &connecting.introduce());
        if let Err(rejected) =
            admitted.and_then(|()| connecting.pattern.admit(theirs, &self.introduce()))
        {
            self.pattern.disconnected(&ours);
            self.peers.leave(&ours);
            return Err(rejected);
        }
        self.links.add(&ours, connecting, endpoint);
        connecting.links.add(theirs, self, endpoint);
        Pipe::join_inproc(&ours, &self.options.pipe, theirs, &connecting.options.pipe);
        self.met(&ours, connecting, endpoint);
        connecting.met(theirs, self, endpoint);
        Ok(())
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
        PeerInfo::local(self.socket_type, self.options.routing_id.as_ref())
    }

    /// Parts from an inproc peer, on both sides; false where the pipe has none.
    pub(super) fn part_inproc(&self, pipe: &Arc<Pipe>) -> bool {
        let Some(link) = self.links.0.lock().remove(&pipe.id()) else { return false };
        let theirs = pipe.outbound.unlink();
        self.parted(pipe, link.endpoint, DisconnectReason::Closed);
        if let (Some(theirs), Some(peer)) = (theirs, link.peer.upgrade())
            && let Some(link) = peer.links.0.lock().remove(&theirs.id())
        {
            theirs.outbound.unlink();
            peer.parted(&theirs, link.endpoint, DisconnectReason::PeerClosed);
        }
        true
    }

    fn parted(&self, pipe: &Arc<Pipe>, endpoint: Endpoint, reason: DisconnectReason) {
        self.pattern.disconnected(pipe);
        self.peers.peer_disconnected();
        self.peers.leave(pipe);
        let peer = pipe.id();
        self.events.emit(SocketEvent::Disconnected { endpoint, peer, reason, unsent: 0 });
    }
}

impl Links {
    fn add(&self, pipe: &Arc<Pipe>, peer: &Arc<Engine>, endpoint: &Endpoint) {
        let link = Link { peer: Arc::downgrade(peer), endpoint: endpoint.clone() };
        self.0.lock().insert(pipe.id(), link);
    }
}
