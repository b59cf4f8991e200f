//! The hooks of a socket type for peers that join and leave.

use std::sync::Arc;

use zmtp::{Membership, PeerInfo, RoutingId, Subscription};

use super::PeerHandle;
use crate::error::{Rejected, SubscriptionsExceeded};
use crate::pipe::{Pattern, Pipe};

/// The actions of a socket type when peers join, leave, and subscribe.
///
/// Every method has a default that does nothing, and so does `()`. The methods are called from the
/// tasks of connections: they must not block.
pub trait PeerHooks: Send + Sync {
    /// The peer is about to join the socket. This happens at once if the socket connects, and at
    /// the end of the handshake if it accepts.
    ///
    /// # Errors
    ///
    /// The socket does not take the peer.
    fn join(&self, _peer: &PeerHandle) -> Result<(), Rejected> {
        Ok(())
    }

    /// The application has given the peer a routing id, whatever the peer announces.
    ///
    /// # Errors
    ///
    /// The socket does not take the peer.
    fn assign(&self, _peer: &PeerHandle, _routing_id: &RoutingId) -> Result<(), Rejected> {
        Ok(())
    }

    /// The handshake is done. Messages follow after this. Returns the peer that the new one
    /// replaces, if any.
    ///
    /// # Errors
    ///
    /// The socket does not take the peer.
    fn admit(&self, _peer: &PeerHandle, _info: &PeerInfo) -> Result<Option<PeerHandle>, Rejected> {
        Ok(None)
    }

    /// The peer has a connection. Messages can be sent to it.
    fn connected(&self, _peer: &PeerHandle) {}

    /// The peer's connection is about to end. Removes a part of the peer's state, and returns
    /// whether more is left. It is called again until it returns false, and other tasks run in
    /// between.
    fn disconnecting(&self, _peer: &PeerHandle) -> bool {
        false
    }

    /// The peer's connection has ended. Messages that were not written wait for the next one.
    fn disconnected(&self, _peer: &PeerHandle) {}

    /// The peer has left the socket.
    fn leave(&self, _peer: &PeerHandle) {}

    /// The peer subscribes or cancels.
    ///
    /// # Errors
    ///
    /// The peer exceeds a limit. It is disconnected.
    fn subscription(
        &self,
        _peer: &PeerHandle,
        _change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        Ok(())
    }

    /// Whether messages that begin with the byte 1 or 0 are subscriptions, as ZMTP 3.0 sends them.
    fn takes_subscriptions(&self) -> bool {
        false
    }

    /// The peer joins or leaves a group.
    ///
    /// # Errors
    ///
    /// The peer exceeds a limit. It is disconnected.
    fn membership(
        &self,
        _peer: &PeerHandle,
        _change: Membership,
    ) -> Result<(), SubscriptionsExceeded> {
        Ok(())
    }

    /// Whether peers join and leave groups. Without that the commands are ignored.
    fn takes_memberships(&self) -> bool {
        false
    }

    /// Whether every message must be a group and one frame. A peer that sends another is disconnected.
    fn takes_groups(&self) -> bool {
        false
    }
}

impl PeerHooks for () {}

/// Hooks as the engine calls them, with pipes.
pub(crate) struct Hooked(pub(crate) Arc<dyn PeerHooks>);

impl Pattern for Hooked {
    fn join(&self, pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        self.0.join(&PeerHandle::new(pipe.clone()))
    }

    fn assign(&self, pipe: &Arc<Pipe>, routing_id: &RoutingId) -> Result<(), Rejected> {
        self.0.assign(&PeerHandle::new(pipe.clone()), routing_id)
    }

    fn admit(&self, pipe: &Arc<Pipe>, info: &PeerInfo) -> Result<Option<Arc<Pipe>>, Rejected> {
        let replaced = self.0.admit(&PeerHandle::new(pipe.clone()), info)?;
        Ok(replaced.map(|replaced| replaced.pipe().clone()))
    }

    fn connected(&self, pipe: &Arc<Pipe>) {
        self.0.connected(&PeerHandle::new(pipe.clone()));
    }

    fn disconnecting(&self, pipe: &Arc<Pipe>) -> bool {
        self.0.disconnecting(&PeerHandle::new(pipe.clone()))
    }

    fn disconnected(&self, pipe: &Arc<Pipe>) {
        self.0.disconnected(&PeerHandle::new(pipe.clone()));
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        self.0.leave(&PeerHandle::new(pipe.clone()));
    }

    fn subscription(
        &self,
        pipe: &Arc<Pipe>,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        self.0.subscription(&PeerHandle::new(pipe.clone()), change)
    }

    fn takes_subscriptions(&self) -> bool {
        self.0.takes_subscriptions()
    }

    fn membership(
        &self,
        pipe: &Arc<Pipe>,
        change: Membership,
    ) -> Result<(), SubscriptionsExceeded> {
        self.0.membership(&PeerHandle::new(pipe.clone()), change)
    }

    fn takes_memberships(&self) -> bool {
        self.0.takes_memberships()
    }

    fn takes_groups(&self) -> bool {
        self.0.takes_groups()
    }
}
