//! How a socket type is put together from layers, and what it can do for that.

use std::sync::Arc;

use zmtp::SocketType;

use crate::identity::Peer;
use crate::options::SocketOptions;
use crate::pattern::{Incoming, Outgoing};
use crate::peer::{Pattern, PeerSet};

/// How a socket type is put together; the one thing a new type has to say.
pub(crate) trait Compose: Sized + Send + Sync + 'static {
    const TYPE: SocketType;
    /// The layers that send, outermost first; `()` where the type only receives.
    type Outgoing: Send;
    /// The layers that receive, outermost first; `()` where the type only sends.
    type Incoming: Send + LastPeer;
    /// What else the application can command: a SUB's subscriptions.
    type Control: Clone + Send + Sync;

    /// Where the defaults of this type differ from those of all.
    fn adjust(_options: &mut SocketOptions) {}

    fn compose(peers: &Arc<PeerSet>, options: &SocketOptions) -> Composition<Self>;
}

/// What every socket type can be asked, those included that never receive.
pub(crate) trait LastPeer {
    /// Who the last message is from.
    fn last_peer(&self) -> Option<Peer>;
}

impl<I: Incoming> LastPeer for I {
    fn last_peer(&self) -> Option<Peer> {
        Incoming::last_peer(self).cloned()
    }
}

impl LastPeer for () {
    fn last_peer(&self) -> Option<Peer> {
        None
    }
}

/// A socket type's parts.
pub(crate) struct Composition<P: Compose> {
    pub(crate) pattern: Arc<dyn Pattern>,
    pub(crate) outgoing: P::Outgoing,
    pub(crate) incoming: P::Incoming,
    pub(crate) control: P::Control,
}

/// A socket type: [`Req`](crate::Req), [`Rep`](crate::Rep), [`Dealer`](crate::Dealer),
/// [`Router`](crate::Router), [`Pub`](crate::Pub), [`Sub`](crate::Sub), [`XPub`](crate::XPub),
/// [`XSub`](crate::XSub), [`Push`](crate::Push), [`Pull`](crate::Pull) or [`Pair`](crate::Pair).
/// This trait is sealed.
#[expect(private_bounds, reason = "sealed: how a type is composed is not public")]
pub trait SocketKind: Compose {}

/// A socket type that sends. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not send",
    label = "this socket type only receives",
    note = "PULL and SUB receive and never send"
)]
#[expect(private_bounds, reason = "sealed: the layers of a socket are not public")]
pub trait Sends: SocketKind + Compose<Outgoing: Outgoing> {}

/// A socket type that receives. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not receive",
    label = "this socket type only sends",
    note = "PUSH and PUB send and never receive"
)]
#[expect(private_bounds, reason = "sealed: the layers of a socket are not public")]
pub trait Receives: SocketKind + Compose<Incoming: Incoming> {}

/// A socket type that several senders may use at a time: all that send but REQ and REP. This trait
/// is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has one sender",
    label = "this socket type sends in lock-step with what it receives, or not at all",
    note = "a DEALER asks, and a ROUTER answers, from any number of tasks"
)]
#[expect(private_bounds, reason = "sealed: the layers of a socket are not public")]
pub trait SharesSending: Sends + Compose<Outgoing: Clone> {}
