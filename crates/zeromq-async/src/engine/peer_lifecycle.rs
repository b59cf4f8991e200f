//! A peer joins and leaves a socket: the pattern, the application and listeners are told.

use std::sync::Arc;

use zmtp::{Message, PeerInfo};

use super::core::SocketCore;
use crate::endpoint::Endpoint;
use crate::event::{DisconnectReason, SocketEvent};
use crate::options::PeerMessageOptions;
use crate::pipe::Pipe;

/// The most unread messages of a peer that connects and disconnects time and again. Its notices pass
/// the high-water mark up to here.
const MAX_UNREAD: usize = 1024;

/// Lets the application receive the notice of a new peer, before any message of that peer.
pub(super) fn notify_connected(core: &SocketCore, pipe: &Arc<Pipe>) {
    if let Some(notice) = &core.options.peer_messages.connected {
        notify(pipe, notice);
    }
}

/// Tells the pattern and listeners that a peer is ready.
pub(super) fn connected(core: &SocketCore, pipe: &Arc<Pipe>, endpoint: &Endpoint, info: PeerInfo) {
    core.pattern.connected(pipe);
    core.peers.peer_connected();
    let (endpoint, peer) = (endpoint.clone(), pipe.id());
    core.events.emit(SocketEvent::HandshakeSucceeded { endpoint, peer, info });
}

/// Removes a peer after its connection has ended, then tells listeners. A pipe that `keeps` waiting for
/// the next connection stays.
pub(super) fn disconnected(
    core: &SocketCore,
    pipe: &Arc<Pipe>,
    endpoint: &Endpoint,
    reason: DisconnectReason,
    keeps: bool,
) {
    core.pattern.disconnected(pipe);
    notify_lost(core, pipe, &reason);
    let (enqueued, queued) = pipe.outbound.enqueued();
    let unsent = if keeps { queued } else { core.peers.leave(pipe) };
    core.peers.peer_disconnected();
    core.events.emit(SocketEvent::Disconnected {
        endpoint: endpoint.clone(),
        peer: pipe.id(),
        reason,
        unsent,
        enqueued,
        kept: keeps && !pipe.outbound.is_closing(),
    });
}

/// Lets the application receive the notice of a lost peer, after all messages of that peer.
fn notify_lost(core: &SocketCore, pipe: &Arc<Pipe>, reason: &DisconnectReason) {
    if matches!(reason, DisconnectReason::Closed) {
        return;
    }
    let PeerMessageOptions { lost, accepted_lost, connected_lost, .. } =
        &core.options.peer_messages;
    let by_side = if pipe.connects() { connected_lost } else { accepted_lost };
    for notice in [lost, by_side].into_iter().flatten() {
        notify(pipe, notice);
    }
}

fn notify(pipe: &Arc<Pipe>, notice: &Message) {
    if pipe.inbound.unread() < MAX_UNREAD || pipe.inbound.has_room() {
        pipe.notify(notice.clone());
    }
}
