//! One peer of one socket: its two queues, who it is, and what the socket type makes of it.

use std::fmt;
use std::sync::Arc;
use std::task::Context;

use zmtp::{Batch, EncodedMessages, Frame, Message, PeerInfo, RoutingId, Subscription};

use super::{
    Account, Counts, HotPipes, Inbound, Outbound, Pushed, ReadyQueue, Refused, SendWaiters, Stream,
};
use crate::endpoint::Endpoint;
use crate::error::{Rejected, SubscriptionsExceeded};
use crate::identity::{Peer, PeerAddress, PeerId};
use crate::options::PipeOptions;
use crate::stats::PeerStats;
use crate::sync::Mutex;
use crate::unsent::Addressee;

/// What a socket type does when peers come, go, and speak to it out of band.
///
/// The engine calls these; the layers of `pattern` implement them.
pub(crate) trait Pattern: Send + Sync {
    /// A pipe is about to join the socket: a connecting one at once, an accepted one when its
    /// handshake is done.
    fn join(&self, _pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        Ok(())
    }

    /// The pipe's peer is to be known by this routing id, whatever it says.
    fn assign(&self, _pipe: &Arc<Pipe>, _routing_id: &RoutingId) -> Result<(), Rejected> {
        Ok(())
    }

    /// The peer has said who it is; messages flow only after this. Returns a peer whose place it
    /// takes.
    fn admit(&self, _pipe: &Arc<Pipe>, _peer: &PeerInfo) -> Result<Option<Arc<Pipe>>, Rejected> {
        Ok(None)
    }

    /// The pipe has a connection: what the peer must hear first can be sent.
    fn connected(&self, _pipe: &Arc<Pipe>) {}

    /// The pipe's connection is about to go: undoes a part of what the peer has done, and says whether
    /// there is more. Asked until there is not, with other tasks in between.
    fn disconnecting(&self, _pipe: &Arc<Pipe>) -> bool {
        false
    }

    /// The pipe's connection is gone; what was not written waits for the next.
    fn disconnected(&self, _pipe: &Arc<Pipe>) {}

    /// The pipe has left the socket.
    fn leave(&self, _pipe: &Arc<Pipe>) {}

    /// The peer subscribes or cancels. One that goes too far is to be disconnected.
    fn subscription(
        &self,
        _pipe: &Arc<Pipe>,
        _change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        Ok(())
    }

    /// Whether messages that begin with 1 or 0 are subscriptions, as ZMTP 3.0 sends them.
    fn takes_subscriptions(&self) -> bool {
        false
    }
}

/// A socket type whose peers need no book-keeping.
impl Pattern for () {}

/// Where a peer comes from.
pub(super) struct Origin {
    /// The endpoint bound or connected to.
    pub(super) endpoint: Arc<Endpoint>,
    /// Whether this side makes the connection, and makes it again when it is lost.
    pub(super) connects: bool,
}

/// What all pipes of a socket share.
pub(super) struct Shared {
    pub(super) arrivals: Arc<ReadyQueue>,
    pub(super) room: Arc<SendWaiters>,
    pub(super) hot: Arc<HotPipes>,
    pub(super) pattern: Arc<dyn Pattern>,
}

/// One peer's two queues.
pub(crate) struct Pipe {
    id: PeerId,
    origin: Origin,
    pub(crate) outbound: Outbound,
    pub(crate) inbound: Inbound,
    shared: Shared,
    account: Account,
    /// The routing id by which a ROUTER knows the peer.
    routing_id: Mutex<Frame>,
}

impl Pipe {
    pub(super) fn new(
        id: PeerId,
        origin: Origin,
        options: &PipeOptions,
        shared: Shared,
        account: Account,
    ) -> Self {
        Self {
            id,
            origin,
            outbound: Outbound::new(options.send_high_water_mark, options.conflate),
            inbound: Inbound::new(options.receive_high_water_mark, options.conflate),
            shared,
            account,
            routing_id: Mutex::new(Frame::new()),
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.id
    }

    pub(crate) fn pattern(&self) -> &Arc<dyn Pattern> {
        &self.shared.pattern
    }

    /// Whether this side connects: then the pipe outlives each of its connections.
    pub(crate) fn connects(&self) -> bool {
        self.origin.connects
    }

    /// Whether the peer connected to this socket, at that endpoint.
    pub(crate) fn is_accepted_at(&self, endpoint: &Endpoint) -> bool {
        !self.origin.connects && *self.origin.endpoint == *endpoint
    }

    /// Whether the peer is in this process, and so trusted with its memory.
    pub(crate) fn is_inproc(&self) -> bool {
        matches!(*self.origin.endpoint, Endpoint::Inproc(_))
    }

    pub(super) fn arrivals(&self) -> &ReadyQueue {
        &self.shared.arrivals
    }

    pub(crate) fn routing_id(&self) -> Frame {
        self.routing_id.lock().clone()
    }

    pub(crate) fn set_routing_id(&self, routing_id: Frame) {
        *self.routing_id.lock() = routing_id;
    }

    /// Whom the messages in the queue are for.
    pub(super) fn addressee(&self) -> Addressee {
        let routing_id = self.routing_id().into_bytes();
        Addressee { peer: self.id, endpoint: self.origin.endpoint.clone(), routing_id }
    }

    /// Where messages are entered that go no further.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn stats(&self) -> PeerStats {
        let (sent, queued) = self.outbound.counts();
        let from = self.inbound.from();
        let mut routing_id = self.routing_id().into_bytes();
        if let (true, Some(peer)) = (routing_id.is_empty(), &from) {
            routing_id = peer.info().routing_id().clone();
        }
        let Counts { mut dropped, mut discarded, .. } = self.account.counts();
        dropped.replaced += self.outbound.replaced();
        discarded.replaced += self.inbound.replaced();
        PeerStats {
            peer: self.id,
            endpoint: Endpoint::clone(&self.origin.endpoint),
            address: from.and_then(|peer| peer.address().cloned()),
            routing_id,
            connected: self.outbound.is_linked(),
            reconnects: self.inbound.connections().saturating_sub(1),
            sent,
            queued,
            enqueued: self.outbound.enqueued().0,
            received: self.inbound.received(),
            unread: self.inbound.unread() as u64,
            bytes_sent: self.outbound.bytes(),
            bytes_received: self.inbound.bytes(),
            dropped,
            discarded,
        }
    }

    /// A connection begins: what comes from now on is from this peer.
    pub(crate) fn begin(&self, info: PeerInfo, address: Option<PeerAddress>) {
        self.inbound.begin(Peer::new(self.id, info, address, self.routing_id()));
    }

    /// Hands a run of messages to the receiver.
    pub(crate) fn deliver(self: &Arc<Self>, run: EncodedMessages) {
        self.inbound.deliver(self, run);
    }

    /// Enters a run of messages that comes too late for the receiver.
    pub(crate) fn reject(&self, run: &EncodedMessages) {
        self.inbound.reject(self, run);
    }

    /// Hands one message to the receiver, or leaves it where there is no room.
    pub(crate) fn push(self: &Arc<Self>, message: &mut Message) -> Pushed {
        self.inbound.push(self, message, false)
    }

    /// The same, where `force` makes room.
    pub(super) fn push_or_force(self: &Arc<Self>, message: &mut Message, force: bool) -> Pushed {
        self.inbound.push(self, message, force)
    }

    /// Hands the receiver a message that the socket itself made of something the peer did.
    pub(crate) fn notify(self: &Arc<Self>, mut message: Message) {
        // Refused only by a closed queue, whose receiver is gone.
        self.inbound.push(self, &mut message, true);
    }

    /// Hands the receiver a message that a publisher's peer has sent and that is no subscription.
    pub(crate) fn hear(self: &Arc<Self>, message: Message) {
        if self.inbound.is_silenced() {
            self.inbound.count_unheard(self);
        } else {
            self.notify(message);
        }
    }

    /// The peer is not to be heard any more: what the receiver has not popped is dropped, and what
    /// comes is not kept. A publisher goes on to hear of subscriptions that end.
    pub(crate) fn silence(self: &Arc<Self>) {
        let keeps_notices = self.pattern().takes_subscriptions();
        self.inbound.silence(self, keeps_notices);
        if !keeps_notices {
            self.arrivals().silence(self);
        }
    }

    /// Puts what has not been received of `before`, a pipe of the same peer that has left, in front
    /// of what comes through this one.
    pub(crate) fn succeed(self: &Arc<Self>, before: &Self) {
        let is_new = self.inbound.inherit(before.inbound.take_left());
        if is_new && !self.arrivals().succeed(before.id, self) {
            self.abandon(0);
        }
    }

    /// A connection is up: what was written to it already is entered, what has waited goes first.
    pub(crate) fn link_stream(&self, stream: Stream) {
        for _ in 0..stream.greetings.messages {
            self.account.own();
        }
        self.outbound.link_stream(stream);
    }

    /// Gives the inproc peer a message that the socket itself made, ahead of what has waited.
    pub(crate) fn greet_inproc(&self, peer: &Arc<Self>, greeting: Message) {
        self.account.own();
        self.outbound.count_sent();
        peer.notify(greeting);
    }

    /// Queues a message, as [`Outbound::send`] does.
    #[inline]
    pub(crate) fn send(self: &Arc<Self>, message: &mut Message) -> Result<usize, Refused> {
        self.outbound.send(message, Some(self))
    }

    /// The same for one in return for the peer's, which no other task than this pipe's writes: that
    /// reads what else the peer asks meanwhile, and then several answers leave together.
    pub(crate) fn answer(&self, message: &mut Message) -> Result<usize, Refused> {
        self.outbound.send(message, None)
    }

    /// Queues the one message that `encoded` holds, as [`Outbound::send_encoded`] does.
    #[inline]
    pub(crate) fn send_encoded(
        self: &Arc<Self>,
        encoded: &Batch,
        decoded: &Message,
        past_mark: bool,
    ) -> Result<(), Refused> {
        self.outbound.send_encoded(self, encoded, decoded, past_mark)
    }

    /// The pipes of the socket that wait for a task to write them.
    pub(crate) fn hot(&self) -> &HotPipes {
        &self.shared.hot
    }

    /// Writes what is queued in place of the connection task, which has not been woken for it, and
    /// says how many bytes.
    pub(super) fn write_for_task(&self) -> usize {
        let written = self.outbound.write_for_task(&self.shared.room);
        self.expect_answers(0);
        written
    }

    /// Where several messages of the peer wait to be received, those that arrive counted in, what is
    /// sent in return comes in several too.
    pub(crate) fn expect_answers(&self, arriving: usize) {
        if self.unread() + arriving > 1 {
            self.outbound.expect_several();
        }
    }

    /// The connection task writes no more, neither for this pipe nor for others.
    pub(crate) fn retire_task(&self) {
        self.outbound.retire_task();
        self.shared.hot.hand_on();
    }

    /// Sends a message that the socket itself made, where there is room for it.
    pub(crate) fn send_own(self: &Arc<Self>, mut message: Message) {
        if self.send(&mut message).is_ok() {
            self.account.own();
        }
    }

    /// Drops what the receiver has not taken yet: the inproc peer takes it back.
    pub(super) fn withdraw(self: &Arc<Self>) {
        self.inbound.forget(self, |discarded, messages| discarded.withdrawn += messages);
    }

    /// Drops what the receiver has not taken yet: nobody has asked for it.
    pub(crate) fn forget_unasked(self: &Arc<Self>) {
        self.inbound.forget(self, |discarded, messages| discarded.unasked += messages);
    }

    /// The receiver is gone, with so many messages `left` of those it took.
    pub(crate) fn abandon(&self, left: usize) {
        self.inbound.discard(self, left);
    }

    /// How many messages and notices of this peer have not been received.
    pub(crate) fn unread(&self) -> usize {
        self.inbound.unread()
    }

    /// The same, and bytes of those that the receiver has not taken.
    pub(crate) fn backlog(&self) -> (usize, usize) {
        self.inbound.backlog()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.inbound.has_room()
    }

    /// How many messages may be delivered now; where there is no room the task is woken later.
    pub(crate) fn room(&self, cx: &Context<'_>) -> usize {
        let room = self.inbound.room(cx);
        // Looked at in this order: a receiver that goes after that wakes the task.
        if self.shared.arrivals.is_heard() { room } else { usize::MAX }
    }

    /// Tells the peer of a subscription over the connection there is.
    pub(crate) fn send_subscription(self: &Arc<Self>, change: &Subscription) {
        if let Some(peer) = self.outbound.subscription(change) {
            // A peer within the process is trusted with its memory.
            let _ = peer.shared.pattern.subscription(&peer, change.clone());
        }
    }

    /// Takes no more messages, and lets go of senders that wait for room here; the connection ends
    /// when those that are queued are written.
    pub(crate) fn close(&self) {
        self.outbound.close();
        self.shared.room.wake();
    }

    /// The peer is gone for good: what it sent can still be received. Returns what it was not sent,
    /// and what is left of its connection: a task that would end it may be gone, with its runtime.
    pub(super) fn end(self: &Arc<Self>) -> (Batch, Option<Stream>) {
        self.outbound.close();
        self.inbound.close();
        let stream = self.outbound.take_stream();
        (self.outbound.take_unsent(), stream)
    }

    /// Joins two pipes of one process, each the other's peer.
    pub(crate) fn join_inproc(
        one: &Arc<Self>,
        one_options: &PipeOptions,
        other: &Arc<Self>,
        other_options: &PipeOptions,
    ) {
        one.inbound.join(other.shared.room.clone(), other_options);
        other.inbound.join(one.shared.room.clone(), one_options);
        one.outbound.link_inproc(other.clone());
        other.outbound.link_inproc(one.clone());
        // What waited for room in one queue has that of two.
        one.shared.room.wake();
        other.shared.room.wake();
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("id", &self.id).finish_non_exhaustive()
    }
}
