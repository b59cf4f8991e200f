//! The queue of messages for one peer, and the writing of it.
//!
//! Messages are encoded where they will be written from. Whoever has reason to writes: the sender
//! when the queue was idle or has grown large, the connection task otherwise. All of it happens
//! under one lock, and every write is polled with the connection task's waker, so that a full
//! kernel buffer wakes that task whoever met it.

mod state;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use zmtp::{Batch, Command, Message, Subscription};

use self::state::{Answers, Pace, State, WRITE_PER_TURN};
use super::link::{Link, Stream};
use super::{Pipe, Pushed, SendWaiters, Wakers};
use crate::options::HighWaterMark;
use crate::stats::Dropped;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// The outbound half of a pipe: filled by senders, drained into the connection or an inproc peer.
#[derive(Debug)]
pub(crate) struct Outbound {
    /// Whether a message would be taken now: what `State::has_room` last said.
    room: AtomicBool,
    state: Mutex<State>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its queue has no room.
    Full,
    /// It takes no more messages, because it is gone or about to go.
    Gone,
}

impl Refused {
    /// Enters one message that was dropped for this reason.
    pub(crate) fn enter(self, dropped: &mut Dropped) {
        match self {
            Self::Full => dropped.full += 1,
            Self::Gone => dropped.unroutable += 1,
        }
    }
}

/// Most answers to a peer's commands that are queued behind other bytes.
const MAX_ANSWERS: usize = 1024;

impl Outbound {
    pub(crate) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
        Self {
            room: AtomicBool::new(true),
            state: Mutex::new(State::new(high_water_mark, conflate)),
        }
    }

    /// Whether a message would probably be taken: a hint that costs no lock.
    #[inline]
    pub(crate) fn may_have_room(&self) -> bool {
        self.room.load(Ordering::Relaxed)
    }

    /// Whether a message would be taken, after writing what can be written.
    pub(crate) fn has_room(&self) -> bool {
        let mut state = self.state.lock();
        let room = state.make_room();
        self.room.store(room, Ordering::Relaxed);
        room
    }

    /// Queues a message, writing through where nothing else is on the way, and says how many bytes
    /// were written. Where it is refused, it is left as it was. With the `pipe` that this belongs to,
    /// the task of another may write it; without, only its own.
    #[inline]
    pub(super) fn send(
        &self,
        message: &mut Message,
        pipe: Option<&Arc<Pipe>>,
    ) -> Result<usize, Refused> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(Refused::Gone);
        }
        if let Link::Inproc(peer) = &state.link {
            let pushed = peer.push(message);
            if pushed != Pushed::Taken {
                self.room.store(false, Ordering::Relaxed);
            }
            if pushed == Pushed::Refused {
                return Err(Refused::Full);
            }
            state.sent += 1;
            state.enqueued += 1;
            return Ok(0);
        }
        let written_before = state.written;
        if !state.make_room() {
            self.room.store(false, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        state.conflate();
        state.batch.push_from(message);
        state.enqueued += 1;
        match pipe {
            Some(pipe) => state.pace(pipe),
            None => state.pace_alone(),
        }
        if !state.has_room() {
            self.room.store(false, Ordering::Relaxed);
        }
        Ok(state.written - written_before)
    }

    /// Queues the one message that `encoded` holds, as `send` does.
    ///
    /// `decoded` is what an inproc peer is given. With `past_mark` there always is room.
    pub(super) fn send_encoded(
        &self,
        pipe: &Arc<Pipe>,
        encoded: &Batch,
        decoded: &Message,
        past_mark: bool,
    ) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(Refused::Gone);
        }
        if let Link::Inproc(peer) = &state.link {
            if peer.push_or_force(&mut decoded.clone(), past_mark) == Pushed::Refused {
                return Err(Refused::Full);
            }
            state.sent += 1;
            state.enqueued += 1;
            return Ok(());
        }
        if !state.make_room() && !past_mark {
            return Err(Refused::Full);
        }
        state.conflate();
        state.batch.push_batch(encoded);
        state.enqueued += 1;
        state.pace(pipe);
        Ok(())
    }

    /// Tells the peer of a subscription, where there is a connection to tell it over.
    ///
    /// Without one nothing is queued: every new connection is told all subscriptions. Returns the
    /// inproc peer, which must be told directly, outside this lock.
    pub(crate) fn subscription(&self, change: &Subscription) -> Option<Arc<Pipe>> {
        let mut state = self.state.lock();
        let State { batch, link, .. } = &mut *state;
        match link {
            Link::Down => None,
            Link::Inproc(peer) => Some(peer.clone()),
            Link::Stream(stream) => {
                stream.encoder.subscription(batch, change);
                state.pace_alone();
                None
            }
        }
    }

    /// Queues a command for the present connection.
    pub(crate) fn command(&self, command: &Command) {
        let mut state = self.state.lock();
        let State { batch, link, .. } = &mut *state;
        if let Link::Stream(stream) = link {
            stream.encoder.command(batch, command);
            state.pace_alone();
        }
    }

    /// Answers a command of the peer's, unless very many answers wait: a peer that asks and asks
    /// and does not read must not fill the memory, and what is queued is sign of life enough.
    pub(crate) fn answer(&self, command: &Command) {
        let mut state = self.state.lock();
        let State { batch, link, answers, .. } = &mut *state;
        let Link::Stream(stream) = link else { return };
        if batch.is_empty() || answers.end <= answers.written {
            answers.queued = 0;
        }
        if answers.queued == MAX_ANSWERS {
            return;
        }
        answers.queued += 1;
        stream.encoder.command(batch, command);
        answers.end = answers.written + batch.bytes() as u64;
        state.pace_alone();
    }

    /// A connection is up: what has waited goes to it first.
    ///
    /// The connection task's first turn starts the writing.
    pub(crate) fn link_stream(&self, stream: Stream) {
        let mut state = self.state.lock();
        if state.stuck.0 == state.sent {
            // What was stuck is still the next message of the application.
            state.stuck.0 += stream.greetings.messages;
        }
        state.sent += stream.greetings.messages;
        state.bytes += stream.greetings.bytes;
        state.link = Link::Stream(stream);
        state.pace = Pace::Hot;
        state.blocked = false;
        state.retired = false;
        state.runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        state.failed = None;
        state.answers = Answers::default();
    }

    /// An inproc peer is there: what has waited is given to it.
    pub(crate) fn link_inproc(&self, peer: Arc<Pipe>) {
        let mut state = self.state.lock();
        let mut refused = Batch::new();
        while let Some(mut message) = state.batch.pop() {
            // Past the mark, which what was left of an earlier pipe may have reached: these have been
            // accepted. Only a peer that is leaving at this moment takes none, and then they are lost
            // with it.
            match peer.push_or_force(&mut message, true) {
                Pushed::Refused => refused.push_from(&mut message),
                Pushed::Taken | Pushed::TakenLast => state.sent += 1,
            }
        }
        state.batch = refused;
        state.link = Link::Inproc(peer);
        self.room.store(state.has_room(), Ordering::Relaxed);
        state.flushers.take().wake();
    }

    /// The write direction of the connection, to end it in order.
    pub(crate) fn take_stream(&self) -> Option<Stream> {
        match std::mem::replace(&mut self.state.lock().link, Link::Down) {
            Link::Stream(stream) => Some(stream),
            Link::Down | Link::Inproc(_) => None,
        }
    }

    /// Takes back what the inproc peer has not received yet.
    pub(crate) fn withdraw(&self) {
        let peer = match &self.state.lock().link {
            Link::Inproc(peer) => peer.clone(),
            Link::Down | Link::Stream(_) => return,
        };
        peer.withdraw();
    }

    /// The peer has ended the connection. Takes the message in the middle of which it did, where
    /// `limit` connections in a row have ended there.
    pub(crate) fn take_refused(&self, limit: u32) -> Option<Batch> {
        self.state.lock().take_refused(limit)
    }

    /// The connection is gone: what was not wholly written waits for the next.
    pub(crate) fn unlink(&self) -> Option<Arc<Pipe>> {
        let mut state = self.state.lock();
        let link = std::mem::replace(&mut state.link, Link::Down);
        state.batch.rewind();
        state.engine = Waker::noop().clone();
        state.blocked = false;
        if state.batch.is_empty() {
            // Commands for that connection were all there was.
            state.flushers.take().wake();
        }
        // The writer may be an application's, and ask this socket something when it is dropped.
        drop(state);
        match link {
            Link::Inproc(peer) => Some(peer),
            Link::Down | Link::Stream(_) => None,
        }
    }

    /// Parts from the inproc peer, for good: a message that came after would wait for nobody.
    pub(crate) fn part(&self) -> Option<Arc<Pipe>> {
        self.close();
        self.unlink()
    }

    /// Several messages of the peer wait for the receiver, and so what is sent in return comes in
    /// several too: the connection task writes them together.
    ///
    /// Written through, the first of them would part from the others, and make the peer's next ones
    /// come apart in turn, until every message travels alone.
    pub(super) fn expect_several(&self) {
        let mut state = self.state.lock();
        if state.pace == Pace::Idle {
            state.pace = Pace::Warm;
        }
    }

    /// The connection task's turn: writes all that the kernel takes, and says how it stands.
    pub(crate) fn drive(&self, cx: &Context<'_>, room: &SendWaiters) -> io::Result<Drained> {
        let mut state = self.state.lock();
        if !state.engine.will_wake(cx.waker()) {
            state.engine = cx.waker().clone();
        }
        state.blocked = false;
        state.write(WRITE_PER_TURN);
        if let Some(error) = state.failed.take() {
            // Nobody writes behind the gap.
            state.blocked = true;
            return Err(error);
        }
        let drained = state.drained();
        self.settle(state, drained, room);
        Ok(drained)
    }

    /// What the task of another connection does in place of this one's, which is only woken where it
    /// is needed itself.
    pub(super) fn write_for_task(&self, room: &SendWaiters) -> usize {
        let mut state = self.state.lock();
        if state.blocked || state.pace != Pace::Hot {
            return 0;
        }
        let written = state.write(WRITE_PER_TURN);
        match state.drained() {
            _ if state.failed.is_some() => {}
            Drained::Busy | Drained::Closed => state.engine.wake_by_ref(),
            drained @ (Drained::Idle | Drained::Blocked) => self.settle(state, drained, room),
        }
        written
    }

    /// After some has been written: says what comes next to whoever sends, waits for room or flushes.
    fn settle(&self, mut state: MutexGuard<'_, State>, drained: Drained, room: &SendWaiters) {
        state.pace = if drained == Drained::Idle { Pace::Idle } else { Pace::Hot };
        let has_room = state.has_low_water() && !state.closing;
        if has_room {
            state.written = 0;
            self.room.store(true, Ordering::Relaxed);
        }
        let flushers = match drained {
            Drained::Blocked | Drained::Busy => Wakers::default(),
            Drained::Idle | Drained::Closed => state.flushers.take(),
        };
        drop(state);
        flushers.wake();
        if has_room {
            room.wake();
        }
    }

    /// The connection task ends, and nobody waits for it to write.
    pub(super) fn retire_task(&self) {
        self.state.lock().retired = true;
    }

    /// Wakes the connection task.
    pub(super) fn wake(&self) {
        self.state.lock().engine.wake_by_ref();
    }

    /// Completes when every message so far is with the kernel, or with the inproc peer.
    pub(super) fn poll_flush(&self, waiter: u64, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if !state.blocked {
            state.write(WRITE_PER_TURN);
        }
        if state.is_written() {
            return Poll::Ready(());
        }
        if !state.blocked {
            state.engine.wake_by_ref();
        }
        state.flushers.register(waiter, cx);
        Poll::Pending
    }

    pub(super) fn forget_flusher(&self, waiter: u64) {
        self.state.lock().flushers.forget(waiter);
    }

    /// Takes no more messages; the connection ends when those here are written.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        self.room.store(false, Ordering::Relaxed);
        state.engine.wake_by_ref();
        state.flushers.take().wake();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.state.lock().closing
    }

    /// Whether everything is written and nothing more will come.
    pub(crate) fn is_finished(&self) -> bool {
        let state = self.state.lock();
        state.closing && state.batch.is_empty()
    }

    /// The connection ends now, whatever is still here.
    pub(crate) fn abort(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        state.aborted = true;
        self.room.store(false, Ordering::Relaxed);
        state.engine.wake_by_ref();
    }

    /// How many messages senders have queued so far, and how many of them, the last, wait.
    pub(crate) fn enqueued(&self) -> (u64, usize) {
        let state = self.state.lock();
        (state.enqueued, state.batch.messages())
    }

    /// Messages not yet with the kernel.
    pub(crate) fn queued(&self) -> usize {
        self.state.lock().batch.messages()
    }

    /// The inproc peer was given a message past the queue.
    pub(super) fn count_sent(&self) {
        self.state.lock().sent += 1;
    }

    /// Messages wholly written so far, and those that wait.
    pub(super) fn counts(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.sent, state.batch.messages() as u64)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }

    pub(super) fn is_linked(&self) -> bool {
        !matches!(self.state.lock().link, Link::Down)
    }

    pub(super) fn replaced(&self) -> u64 {
        self.state.lock().replaced
    }

    /// Takes every message that was not wholly written.
    pub(crate) fn take_unsent(&self) -> Batch {
        let mut state = self.state.lock();
        state.batch.rewind();
        state.flushers.take().wake();
        std::mem::take(&mut state.batch)
    }
}

/// How the queue stands after the connection task's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    Idle,
    /// The kernel takes no more for now; the task is woken when it does.
    Blocked,
    /// The kernel would take more, but others shall have their turn first.
    Busy,
    /// Everything is written and no more will come.
    Closed,
}
