//! The queue of messages that a peer has sent and the application has not received.

use std::collections::VecDeque;
use std::mem::{replace, swap, take};
use std::sync::Arc;
use std::task::{Context, Waker};

use zmtp::{Batch, EncodedMessages, Message};

use super::notify::{Readable, ReadyQueue, SendWaiters};
use crate::identity::{Peer, PeerId};
use crate::options::{HighWaterMark, PipeOptions};
use crate::sync::Mutex;

/// The inbound half of a pipe. The engine or an inproc peer fills it, the receiver empties it.
///
/// The receiver takes a whole batch and pops from it without a lock. `taken` counts the messages it
/// has not yet popped as far as known here, so the high-water mark covers both.
///
/// The pipe acts on what the methods return, outside the lock.
#[derive(Debug)]
pub(crate) struct Inbound {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    batch: Batch,
    /// The peer that sent `batch`: that of the present connection, or of the last.
    from: Option<Peer>,
    /// Batches of earlier connections.
    earlier: EarlierBatches,
    /// Messages that the receiver has taken and not popped.
    taken: usize,
    high_water_mark: HighWaterMark,
    conflate: bool,
    /// The receiver knows that messages are here.
    announced: bool,
    closed: bool,
    /// Messages that arrive are dropped.
    silenced: bool,
    /// The connection task, while it waits for room.
    producer: Option<Waker>,
    /// The senders of an inproc peer, which wait for room in this queue.
    senders: Option<Arc<SendWaiters>>,
    counts: InboundCounts,
}

/// Batches, each with the peer that sent it.
pub(crate) type EarlierBatches = VecDeque<(Batch, Option<Peer>)>;

/// What a queue has counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InboundCounts {
    /// Messages that arrived.
    pub(crate) received: u64,
    /// Bytes of these, with the headers of their frames.
    pub(crate) bytes: u64,
    /// Messages that a later one replaced (`conflate`).
    pub(crate) replaced: u64,
    pub(crate) connections: u64,
}

/// What the pipe has to do after messages arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Arrived {
    /// Announce the queue to the receiver.
    pub(crate) announce: bool,
    /// Expect several messages in return: several of the peer's are unread.
    pub(crate) several: bool,
    /// Count the messages as unheard: they are not kept.
    pub(crate) unheard: bool,
}

/// The fate of a message from an inproc peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Taken,
    /// Taken, and there is no room for another.
    TakenLast,
    NotTaken,
}

/// What a receiver found when it came for more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refill {
    /// Messages of this peer.
    Messages(Option<Peer>),
    Empty,
}

impl Inbound {
    pub(super) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
        Self {
            state: Mutex::new(State {
                batch: Batch::new(),
                from: None,
                earlier: VecDeque::new(),
                taken: 0,
                high_water_mark,
                conflate,
                announced: false,
                closed: false,
                silenced: false,
                producer: None,
                senders: None,
                counts: InboundCounts::default(),
            }),
        }
    }

    /// A connection begins. Messages that arrive from now on are from this peer.
    pub(super) fn begin(&self, from: Peer) {
        let mut state = self.state.lock();
        if !state.batch.is_empty() {
            let before = (take(&mut state.batch), state.from.take());
            state.earlier.push_back(before);
        }
        state.from = Some(from);
        state.counts.connections += 1;
    }

    /// How many messages the engine may deliver. Without room its task is woken later.
    pub(super) fn room(&self, cx: &Context<'_>) -> usize {
        let mut state = self.state.lock();
        let room = state.room();
        if room == 0 {
            state.producer = Some(cx.waker().clone());
        }
        room
    }

    /// Adds messages for which `room` has found room. They are dropped where no `receiver` is attached.
    pub(super) fn deliver<H: Readable>(
        &self,
        run: EncodedMessages,
        receiver: &ReadyQueue<H>,
    ) -> Arrived {
        let mut state = self.state.lock();
        if state.closed {
            // The socket has ended. This connection is about to learn of it.
            return Arrived::default();
        }
        if state.silenced || !receiver.is_attached() {
            return state.reject(&run);
        }
        state.count(&run);
        state.batch.push_run(run);
        state.keep_latest();
        Arrived { announce: state.announce(), several: state.unread() > 1, unheard: false }
    }

    /// Counts messages that are not kept.
    pub(super) fn reject(&self, run: &EncodedMessages) -> Arrived {
        let mut state = self.state.lock();
        if state.closed { Arrived::default() } else { state.reject(run) }
    }

    /// Counts a message that is not kept.
    pub(super) fn count_rejected(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.counts.received += 1;
        state.counts.bytes += bytes as u64;
    }

    /// Adds one message from within the process. A message that is not taken is left as it was.
    ///
    /// With `forced` the message passes the high-water mark and is kept from a silenced peer. The
    /// caller limits the number of such messages.
    #[inline(always)]
    pub(super) fn push<H: Readable>(
        &self,
        message: &mut Message,
        forced: bool,
        receiver: &ReadyQueue<H>,
    ) -> (Pushed, Arrived) {
        let mut state = self.state.lock();
        if state.closed {
            return (Pushed::NotTaken, Arrived::default());
        }
        if (state.silenced && !forced) || !receiver.is_attached() {
            state.counts.received += 1;
            return (Pushed::Taken, Arrived { unheard: true, ..Arrived::default() });
        }
        if !forced && state.room() == 0 {
            return (Pushed::NotTaken, Arrived::default());
        }
        state.counts.received += 1;
        state.batch.push_from(message);
        state.keep_latest();
        let pushed = if state.room() == 0 { Pushed::TakenLast } else { Pushed::Taken };
        (pushed, Arrived { announce: state.announce(), ..Arrived::default() })
    }

    /// Counts a message of a silenced peer, which is not kept. Returns false where the peer is not
    /// silenced.
    pub(super) fn reject_silenced(&self) -> bool {
        let mut state = self.state.lock();
        if state.silenced {
            state.counts.received += 1;
        }
        state.silenced
    }

    /// Swaps what has arrived with the receiver's empty `local` batch.
    pub(crate) fn take(&self, local: &mut Batch) -> Refill {
        let mut state = self.state.lock();
        let result = if let Some((batch, from)) = state.earlier.pop_front() {
            *local = batch;
            state.taken = local.messages();
            Refill::Messages(from)
        } else if !state.batch.is_empty() {
            swap(&mut state.batch, local);
            state.taken = local.messages();
            Refill::Messages(state.from.clone())
        } else {
            state.taken = 0;
            state.announced = false;
            Refill::Empty
        };
        state.wake_producers();
        result
    }

    /// Says how many of the messages that the receiver took are `left` to pop.
    pub(crate) fn release(&self, left: usize) {
        let mut state = self.state.lock();
        state.taken = left;
        state.wake_producers();
    }

    /// Drops all messages, for the receiver has gone, and returns how many.
    pub(super) fn abandon(&self) -> usize {
        let mut state = self.state.lock();
        let dropped = state.clear();
        state.taken = 0;
        state.wake_producers();
        dropped
    }

    /// Drops what the receiver has not taken, and returns how many messages.
    pub(super) fn discard<H: Readable>(&self, id: PeerId, receiver: &ReadyQueue<H>) -> usize {
        let mut state = self.state.lock();
        if state.batch.is_empty() && state.earlier.is_empty() {
            return 0;
        }
        let dropped = state.clear();
        // Under the lock: the next message to arrive must be announced again.
        if receiver.retract(id) {
            state.announced = false;
        }
        state.wake_producers();
        dropped
    }

    /// Drops messages that arrive from now on. Drops those not taken too, unless `keep_unread`, and
    /// returns how many.
    pub(super) fn silence(&self, keep_unread: bool) -> usize {
        let mut state = self.state.lock();
        state.silenced = true;
        if keep_unread {
            return 0;
        }
        let dropped = state.clear();
        state.wake_producers();
        dropped
    }

    /// Removes everything that the receiver has not taken, for the queue that continues this one.
    pub(super) fn take_all(&self) -> EarlierBatches {
        let mut state = self.state.lock();
        let mut left = take(&mut state.earlier);
        if !state.batch.is_empty() {
            let last = (take(&mut state.batch), state.from.clone());
            left.push_back(last);
        }
        left
    }

    /// Puts messages in front of all that arrive. Returns whether to announce the queue.
    pub(super) fn inherit(&self, left: EarlierBatches) -> bool {
        let mut state = self.state.lock();
        state.earlier.extend(left);
        state.announce()
    }

    /// Whether nothing is here and nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.closed && state.batch.is_empty() && state.earlier.is_empty()
    }

    /// Takes no more messages. Those here can still be received.
    ///
    /// The receiver drops the queue when it finds it empty, so nothing wakes it here.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
    }

    /// Joins the queue with that of the inproc peer that fills it: the high-water marks add up, and
    /// the queue conflates where either does.
    pub(super) fn join(&self, senders: Arc<SendWaiters>, added: &PipeOptions) {
        let mut state = self.state.lock();
        state.high_water_mark = state.high_water_mark + added.send_high_water_mark;
        state.conflate |= added.conflate;
        state.senders = Some(senders);
    }

    /// The counts, the messages not received, and the peer of the present connection or the last.
    pub(super) fn stats(&self) -> (InboundCounts, usize, Option<Peer>) {
        let state = self.state.lock();
        (state.counts, state.unread(), state.from.clone())
    }

    /// The peer of the present connection, or of the last.
    pub(crate) fn from(&self) -> Option<Peer> {
        self.state.lock().from.clone()
    }

    /// How many messages have arrived.
    pub(crate) fn received(&self) -> u64 {
        self.state.lock().counts.received
    }

    pub(super) fn replaced(&self) -> u64 {
        self.state.lock().counts.replaced
    }

    /// How many messages have not been received.
    pub(crate) fn unread(&self) -> usize {
        self.state.lock().unread()
    }

    /// How many messages have not been received, and the bytes of the messages not taken.
    pub(crate) fn backlog(&self) -> (usize, usize) {
        let state = self.state.lock();
        let earlier = state.earlier.iter().map(|(batch, _)| batch.bytes()).sum::<usize>();
        (state.unread(), state.batch.bytes() + earlier)
    }

    pub(crate) fn has_room(&self) -> bool {
        let state = self.state.lock();
        !state.closed && state.room() > 0
    }
}

impl State {
    fn room(&self) -> usize {
        if self.conflate || self.silenced {
            return usize::MAX;
        }
        self.high_water_mark.room(self.unread())
    }

    fn unread(&self) -> usize {
        let earlier = self.earlier.iter().map(|(batch, _)| batch.messages()).sum::<usize>();
        self.batch.messages() + earlier + self.taken
    }

    fn count(&mut self, run: &EncodedMessages) {
        self.counts.received += run.messages() as u64;
        self.counts.bytes += run.bytes() as u64;
    }

    fn reject(&mut self, run: &EncodedMessages) -> Arrived {
        self.count(run);
        Arrived { unheard: true, ..Arrived::default() }
    }

    /// Whether the receiver must be told that messages are here.
    fn announce(&mut self) -> bool {
        !replace(&mut self.announced, true)
    }

    /// Drops everything that the receiver has not taken, and returns how many messages.
    fn clear(&mut self) -> usize {
        take(&mut self.batch).messages() + self.clear_earlier()
    }

    fn clear_earlier(&mut self) -> usize {
        self.earlier.drain(..).map(|(batch, _)| batch.messages()).sum()
    }

    fn keep_latest(&mut self) {
        if self.conflate {
            self.counts.replaced += self.clear_earlier() as u64;
            while self.batch.messages() > 1 {
                self.batch.pop();
                self.counts.replaced += 1;
            }
        }
    }

    /// Wakes tasks that wait for room, where there is room.
    fn wake_producers(&mut self) {
        if self.room() > 0 {
            if let Some(engine) = self.producer.take() {
                engine.wake();
            }
            if let Some(senders) = &self.senders {
                senders.wake();
            }
        }
    }
}
