//! The definition of a socket type, and the abilities of its sockets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zmtp::{Message, SocketType};

use super::{Address, SocketHandle};
use crate::pattern::{
    Distribute, PeerHooks, Peers, PublishOptions, ReceiveFrom, ReceiveStrategy, SendStrategy,
    SendTo, SubscribeOptions, Subscribers, Subscriptions,
};

/// A socket type: the type that it announces, and the two stacks that send and receive.
///
/// This crate implements it for [`Req`](crate::Req), [`Rep`](crate::Rep), [`Dealer`](crate::Dealer),
/// [`Router`](crate::Router), [`Pub`](crate::Pub), [`Sub`](crate::Sub), [`XPub`](crate::XPub),
/// [`XSub`](crate::XSub), [`Push`](crate::Push), [`Pull`](crate::Pull), [`Pair`](crate::Pair) and
/// [`Stream`](crate::Stream), and for those of a [`SharedSocket`](crate::SharedSocket). The module [`pattern`](crate::pattern) shows how to
/// define another.
///
/// Further traits name the abilities of its sockets: [`Sends`], [`Receives`] and so on.
pub trait SocketKind: Sized + Send + Sync + 'static {
    /// The type that the socket announces. Peers check that it fits their own.
    const TYPE: SocketType;

    /// The default [linger time](crate::SocketBuilder::linger), if it differs from other types.
    const LINGER: Option<Duration> = None;

    /// Whether messages have one frame, and the sockets are [`SharedSocket`](crate::SharedSocket)s. A
    /// [`Socket`](crate::Socket) of such a type does not compile. [`FrameKind`] is the trait of these
    /// types.
    const ONE_FRAME: bool = false;

    /// The layers that send, outermost first. `()` if the type only receives.
    type SendStack: SendStrategy;

    /// The layers that receive, outermost first. `()` if the type only sends.
    type ReceiveStack: ReceiveStrategy;

    /// The options that only this type has; see
    /// [`SocketBuilder::with_options`](crate::SocketBuilder::with_options).
    type Options: Clone + Default + fmt::Debug + Send + Sync;

    /// State of the stacks that the application can reach with [`Socket::control`](super::Socket::control).
    type Control: Clone + Send + Sync;

    /// Makes the stacks of a new socket.
    fn compose(peers: &Peers, options: &Self::Options) -> Stacks<Self>;
}

/// A socket that is made of the stacks of its type.
pub trait FromStacks<P: SocketKind> {
    /// Makes the socket.
    fn from_stacks(stacks: Stacks<P>, handle: SocketHandle) -> Self;
}

/// The parts of a new socket, as [`SocketKind::compose`] returns them.
pub struct Stacks<P: SocketKind> {
    /// The stack that sends.
    pub send: P::SendStack,
    /// The stack that receives.
    pub receive: P::ReceiveStack,
    /// Called when peers join and leave. `Arc::new(())` does nothing.
    pub hooks: Arc<dyn PeerHooks>,
    /// What [`Socket::control`](super::Socket::control) returns.
    pub control: P::Control,
}

impl<P: SocketKind> fmt::Debug for Stacks<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks").field("type", &P::TYPE).finish_non_exhaustive()
    }
}

/// A socket type with messages of one frame: its sockets are [`SharedSocket`](crate::SharedSocket)s.
///
/// The stacks send to and receive from these addresses. The stack that receives passes on messages
/// that have one frame beside those of the address, and drops others:
/// [`OneFrame`](crate::pattern::OneFrame) does.
pub trait FrameKind:
    SocketKind<
        SendStack: Clone + SendTo<<Self as FrameKind>::To>,
        ReceiveStack: ReceiveFrom<<Self as FrameKind>::From>,
    >
{
    /// What the application names to send a message: `()` where the socket chooses the peer.
    type To: Address;

    /// What the application learns of where a message came from.
    type From: Address;
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

/// A socket type that several senders can use at a time: all that send, except REQ and REP.
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

/// A socket type that drops a message for each peer whose queue is full.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not drop messages of its own accord",
    label = "this socket type has no `no_drop`",
    note = "PUB, XPUB and RADIO can wait instead of dropping"
)]
pub trait DropsWhenFull: Sends {
    /// The option to wait instead.
    fn no_drop(options: &mut Self::Options) -> &mut bool;
}

/// A socket type that sends to multicast groups.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket sends no multicast datagrams",
    label = "this socket type has no multicast options",
    note = "RADIO and DGRAM send them"
)]
pub trait Multicasts: Sends {}

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
    /// The number of different topics with subscriptions.
    fn topics_count(control: &Self::Control) -> usize;
}

/// A socket type that can keep only the latest message.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket cannot conflate",
    label = "this socket type has no `conflate`",
    note = "PUSH, PULL, PUB, SUB and DEALER can keep the latest message only"
)]
pub trait Conflates: SocketKind {}

/// A socket type that can choose the routing id by which a ROUTER addresses it.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has no routing id",
    label = "no ROUTER addresses this socket type",
    note = "REQ, REP, DEALER and ROUTER have one"
)]
pub trait Named: SocketKind {}

/// A socket type that makes messages of its own when peers come and go.
pub trait Notifies: SocketKind {
    /// What such a message is: a [`Message`], or a [`Frame`](crate::Frame) where messages have one
    /// frame.
    type Notice: Into<Message>;
}

/// A socket type that can send a [first message](crate::SocketBuilder::hello) to each peer.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not greet",
    label = "this socket type has no `hello`",
    note = "DEALER, ROUTER, CLIENT, SERVER and PEER greet their peers"
)]
pub trait Greets: Notifies {}

/// A socket type that can receive a message of its own for each lost peer that had connected to it.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket gets no message for a lost peer",
    label = "this socket type has no `disconnect_message`",
    note = "ROUTER, SERVER and PEER have `disconnect_message`"
)]
pub trait NotifiesDisconnect: Notifies + Receives {}

/// A socket type that can receive a message of its own for each lost peer that it had connected to.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket gets no message for a lost connection",
    label = "this socket type has no `hiccup_message`",
    note = "DEALER, CLIENT and PEER have `hiccup_message`"
)]
pub trait NotifiesHiccup: Notifies + Receives {}

/// A socket type that can [announce itself](crate::SocketBuilder::probe_router) to a ROUTER.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not probe",
    label = "this socket type has no `probe_router`",
    note = "REQ, DEALER and ROUTER probe"
)]
pub trait Probes: SocketKind {}
