//! What a socket type is, and what its sockets can do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zmtp::SocketType;

use crate::pattern::{
    Distribute, PeerHooks, Peers, PublishOptions, ReceiveStrategy, SendStrategy, SubscribeOptions,
    Subscribers, Subscriptions,
};

/// A socket type: the type that it announces, and the two stacks that send and receive.
///
/// This crate implements it for [`Req`](crate::Req), [`Rep`](crate::Rep), [`Dealer`](crate::Dealer),
/// [`Router`](crate::Router), [`Pub`](crate::Pub), [`Sub`](crate::Sub), [`XPub`](crate::XPub),
/// [`XSub`](crate::XSub), [`Push`](crate::Push), [`Pull`](crate::Pull) and [`Pair`](crate::Pair). The
/// module [`pattern`](crate::pattern) shows how to define another.
///
/// What its sockets can do is said with further traits: [`Sends`], [`Receives`] and so on.
pub trait SocketKind: Sized + Send + Sync + 'static {
    /// The type that the socket announces to its peers, and by which they check that the types fit.
    const TYPE: SocketType;

    /// The default [linger time](crate::SocketBuilder::linger), where it differs from other types.
    const LINGER: Option<Duration> = None;

    /// The layers that send, outermost first; `()` where the type only receives.
    type SendStack: SendStrategy;

    /// The layers that receive, outermost first; `()` where the type only sends.
    type ReceiveStack: ReceiveStrategy;

    /// The options that only this type has; see
    /// [`SocketBuilder::with_options`](crate::SocketBuilder::with_options).
    type Options: Clone + Default + fmt::Debug + Send + Sync;

    /// State of the stacks that the application can reach with [`Socket::control`](super::Socket::control).
    type Control: Clone + Send + Sync;

    /// Makes the stacks of a new socket.
    fn compose(peers: &Peers, options: &Self::Options) -> Stacks<Self>;
}

/// The parts of a new socket, as [`SocketKind::compose`] returns them.
pub struct Stacks<P: SocketKind> {
    /// The stack that sends.
    pub send: P::SendStack,
    /// The stack that receives.
    pub receive: P::ReceiveStack,
    /// Called when peers come and go; `Arc::new(())` for nothing.
    pub hooks: Arc<dyn PeerHooks>,
    /// What [`Socket::control`](super::Socket::control) returns.
    pub control: P::Control,
}

impl<P: SocketKind> fmt::Debug for Stacks<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks").field("type", &P::TYPE).finish_non_exhaustive()
    }
}

/// A socket type that sends.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not send",
    label = "this socket type only receives",
    note = "PULL and SUB receive and never send"
)]
pub trait Sends: SocketKind {}

/// A socket type that receives.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not receive",
    label = "this socket type only sends",
    note = "PUSH and PUB send and never receive"
)]
pub trait Receives: SocketKind {}

/// A socket type that several senders may use at a time: all that send but REQ and REP.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has one sender",
    label = "this socket type sends in lock-step with what it receives, or not at all",
    note = "a DEALER asks, and a ROUTER answers, from any number of tasks"
)]
pub trait SharesSending: Sends + SocketKind<SendStack: Clone> {}

/// A socket type that publishes: [`Pub`](crate::Pub) or [`XPub`](crate::XPub).
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not publish",
    label = "this socket type has no subscribers",
    note = "PUB and XPUB publish"
)]
pub trait Publishes:
    Sends + SocketKind<SendStack = Distribute, Options = PublishOptions, Control = Arc<Subscribers>>
{
}

/// A socket type that subscribes: [`Sub`](crate::Sub) or [`XSub`](crate::XSub).
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not subscribe",
    label = "this socket type has no subscriptions",
    note = "SUB and XSUB subscribe"
)]
pub trait Subscribes:
    Receives + SocketKind<Options = SubscribeOptions, Control = Arc<Subscriptions>>
{
}

/// A socket type that has topics: one that publishes or subscribes.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has no topics",
    label = "nothing is subscribed to at this socket type",
    note = "PUB, SUB, XPUB and XSUB have topics"
)]
pub trait Topical: SocketKind {
    /// How many different topics there are subscriptions to.
    fn topics_count(control: &Self::Control) -> usize;
}

/// A socket type that can keep only the latest message.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket cannot conflate",
    label = "this socket type has no `conflate`",
    note = "PUSH, PULL, PUB, SUB and DEALER can keep the latest message only"
)]
pub trait Conflates: SocketKind {}

/// A socket type that a ROUTER can address by a name of its own choice.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has no routing id",
    label = "no ROUTER addresses this socket type",
    note = "REQ, REP, DEALER and ROUTER have one"
)]
pub trait Named: SocketKind {}

/// A socket type that can greet its peers.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not greet",
    label = "this socket type has no `hello`",
    note = "DEALER and ROUTER greet their peers"
)]
pub trait Greets: SocketKind {}

/// A socket type that can announce itself to a ROUTER.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not probe",
    label = "this socket type has no `probe_router`",
    note = "REQ, DEALER and ROUTER probe"
)]
pub trait Probes: SocketKind {}
