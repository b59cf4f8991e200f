//! Socket types as stacks: strategies that choose among peers, wrapped by layers.
//!
//! A socket type is one [`SocketKind`](crate::SocketKind): the type that it announces to its peers, a
//! stack that sends, and a stack that receives. The stacks contain poll logic only. They do no I/O,
//! start no task and read no clock. All socket types of this crate are defined through this module,
//! and so can be yours.
//!
//! A stack ends in a *strategy* that chooses among the peers. Wrappers around it add the other
//! rules of the socket type. A [`tower_layer::Layer`] makes each wrapper:
//!
//! | socket | sends | receives |
//! |---|---|---|
//! | REQ | [`ReqSend`], [`RoundRobin`] | [`ReqRecv`], [`FairQueue`] |
//! | REP | [`RepSend`], [`Addressed`] | [`RepRecv`], [`FairQueue`] |
//! | DEALER | [`RoundRobin`] | [`FairQueue`] |
//! | ROUTER | [`Addressed`] | [`PrependRoutingId`], [`FairQueue`] |
//! | PUB, XPUB | [`Distribute`] | XPUB: [`FairQueue`] |
//! | SUB | | [`SubscriptionFilter`], [`FairQueue`] |
//! | XSUB | [`Upstream`] | [`FairQueue`] |
//! | PUSH, PULL | [`RoundRobin`] | [`FairQueue`] |
//! | PAIR | [`Exclusive`] | [`FairQueue`] |
//! | CLIENT | [`RoundRobin`] | [`OneFrame`], [`FairQueue`] |
//! | SERVER, PEER | [`ByRouteId`], [`Addressed`] | [`OneFrame`], [`FairQueue`] |
//! | SCATTER, GATHER | [`RoundRobin`] | [`OneFrame`], [`FairQueue`] |
//! | CHANNEL | [`Exclusive`] | [`OneFrame`], [`FairQueue`] |
//! | RADIO | [`ToMembers`] | |
//! | DISH | | [`GroupFilter`], [`FairQueue`] |
//! | DGRAM | [`Datagrams`] | [`FairQueue`] |
//!
//! Strategies see the peers as [`Peers`], a list of [`PeerHandle`]s. A peer has a queue of messages
//! to send, which [`PeerHandle::offer`] fills, and a queue of messages to receive, which [`Inbox`]
//! empties. A wrapper that needs state on both sides shares it between its two halves, so that
//! every socket can be split. A socket type that must know when peers join and leave implements
//! [`PeerHooks`].
//!
//! These layers are inside a socket and choose the peer of each message. The layers of
//! `zeromq-util` are around a whole socket and change its messages.
//!
//! # A socket type of your own
//!
//! A PUSH that sends every message to the peer with the shortest queue:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use std::task::{Context, Poll};
//! use zeromq_async::pattern::{Peers, OfferError, SendStrategy};
//! use zeromq_async::{
//!     Message, PullSocket, SendErrorKind, Sends, Socket, SocketKind, SocketType, Stacks,
//! };
//!
//! #[derive(Clone)]
//! struct ShortestQueue(Peers);
//!
//! impl SendStrategy for ShortestQueue {
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
//!         self.0.poll_room(cx)
//!     }
//!
//!     fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
//!         self.0.refresh();
//!         self.0.check_open()?;
//!         let with_room = self.0.list().iter().filter(|peer| peer.has_room());
//!         let shortest = with_room.min_by_key(|peer| peer.queued()).ok_or(OfferError::Full)?;
//!         shortest.offer(message).map_err(|_| OfferError::Full)
//!     }
//!
//!     fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
//!         self.0.poll_flush(cx)
//!     }
//! }
//!
//! enum ShortestPush {}
//!
//! impl SocketKind for ShortestPush {
//!     const TYPE: SocketType = SocketType::Push;
//!     type SendStack = ShortestQueue;
//!     type ReceiveStack = ();
//!     type Options = ();
//!     type Control = ();
//!
//!     fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
//!         let send = ShortestQueue(peers.clone());
//!         Stacks { send, receive: (), hooks: Arc::new(()), control: () }
//!     }
//! }
//!
//! impl Sends for ShortestPush {}
//!
//! let mut push = Socket::<ShortestPush>::new();
//! let (mut one, mut other) = (PullSocket::new(), PullSocket::new());
//! push.connect("inproc://one")?;
//! push.connect("inproc://other")?;
//! push.send("a").await?;
//! push.send("b").await?;
//! one.bind("inproc://one").await?;
//! other.bind("inproc://other").await?;
//! assert_eq!((one.recv().await?, other.recv().await?), ("a".into(), "b".into()));
//! # Ok(()) }
//! ```

use std::task::{Context, Poll};

use zmtp::Message;

use crate::error::{RecvError, SendErrorKind};
use crate::identity::Peer;

mod addressed;
mod budget;
mod by_route_id;
mod datagrams;
mod distribute;
mod encoded;
mod envelope;
mod exclusive;
mod fair_queue;
mod fan_out;
mod filter;
mod hang_up;
mod held;
mod hooks;
mod inbox;
mod lockstep;
#[cfg(all(test, zmq_loom))]
pub(crate) mod loom_models;
mod members;
mod memberships;
mod one_frame;
mod peer_handle;
mod peers;
mod prepend_routing_id;
mod round_robin;
mod subscribers;
mod subscription_trie;
mod subscriptions;
mod to_members;

pub use addressed::{Addressed, OfferTo, Routes};
use budget::Budget;
pub use by_route_id::{ByRouteId, ByRouteIdLayer, RouteTable};
pub use datagrams::Datagrams;
pub use distribute::Distribute;
pub use encoded::{EncodeBuffer, EncodedMessage};
pub use envelope::{RepRecv, RepRecvLayer, RepSend, RepSendLayer, RepState};
pub use exclusive::{Exclusive, Occupancy};
pub use fair_queue::FairQueue;
pub use filter::{Criterion, Filter};
pub use hang_up::{HangUp, HangUpLayer};
pub use held::Held;
pub(crate) use hooks::Hooked;
pub use hooks::PeerHooks;
pub use inbox::Inbox;
pub use lockstep::{ReqRecv, ReqRecvLayer, ReqSend, ReqSendLayer, ReqState};
pub use members::{Members, RadioOptions};
pub use memberships::{GroupFilter, GroupFilterLayer, Memberships};
pub use one_frame::{HasOneFrame, OneFrame, OneFrameLayer, ReceiveFrom, SendTo};
pub use peer_handle::{PeerHandle, QueueError, WeakPeerHandle};
pub use peers::Peers;
pub use prepend_routing_id::{PrependRoutingId, PrependRoutingIdLayer};
pub use round_robin::RoundRobin;
pub use subscribers::{PublishOptions, Subscribers, SubscriptionLimits};
pub(crate) use subscription_trie::{Change, SubscriptionTrie};
pub use subscriptions::{
    SubscribeOptions, SubscriptionFilter, SubscriptionFilterLayer, Subscriptions, Upstream,
};
pub use to_members::ToMembers;
pub use zmtp::{Membership, Subscription};

/// The send side of a socket type, or a part of it.
///
/// It is similar to `Sink`, which the socket implements. But `offer` takes a message by reference
/// and can leave it in place. `Sink::start_send` would move it.
pub trait SendStrategy: Send {
    /// Ready when `offer` will probably take a message.
    ///
    /// # Errors
    ///
    /// The socket is closed, or the socket type forbids sending now.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>>;

    /// Queues the whole message and leaves an empty one in its place.
    ///
    /// # Errors
    ///
    /// The message was not taken and is unchanged.
    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError>;

    /// Offers the message to peers, and calls `before` first with each of them. If `before` returns
    /// false, the next peer is tried.
    ///
    /// A strategy that does not override this never calls `before`.
    ///
    /// # Errors
    ///
    /// Those of [`offer`](Self::offer).
    fn offer_after(
        &mut self,
        message: &mut Message,
        before: impl Fn(&PeerHandle) -> bool,
    ) -> Result<(), OfferError>
    where
        Self: Sized,
    {
        let _ = before;
        self.offer(message)
    }

    /// Ready when everything sent so far is with the kernel.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The peer that got the last message. `None` if several peers did.
    fn last_handle(&self) -> Option<&PeerHandle> {
        None
    }
}

/// The receive side of a socket type, or a part of it.
///
/// It is similar to `Stream`, which the socket implements, and also tells which peer a message came
/// from.
pub trait ReceiveStrategy: Send {
    /// The next message.
    ///
    /// # Errors
    ///
    /// After [`RecvError::Closed`] there are no more messages. Other errors mean that the socket
    /// type does not allow receiving now.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>>;

    /// Ready when `poll_recv` has a message, which stays where it is, or an error.
    ///
    /// A wrapper that must take a message to decide keeps it in a [`Held`].
    ///
    /// # Errors
    ///
    /// Those of [`poll_recv`](Self::poll_recv).
    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>>;

    /// Ready when a message has arrived, which stays where it is, or there is an error.
    ///
    /// `poll_recv` may drop that message. A wrapper that drops messages asks its inner strategy, so that
    /// no message is taken.
    ///
    /// # Errors
    ///
    /// Those of [`poll_recv`](Self::poll_recv).
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.poll_recv_ready(cx)
    }

    /// The peer that the last message came from.
    fn last_handle(&self) -> Option<&PeerHandle>;

    /// The sender of the last message, with its metadata from the handshake.
    ///
    /// A queue may outlive a connection, so this belongs to the message and not to the handle. If it is
    /// `None` after a message, [`Socket::recv_from`](crate::Socket::recv_from) fails with
    /// [`RecvError::UnknownSender`].
    fn last_peer(&self) -> Option<&Peer>;

    /// Drops everything that has arrived, as no reply to a request.
    ///
    /// A REQ calls this when it has its reply.
    fn drop_unasked(&mut self) {}
}

/// Why a [`SendStrategy`] did not take a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// There is no room now. [`SendStrategy::poll_ready`] waits for it.
    #[error("there is no room for the message now")]
    Full,
    /// The message cannot be sent.
    #[error(transparent)]
    Failed(SendErrorKind),
}

impl From<SendErrorKind> for OfferError {
    fn from(kind: SendErrorKind) -> Self {
        Self::Failed(kind)
    }
}

/// The send side of a socket type that only receives.
impl SendStrategy for () {
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        Poll::Ready(Err(SendErrorKind::Closed))
    }

    fn offer(&mut self, _message: &mut Message) -> Result<(), OfferError> {
        Err(OfferError::Failed(SendErrorKind::Closed))
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// The receive side of a socket type that only sends.
impl ReceiveStrategy for () {
    fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        Poll::Ready(Err(RecvError::Closed))
    }

    fn poll_recv_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        Poll::Ready(Err(RecvError::Closed))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        None
    }

    fn last_peer(&self) -> Option<&Peer> {
        None
    }
}
