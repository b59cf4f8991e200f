//! A pipe for each peer of a socket, and the set of them.
//!
//! Patterns and the engine meet here and nowhere else. A pipe belongs to a peer and not to a
//! connection: on the connecting side it outlives every reconnect, as 28/REQREP and its siblings
//! ask.

mod inbound;
mod ledger;
mod notify;
mod outbound;
mod peer_set;
mod waiter;
mod writer;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::Context;

use zmtp::wire::Command;
use zmtp::{Batch, EncodedMessages, Frame, Membership, Message, PeerInfo, RoutingId, Subscription};

use self::inbound::{Arrived, Inbound, Pushed};
use self::ledger::DropAccount;
use self::notify::{Notify, Readable, TaskState, WrittenByTask};
use self::outbound::{InprocPeer, Outbound, Sent};
use crate::endpoint::Endpoint;
use crate::error::{Rejected, SubscriptionsExceeded};
use crate::identity::{Peer, PeerAddress, PeerId};
use crate::options::PipeOptions;
use crate::stats::{Discarded, PeerStats};
use crate::sync::Mutex;
use crate::unsent::Addressee;

pub(crate) use inbound::Refill;
pub(crate) use ledger::{DropCounts, Ledger};
pub(crate) use notify::{Arrival, ReadyQueue, looking, only_looks};
pub(crate) use outbound::Drained;
pub use outbound::QueueError;
pub(crate) use peer_set::PeerSet;
pub(crate) use waiter::Waiter;
pub(crate) use writer::FrameWriter;

/// What a socket type does when peers connect, leave, and subscribe.
///
/// The engine calls these methods, and the layers of `pattern` implement them.
pub(crate) trait Pattern: Send + Sync {
    /// A pipe is about to join the socket: a connecting one at once, an accepted one after its
    /// handshake.
    fn join(&self, _pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        Ok(())
    }

    /// Gives the peer this routing id, whatever id it announces.
    fn assign(&self, _pipe: &Arc<Pipe>, _routing_id: &RoutingId) -> Result<(), Rejected> {
        Ok(())
    }

    /// The peer has introduced itself. Messages flow only after this. Returns a peer that it
    /// replaces.
    fn admit(&self, _pipe: &Arc<Pipe>, _peer: &PeerInfo) -> Result<Option<Arc<Pipe>>, Rejected> {
        Ok(None)
    }

    /// The pipe has a connection. The first messages to the peer can be sent.
    fn connected(&self, _pipe: &Arc<Pipe>) {}

    /// The connection of the pipe is about to end: undoes a part of what the peer has done. Returns
    /// whether more is left. The engine repeats the call, with other tasks in between.
    fn disconnecting(&self, _pipe: &Arc<Pipe>) -> bool {
        false
    }

    /// The connection of the pipe is gone. Messages not written wait for the next.
    fn disconnected(&self, _pipe: &Arc<Pipe>) {}

    /// The pipe has left the socket.
    fn leave(&self, _pipe: &Arc<Pipe>) {}

    /// The peer subscribes or cancels. The engine disconnects a peer that exceeds a limit.
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

    /// The peer joins or leaves a group. The engine disconnects a peer that exceeds a limit.
    fn membership(
        &self,
        _pipe: &Arc<Pipe>,
        _change: Membership,
    ) -> Result<(), SubscriptionsExceeded> {
        Ok(())
    }

    /// Whether peers join and leave groups.
    fn takes_memberships(&self) -> bool {
        false
    }

    /// Whether every message is a group and one frame.
    fn takes_groups(&self) -> bool {
        false
    }
}

/// A socket type that keeps no state of its peers.
impl Pattern for () {}

/// The endpoint of a peer, and which side connects.
struct PeerOrigin {
    /// The endpoint bound or connected to.
    endpoint: Arc<Endpoint>,
    /// Whether this side makes the connection, and makes it again when it is lost.
    connects: bool,
    /// The most bytes of a datagram, where there is no connection.
    max_datagram: Option<usize>,
}

/// One peer's two queues.
///
/// The queues know no pipe. They return what has to happen, and the pipe does it outside their locks.
pub(crate) struct Pipe {
    id: PeerId,
    origin: PeerOrigin,
    pub(crate) outbound: Outbound<Arc<Self>>,
    pub(crate) inbound: Inbound,
    notify: Notify<Arc<Self>>,
    pattern: Arc<dyn Pattern>,
    account: DropAccount,
    /// The routing id by which a ROUTER knows the peer.
    routing_id: Mutex<Frame>,
    task: Mutex<TaskState>,
}

impl Pipe {
    fn new(
        id: PeerId,
        origin: PeerOrigin,
        options: &PipeOptions,
        notify: Notify<Arc<Self>>,
        pattern: Arc<dyn Pattern>,
        account: DropAccount,
    ) -> Self {
        Self {
            id,
            origin,
            outbound: Outbound::new(options.send_high_water_mark, options.conflate),
            inbound: Inbound::new(options.receive_high_water_mark, options.conflate),
            notify,
            pattern,
            account,
            routing_id: Mutex::new(Frame::new()),
            task: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.id
    }

    pub(crate) fn pattern(&self) -> &Arc<dyn Pattern> {
        &self.pattern
    }

    /// Whether this side connects. Then the pipe outlives each of its connections.
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

    /// The most bytes of a datagram. `None` where messages go over a connection or inproc.
    pub(crate) fn max_datagram(&self) -> Option<usize> {
        self.origin.max_datagram
    }

    pub(crate) fn routing_id(&self) -> Frame {
        self.routing_id.lock().clone()
    }

    pub(crate) fn set_routing_id(&self, routing_id: Frame) {
        *self.routing_id.lock() = routing_id;
    }

    /// The counts of this peer's messages that go no further.
    pub(crate) fn account(&self) -> &DropAccount {
        &self.account
    }

    /// A connection begins. Messages that arrive from now on are from this peer.
    pub(crate) fn begin(&self, info: PeerInfo, address: Option<PeerAddress>) {
        self.inbound.begin(Peer::new(self.id, info, address, self.routing_id()));
    }

    /// A connection is up. Counts the messages already written to it. The queue is written next.
    pub(crate) fn set_writer(&self, writer: FrameWriter) {
        for _ in 0..writer.written_first.messages {
            self.account.own();
        }
        self.task.lock().start();
        self.outbound.set_writer(writer);
    }

    /// Hands messages from the connection to the receiver.
    pub(crate) fn deliver(self: &Arc<Self>, run: EncodedMessages) {
        let messages = run.messages();
        let arrived = self.inbound.deliver(run, &self.notify.ready);
        self.arrived(arrived, messages);
    }

    /// Counts messages that come too late for the receiver.
    pub(crate) fn reject(self: &Arc<Self>, run: &EncodedMessages) {
        let arrived = self.inbound.reject(run);
        self.arrived(arrived, run.messages());
    }

    /// Counts a message that the receiver never sees, and its bytes.
    pub(crate) fn reject_one(&self, bytes: usize, note: impl Fn(&mut Discarded)) {
        self.inbound.count_rejected(bytes);
        self.account.discarded(note);
    }

    /// Drops the first message, after its datagram could not be sent.
    pub(crate) fn drop_failed(&self) {
        if self.outbound.drop_first() {
            self.account.dropped(|dropped| dropped.failed += 1);
        }
    }

    /// Gives the receiver a message that the socket itself makes.
    pub(crate) fn notify(self: &Arc<Self>, mut message: Message) {
        // Refused only by a closed queue, which has no receiver.
        self.push(&mut message, true);
    }

    /// Hands the receiver a message of a publisher's peer that is no subscription.
    pub(crate) fn deliver_one(self: &Arc<Self>, message: Message) {
        if self.inbound.reject_silenced() {
            self.account.discarded(|discarded| discarded.unheard += 1);
        } else {
            self.notify(message);
        }
    }

    #[inline(always)]
    fn arrived(self: &Arc<Self>, arrived: Arrived, messages: usize) {
        let Arrived { announce, several, unheard } = arrived;
        if unheard {
            self.account.discarded(|discarded| discarded.unheard += messages as u64);
        }
        if several {
            self.outbound.expect_several();
        }
        if announce {
            self.announce(Arrival::Readable(self.clone()));
        }
    }

    #[inline]
    fn announce(&self, arrival: Arrival<Arc<Self>>) {
        if !self.notify.ready.announce(arrival) {
            // The receiver has just gone, and did not see this queue.
            self.abandon(0);
        }
    }

    /// Drops the messages that the receiver has not popped, and all that arrive later. A publisher
    /// still sees subscriptions end.
    pub(crate) fn silence(self: &Arc<Self>) {
        let keeps_notices = self.pattern.takes_subscriptions();
        let dropped = self.inbound.silence(keeps_notices) as u64;
        if keeps_notices {
            return;
        }
        self.account.discarded(|discarded| discarded.unheard += dropped);
        // A receiver that has gone has nothing to drop.
        let _ = self.notify.ready.announce(Arrival::Silenced(self.clone()));
    }

    /// The receiver drops `left` messages that it took from a silenced peer.
    pub(crate) fn drop_taken(&self, left: usize) {
        self.inbound.release(0);
        self.account.discarded(|discarded| discarded.unheard += left as u64);
    }

    /// Puts the unread messages of `before`, an earlier pipe of the same peer, in front of the
    /// messages that arrive here.
    pub(crate) fn succeed(self: &Arc<Self>, before: &Self) {
        if self.inbound.inherit(before.inbound.take_all()) {
            self.announce(Arrival::Successor { of: before.id, pipe: self.clone() });
        }
    }

    /// How many messages may be delivered now. Without room the task is woken later.
    pub(crate) fn room(&self, cx: &Context<'_>) -> usize {
        let room = self.inbound.room(cx);
        // In this order: a receiver that goes after that wakes the task.
        if self.notify.ready.is_attached() { room } else { usize::MAX }
    }

    /// The receiver is gone, with `left` messages that it had taken.
    pub(crate) fn abandon(&self, left: usize) {
        let abandoned = (self.inbound.abandon() + left) as u64;
        self.account.discarded(|discarded| discarded.abandoned += abandoned);
    }

    /// Drops the messages that the receiver has not taken. They are no reply to a request.
    pub(crate) fn discard_unasked(&self) {
        self.discard(|discarded, messages| discarded.unasked += messages);
    }

    /// Takes back the messages that the inproc peer has not received.
    pub(crate) fn withdraw(&self) {
        if let Some(peer) = self.outbound.inproc_peer() {
            peer.discard(|discarded, messages| discarded.withdrawn += messages);
        }
    }

    fn discard(&self, note: impl Fn(&mut Discarded, u64)) {
        let dropped = self.inbound.discard(self.id, &self.notify.ready) as u64;
        if dropped > 0 {
            self.account.discarded(|discarded| note(discarded, dropped));
        }
    }

    /// Queues a message, as [`Outbound::send`] does, and returns the number of bytes written.
    #[inline]
    pub(crate) fn send(self: &Arc<Self>, message: &mut Message) -> Result<usize, QueueError> {
        let Sent { written, wake } = self.outbound.send(message)?;
        if wake {
            self.notify.writes.schedule(self);
        }
        Ok(written)
    }

    /// Queues a reply. Only the connection task of this peer writes it. The task first reads
    /// further requests, so several replies are written together.
    pub(crate) fn answer(&self, message: &mut Message) -> Result<usize, QueueError> {
        let Sent { written, wake } = self.outbound.send(message)?;
        if wake {
            self.outbound.wake_task();
        }
        Ok(written)
    }

    /// Queues the one message that `encoded` holds, as [`Outbound::send_encoded`] does.
    #[inline]
    pub(crate) fn send_encoded(
        self: &Arc<Self>,
        encoded: &Batch,
        decoded: &Message,
        past_mark: bool,
    ) -> Result<(), QueueError> {
        let sent = self.outbound.send_encoded(encoded, decoded, past_mark)?;
        if sent.wake {
            self.notify.writes.schedule(self);
        }
        Ok(())
    }

    /// Sends a message that the socket itself makes, where there is room for it.
    pub(crate) fn send_own(self: &Arc<Self>, mut message: Message) {
        if self.send(&mut message).is_ok() {
            self.account.own();
        }
    }

    /// Gives the inproc peer a message that the socket itself makes, ahead of its queue.
    pub(crate) fn send_first_inproc(&self, peer: &Arc<Self>, message: Message) {
        self.account.own();
        self.outbound.count_sent();
        peer.notify(message);
    }

    /// Sends a subscription over the present connection.
    pub(crate) fn send_subscription(&self, change: &Subscription) {
        if let Some(peer) = self.outbound.subscription(change) {
            // A peer within the process is trusted with its memory, so no limit can be exceeded.
            let _ = peer.pattern.subscription(&peer, change.clone());
        }
    }

    /// Tells the RADIO that this DISH joins or leaves a group, over the present connection.
    pub(crate) fn send_membership(&self, change: &Membership) {
        if self.max_datagram().is_some() {
            return; // A RADIO sends datagrams of all groups.
        }
        let group = change.group().clone().into_bytes();
        let command = match change {
            Membership::Join(_) => Command::Join { group },
            Membership::Leave(_) => Command::Leave { group },
        };
        match self.outbound.inproc_peer() {
            // A peer within the process is trusted with its memory, so no limit can be exceeded.
            Some(peer) => drop(peer.pattern.membership(&peer, change.clone())),
            None => self.outbound.command(&command),
        }
    }

    /// Writes in a turn of the connection task: this pipe, then pipes that wait for a task.
    pub(crate) fn drive(&self, cx: &Context<'_>) -> io::Result<Drained> {
        let drained = self.outbound.drive(cx, self.expects_several(), &self.notify.senders);
        self.notify.writes.write_share();
        drained
    }

    /// Several messages of the peer are unread, so several are expected in return.
    fn expects_several(&self) -> bool {
        self.inbound.unread() > 1
    }

    /// The connection task writes no more, neither this pipe nor others.
    pub(crate) fn end_task(self: &Arc<Self>) {
        self.notify.writes.end_task(self);
    }

    /// Counts a message that the peer refuses, as [`Outbound::take_refused`] found.
    pub(crate) fn drop_refused(&self, message: Batch) {
        self.account.refused(self.addressee(), message);
    }

    /// Takes no more messages, and wakes senders that wait for room. The connection ends when the
    /// queue is written.
    pub(crate) fn close(&self) {
        self.outbound.close();
        self.notify.senders.wake();
    }

    /// Receives nothing more from the peer, and ends its connection when the queue is written.
    pub(crate) fn hang_up(self: &Arc<Self>) {
        self.silence();
        self.outbound.hang_up();
        self.notify.senders.wake();
    }

    /// The peer is gone for good. Its messages can still be received. Returns how many messages were
    /// not sent to it, and the write half of its connection, if the task has not taken it.
    fn end(&self) -> (usize, Option<FrameWriter>) {
        self.outbound.close();
        self.inbound.close();
        let writer = self.outbound.take_writer();
        let unsent = self.outbound.take_unsent();
        let lost = unsent.messages();
        self.account.close(&self.stats(), &self.replaced(), self.addressee(), unsent);
        (lost, writer)
    }

    /// Joins two pipes of one process, each the other's peer.
    pub(crate) fn join_inproc(
        one: &Arc<Self>,
        one_options: &PipeOptions,
        other: &Arc<Self>,
        other_options: &PipeOptions,
    ) {
        one.inbound.join(other.notify.senders.clone(), other_options);
        other.inbound.join(one.notify.senders.clone(), one_options);
        one.outbound.set_inproc_peer(other.clone());
        other.outbound.set_inproc_peer(one.clone());
        // A sender that waits for room in one queue now has the room of two.
        one.notify.senders.wake();
        other.notify.senders.wake();
    }

    fn stats(&self) -> PeerStats {
        let (outbound, queued, connected) = self.outbound.stats();
        let (inbound, unread, from) = self.inbound.stats();
        let mut routing_id = self.routing_id().into_bytes();
        if let (true, Some(peer)) = (routing_id.is_empty(), &from) {
            routing_id = peer.info().routing_id().clone();
        }
        let DropCounts { mut dropped, mut discarded, .. } = self.account.counts();
        dropped.replaced += outbound.replaced;
        discarded.replaced += inbound.replaced;
        PeerStats {
            peer: self.id,
            endpoint: Endpoint::clone(&self.origin.endpoint),
            address: from.and_then(|peer| peer.address().cloned()),
            routing_id,
            connected,
            reconnects: inbound.connections.saturating_sub(1),
            sent: outbound.sent,
            queued: queued as u64,
            enqueued: outbound.enqueued,
            received: inbound.received,
            unread: unread as u64,
            bytes_sent: outbound.bytes,
            bytes_received: inbound.bytes,
            dropped,
            discarded,
        }
    }

    /// The drops of the account and of the queues.
    fn drops(&self) -> DropCounts {
        let mut counts = self.account.counts();
        counts.add(&self.replaced());
        counts
    }

    fn replaced(&self) -> DropCounts {
        DropCounts::replaced(self.outbound.replaced(), self.inbound.replaced())
    }

    fn addressee(&self) -> Addressee {
        let routing_id = self.routing_id().into_bytes();
        Addressee { peer: self.id, endpoint: self.origin.endpoint.clone(), routing_id }
    }
}

impl InprocPeer for Arc<Pipe> {
    #[inline]
    fn push(&self, message: &mut Message, forced: bool) -> Pushed {
        let (pushed, arrived) = self.inbound.push(message, forced, &self.notify.ready);
        self.arrived(arrived, 1);
        pushed
    }

    fn has_room(&self) -> bool {
        self.inbound.has_room()
    }
}

impl Readable for Arc<Pipe> {
    fn id(&self) -> PeerId {
        self.id
    }
}

impl WrittenByTask for Arc<Pipe> {
    fn write_for_task(&self) -> usize {
        self.outbound.write_for_task(self.expects_several(), &self.notify.senders)
    }

    fn wake_task(&self) {
        self.outbound.wake_task();
    }

    fn task(&self) -> &Mutex<TaskState> {
        &self.task
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("id", &self.id).finish_non_exhaustive()
    }
}
