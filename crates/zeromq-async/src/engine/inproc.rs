//! Peers within the process: two joined pipes, with no codec and no task between them.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use zmtp::{PeerInfo, RoutingId};

use super::core::SocketCore;
use super::endpoints::{Dialed, DialedPipe};
use super::linger::close_within_linger;
use super::peer_lifecycle;
use crate::endpoint::Endpoint;
use crate::error::{BindError, BindErrorKind, ConnectError, ConnectErrorKind, Rejected};
use crate::event::{DisconnectReason, SocketEvent};
use crate::pipe::Pipe;

pub(super) mod registry;

/// Takes the name, and connects every socket that waits for it.
pub(super) fn bind(core: &Arc<SocketCore>, name: &str) -> Result<(), BindError> {
    let endpoint = Endpoint::Inproc(name.to_owned());
    let Some(waiting) = core.inproc.bind(name, core) else {
        return Err(BindError::new(&endpoint, BindErrorKind::InUse));
    };
    for (connecting, pipe) in waiting {
        if let Some(connecting) = connecting.upgrade() {
            meet(core, Side { core: &connecting, pipe: &pipe }, name, &endpoint);
        }
    }
    Ok(())
}

/// Connects to the socket that is bound to the name, or waits for one. Returns the pipe.
pub(super) fn connect(
    core: &Arc<SocketCore>,
    endpoint: &Endpoint,
    name: &str,
    routing_id: Option<&RoutingId>,
) -> Result<Arc<Pipe>, ConnectError> {
    let pipe = core
        .join_connecting(endpoint, routing_id)
        .map_err(|rejected| ConnectError::new(endpoint, ConnectErrorKind::Rejected(rejected)))?;
    let (stop, dialed) = (CancellationToken::new(), DialedPipe::new(pipe.clone()));
    // Before the two sockets meet: they may part at once, which removes it.
    core.endpoints.add_dialed(Dialed { endpoint: endpoint.clone(), stop, pipe: dialed });
    if let Some(bound) = find_or_wait(core, name, &pipe) {
        meet(&bound, Side { core, pipe: &pipe }, name, endpoint);
    }
    Ok(pipe)
}

/// The socket that is bound to the name. Without one, the pipe waits for it, unless it was disconnected
/// or closed meanwhile.
fn find_or_wait(core: &Arc<SocketCore>, name: &str, pipe: &Arc<Pipe>) -> Option<Arc<SocketCore>> {
    let _connecting = core.inproc.lock_connecting();
    core.peers.has(pipe).then(|| core.inproc.find_or_wait(name, core, pipe)).flatten()
}

/// One of the two sockets of an inproc connection.
#[derive(Clone, Copy)]
struct Side<'a> {
    core: &'a Arc<SocketCore>,
    pipe: &'a Arc<Pipe>,
}

/// Connects a bound socket and a connecting one, or the next socket that has the name if this one has
/// closed.
fn meet(bound: &Arc<SocketCore>, connecting: Side<'_>, name: &str, endpoint: &Endpoint) {
    let mut next = try_meet(bound, connecting, name, endpoint);
    while let Some(bound) = next {
        next = try_meet(&bound, connecting, name, endpoint);
    }
}

/// Connects the two if they accept each other. Returns the socket that has the name now if the bound
/// one has closed.
fn try_meet(
    bound: &Arc<SocketCore>,
    connecting: Side<'_>,
    name: &str,
    endpoint: &Endpoint,
) -> Option<Arc<SocketCore>> {
    let _connecting = bound.inproc.lock_connecting();
    if !connecting.core.peers.has(connecting.pipe) {
        return None; // It was disconnected or closed meanwhile.
    }
    let (one, other) = (bound.socket_type, connecting.core.socket_type);
    let result = match other.accepts(one) {
        true => join(bound, connecting, endpoint),
        false => Err(Rejected::Incompatible { one, other }),
    };
    match result {
        Ok(()) => {}
        // The name is free in a moment, or another socket has it by now.
        Err(Rejected::Closed) => {
            let is_open = |other: &Arc<SocketCore>| !other.peers.is_closed();
            return bound.inproc.find_open_or_wait(name, connecting.core, connecting.pipe, is_open);
        }
        Err(reason) => {
            for core in [bound, connecting.core] {
                let (endpoint, reason) = (endpoint.clone(), reason.clone());
                core.events.emit(SocketEvent::Rejected { endpoint, reason });
            }
            // Messages do not wait: there is no second attempt.
            connecting.core.endpoints.forget_dialed(|dialed| dialed.holds(connecting.pipe));
            connecting.core.peers.leave(connecting.pipe);
        }
    }
    None
}

fn join(
    bound: &Arc<SocketCore>,
    connecting: Side<'_>,
    endpoint: &Endpoint,
) -> Result<(), Rejected> {
    let pipe = bound.join_accepted(&Arc::new(endpoint.clone()))?;
    let bound = Side { core: bound, pipe: &pipe };
    let directions = [(bound, connecting), (connecting, bound)];
    if let Err(rejected) = directions.iter().try_for_each(|(side, peer)| side.admit(peer)) {
        bound.core.pattern.disconnected(bound.pipe);
        bound.core.peers.leave(bound.pipe);
        return Err(rejected);
    }
    for (side, peer) in directions {
        side.core.inproc_peers.add(side.pipe, peer.core, endpoint);
    }
    for (side, peer) in directions {
        side.introduce_to(&peer);
    }
    let options = directions.map(|(side, _)| &side.core.options.pipe);
    Pipe::join_inproc(bound.pipe, options[0], connecting.pipe, options[1]);
    for (side, peer) in directions {
        peer_lifecycle::connected(side.core, side.pipe, endpoint, peer.info());
    }
    Ok(())
}

impl Side<'_> {
    fn admit(&self, peer: &Self) -> Result<(), Rejected> {
        if let Some(replaced) = self.core.pattern.admit(self.pipe, &peer.info())? {
            replaced.silence();
            if !part_locked(self.core, &replaced) {
                close_within_linger(self.core, &replaced);
            }
        }
        Ok(())
    }

    /// Makes this socket known to the peer before any message, as a handshake does.
    fn introduce_to(&self, peer: &Self) {
        peer.pipe.begin(self.info(), None);
        peer_lifecycle::notify_connected(peer.core, peer.pipe);
        for message in self.core.options.peer_messages.first_messages() {
            self.pipe.send_first_inproc(peer.pipe, message.clone());
        }
    }

    fn info(&self) -> PeerInfo {
        let options = &self.core.options;
        PeerInfo::local(self.core.socket_type, options.routing_id.as_ref(), &options.metadata)
    }
}

/// Disconnects from an inproc peer, or stops waiting for one at the endpoint.
pub(super) fn disconnect(core: &SocketCore, endpoint: &Endpoint, pipe: &Arc<Pipe>) {
    let _connecting = core.inproc.lock_connecting();
    if !part_locked(core, pipe) {
        core.inproc.stop_waiting(endpoint, pipe);
        core.peers.leave(pipe);
    }
}

/// Disconnects from an inproc peer. False if the pipe leads to none.
pub(super) fn part(core: &SocketCore, pipe: &Arc<Pipe>) -> bool {
    let _connecting = core.inproc.lock_connecting();
    part_locked(core, pipe)
}

fn part_locked(core: &SocketCore, pipe: &Arc<Pipe>) -> bool {
    let Some(peer) = core.inproc_peers.remove(pipe) else { return false };
    let theirs = pipe.outbound.part();
    core.inproc_peers.keep_unread(pipe, &peer);
    parted(core, pipe, &peer.endpoint, DisconnectReason::Closed);
    if let (Some(theirs), Some(other)) = (theirs, peer.socket.upgrade())
        && let Some(peer) = other.inproc_peers.remove(&theirs)
    {
        theirs.outbound.part();
        other.inproc_peers.keep_unread(&theirs, &peer);
        parted(&other, &theirs, &peer.endpoint, DisconnectReason::PeerClosed);
    }
    true
}

fn parted(core: &SocketCore, pipe: &Arc<Pipe>, endpoint: &Endpoint, reason: DisconnectReason) {
    core.endpoints.forget_dialed(|dialed| dialed.holds(pipe));
    peer_lifecycle::disconnected(core, pipe, endpoint, reason, false);
}
