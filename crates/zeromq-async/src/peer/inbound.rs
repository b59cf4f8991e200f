//! The queue of messages that one peer has sent and the application has not taken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Waker};

use zmtp::{Batch, EncodedMessages, Message};

use super::{Pipe, SendWaiters};
use crate::identity::Peer;
use crate::options::{HighWaterMark, PipeOptions};
use crate::stats::Discarded;
use crate::sync::{Mutex, MutexGuard};

/// The inbound half of a pipe: filled by the engine or an inproc peer, drained by the receiver.
///
/// The receiver takes the whole batch at once and pops from it without a lock; `lent` counts what
/// it took until it says how much is left, so that the high-water mark covers both.
#[derive(Debug)]
pub(crate) struct Inbound {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    batch: Batch,
    /// Who `batch` is from: the peer of the connection there is, or last was.
    from: Option<Peer>,
    /// What is left of connections before.
    earlier: VecDeque<(Batch, Option<Peer>)>,
    /// Messages that the receiver has taken and not yet popped.
    lent: usize,
    high_water_mark: HighWaterMark,
    conflate: bool,
    listed: bool,
    closed: bool,
    /// What comes is not to be received.
    silenced: bool,
    producer: Option<Waker>,
    /// The senders of an inproc peer, which wait for room in this queue.
    senders: Option<Arc<SendWaiters>>,
    received: u64,
    /// Bytes of these, with the headers of their frames.
    bytes: u64,
    /// Messages that a later one took the place of, as `conflate` asks.
    replaced: u64,
    connections: u64,
}

/// What became of a message from within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Taken,
    /// Taken, and there is no room for another.
    TakenLast,
    Refused,
}

/// What a receiver found when it came for more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refill {
    /// Messages of this peer.
    Messages(Option<Peer>),
    Empty,
}

impl Inbound {
    pub(crate) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
        Self {
            state: Mutex::new(State {
                batch: Batch::new(),
                from: None,
                earlier: VecDeque::new(),
                lent: 0,
                high_water_mark,
                conflate,
                listed: false,
                closed: false,
                silenced: false,
                producer: None,
                senders: None,
                received: 0,
                bytes: 0,
                replaced: 0,
                connections: 0,
            }),
        }
    }

    /// What comes from now on is from this peer: a connection has begun.
    pub(super) fn begin(&self, from: Peer) {
        let mut state = self.state.lock();
        if !state.batch.is_empty() {
            let before = (std::mem::take(&mut state.batch), state.from.take());
            state.earlier.push_back(before);
        }
        state.from = Some(from);
        state.connections += 1;
    }

    /// Who the peer is of the connection there is, or last was.
    pub(crate) fn from(&self) -> Option<Peer> {
        self.state.lock().from.clone()
    }

    pub(super) fn connections(&self) -> u64 {
        self.state.lock().connections
    }

    /// How many messages the engine may deliver now; where there is no room it is woken later.
    pub(super) fn room(&self, cx: &Context<'_>) -> usize {
        let mut state = self.state.lock();
        let room = state.room();
        if room == 0 {
            state.producer = Some(cx.waker().clone());
        }
        room
    }

    /// Adds a run that `room` has made way for.
    pub(super) fn deliver(&self, pipe: &Arc<Pipe>, run: EncodedMessages) {
        let mut state = self.state.lock();
        if state.closed {
            // The socket has ended already, and this connection hears of it.
            return;
        }
        if state.silenced || !pipe.arrivals().is_heard() {
            state.reject(pipe, &run);
            return;
        }
        state.enter(&run);
        state.batch.push_run(run);
        state.keep_latest();
        self.announce(pipe, state);
    }

    /// Enters a run that nobody will receive.
    pub(super) fn reject(&self, pipe: &Pipe, run: &EncodedMessages) {
        let mut state = self.state.lock();
        if !state.closed {
            state.reject(pipe, run);
        }
    }

    /// Adds one message from within the process; one that is refused is left as it was.
    ///
    /// `notice`s of the socket itself (an XPUB's subscriptions) pass the high-water mark: they
    /// must not be lost, and whoever makes them sees to their number.
    pub(super) fn push(&self, pipe: &Arc<Pipe>, message: &mut Message, notice: bool) -> Pushed {
        let mut state = self.state.lock();
        if state.closed {
            return Pushed::Refused;
        }
        if (state.silenced && !notice) || !pipe.arrivals().is_heard() {
            state.received += 1;
            pipe.account().discarded(|discarded| discarded.unheard += 1);
            return Pushed::Taken;
        }
        if !notice && state.room() == 0 {
            return Pushed::Refused;
        }
        state.received += 1;
        state.batch.push_from(message);
        state.keep_latest();
        let pushed = if state.room() == 0 { Pushed::TakenLast } else { Pushed::Taken };
        self.announce(pipe, state);
        pushed
    }

    /// Tells the receiver that something is here, unless it knows.
    fn announce(&self, pipe: &Arc<Pipe>, mut state: MutexGuard<'_, State>) {
        let newly_ready = !std::mem::replace(&mut state.listed, true);
        drop(state);
        if newly_ready && !pipe.arrivals().announce(pipe) {
            // The receiver has just gone, and did not find this queue.
            self.discard(pipe, 0);
        }
    }

    /// Swaps what has arrived into the receiver's empty `local` batch.
    pub(crate) fn refill(&self, local: &mut Batch) -> Refill {
        let mut state = self.state.lock();
        let result = if let Some((batch, from)) = state.earlier.pop_front() {
            *local = batch;
            state.lent = local.messages();
            Refill::Messages(from)
        } else if !state.batch.is_empty() {
            std::mem::swap(&mut state.batch, local);
            state.lent = local.messages();
            Refill::Messages(state.from.clone())
        } else {
            state.lent = 0;
            state.listed = false;
            Refill::Empty
        };
        state.release();
        result
    }

    /// Says that of what the receiver took, `left` messages are still to be popped.
    pub(crate) fn credit(&self, left: usize) {
        let mut state = self.state.lock();
        state.lent = left;
        state.release();
    }

    /// Drops what nobody is there to receive any more, and enters that with what the receiver has
    /// `left` of what it took.
    pub(super) fn discard(&self, pipe: &Pipe, left: usize) {
        let mut state = self.state.lock();
        let abandoned = (state.clear() + left) as u64;
        state.lent = 0;
        state.release();
        pipe.account().discarded(|discarded| discarded.abandoned += abandoned);
    }

    /// Drops what the receiver has not taken yet, and enters it as `note` says.
    pub(super) fn forget(&self, pipe: &Arc<Pipe>, note: impl Fn(&mut Discarded, u64)) {
        let mut state = self.state.lock();
        if state.batch.is_empty() && state.earlier.is_empty() {
            return;
        }
        let forgotten = state.clear() as u64;
        pipe.account().discarded(|discarded| note(discarded, forgotten));
        // Under the lock, so that whoever adds a message sees whether it must announce it.
        if pipe.arrivals().forget(pipe) {
            state.listed = false;
        }
        state.release();
    }

    /// The receiver is to hear no more of the peer: drops what it has not taken, unless those are
    /// notices, and what comes from now on.
    pub(super) fn silence(&self, pipe: &Pipe, keeps_notices: bool) {
        let mut state = self.state.lock();
        state.silenced = true;
        if keeps_notices {
            return;
        }
        let dropped = state.clear() as u64;
        pipe.account().discarded(|discarded| discarded.unheard += dropped);
        state.release();
    }

    pub(super) fn is_silenced(&self) -> bool {
        self.state.lock().silenced
    }

    /// Enters a message that came too late to be heard.
    pub(super) fn count_unheard(&self, pipe: &Pipe) {
        self.state.lock().received += 1;
        pipe.account().discarded(|discarded| discarded.unheard += 1);
    }

    /// What the receiver has drops of a silenced peer: `left` messages that it had taken.
    pub(crate) fn drop_lent(&self, pipe: &Pipe, left: usize) {
        let mut state = self.state.lock();
        state.lent = 0;
        state.release();
        pipe.account().discarded(|discarded| discarded.unheard += left as u64);
    }

    /// Takes all that the receiver has not taken, for the queue that comes after this one.
    pub(super) fn take_left(&self) -> VecDeque<(Batch, Option<Peer>)> {
        let mut state = self.state.lock();
        let mut left = std::mem::take(&mut state.earlier);
        if !state.batch.is_empty() {
            let last = (std::mem::take(&mut state.batch), state.from.clone());
            left.push_back(last);
        }
        left
    }

    /// Puts messages in front of all that come, and lists this queue with the receiver: true where
    /// it was not listed before.
    pub(super) fn inherit(&self, left: VecDeque<(Batch, Option<Peer>)>) -> bool {
        let mut state = self.state.lock();
        state.earlier.extend(left);
        !std::mem::replace(&mut state.listed, true)
    }

    /// Whether nothing is here, and nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.closed && state.batch.is_empty() && state.earlier.is_empty()
    }

    /// No more will come; what is here can still be taken.
    ///
    /// A receiver that has this queue lets go of it when it is empty, and no other need hear.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
    }

    /// Joins this queue to that of the inproc socket which fills it: the two marks add up, and
    /// what either conflates is conflated.
    pub(super) fn join(&self, senders: Arc<SendWaiters>, added: &PipeOptions) {
        let mut state = self.state.lock();
        state.high_water_mark = state.high_water_mark + added.send_high_water_mark;
        state.conflate |= added.conflate;
        state.senders = Some(senders);
    }

    pub(crate) fn received(&self) -> u64 {
        self.state.lock().received
    }

    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }

    pub(super) fn replaced(&self) -> u64 {
        self.state.lock().replaced
    }

    pub(super) fn unread(&self) -> usize {
        self.state.lock().unread()
    }

    /// Messages that have not been received, and bytes of those that the receiver has not taken.
    pub(super) fn backlog(&self) -> (usize, usize) {
        let state = self.state.lock();
        let earlier = state.earlier.iter().map(|(batch, _)| batch.bytes()).sum::<usize>();
        (state.unread(), state.batch.bytes() + earlier)
    }

    pub(super) fn has_room(&self) -> bool {
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
        self.batch.messages() + earlier + self.lent
    }

    fn enter(&mut self, run: &EncodedMessages) {
        self.received += run.messages() as u64;
        self.bytes += run.bytes() as u64;
    }

    fn reject(&mut self, pipe: &Pipe, run: &EncodedMessages) {
        self.enter(run);
        pipe.account().discarded(|discarded| discarded.unheard += run.messages() as u64);
    }

    /// Drops all that the receiver has not taken, and says how many messages.
    fn clear(&mut self) -> usize {
        std::mem::take(&mut self.batch).messages() + self.clear_earlier()
    }

    fn clear_earlier(&mut self) -> usize {
        self.earlier.drain(..).map(|(batch, _)| batch.messages()).sum()
    }

    fn keep_latest(&mut self) {
        if self.conflate {
            self.replaced += self.clear_earlier() as u64;
            while self.batch.messages() > 1 {
                self.batch.pop();
                self.replaced += 1;
            }
        }
    }

    fn release(&mut self) {
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
