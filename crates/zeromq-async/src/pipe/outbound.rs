//! The queue of messages for one peer, and the writing of it.
//!
//! Messages are encoded into the memory that they are written from. The sender writes when the queue
//! was idle or has grown large, and the connection task writes otherwise. All of it happens under
//! one lock. Every write is polled with the connection task's waker, so a full kernel buffer wakes
//! that task even if a sender met it.

mod state;

use std::io;
use std::mem::{replace, take};
use std::task::{Context, Poll, Waker};

use zmtp::{Batch, Command, Message, Subscription};

use self::state::{CommandReplies, Destination, NextWrite, State, WRITE_PER_TURN};
use super::inbound::Pushed;
use super::notify::{SendWaiters, Wakers};
use super::writer::FrameWriter;
use crate::options::HighWaterMark;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

pub use self::state::QueueError;
pub(crate) use self::state::{Drained, InprocPeer, OutboundCounts, Sent};

/// The outbound half of a pipe. Senders fill it, and it is written to the connection or given to an
/// inproc peer.
///
/// The pipe acts on what the methods return, outside the lock.
#[derive(Debug)]
pub(crate) struct Outbound<P> {
    /// Whether there was room when this was last looked at under the lock.
    room: AtomicBool,
    state: Mutex<State<P>>,
}

/// The most replies to a peer's commands that wait behind other bytes.
const MAX_REPLIES: usize = 1024;

impl<P: InprocPeer> Outbound<P> {
    pub(super) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
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

    /// Whether a message would be taken, after writing to make room.
    pub(crate) fn has_room(&self) -> bool {
        let mut state = self.state.lock();
        let room = state.make_room();
        self.room.store(room, Ordering::Relaxed);
        room
    }

    /// Queues a message, and writes it if nothing is queued before it. A message that is not taken is left
    /// as it was.
    #[inline]
    pub(super) fn send(&self, message: &mut Message) -> Result<Sent, QueueError> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(QueueError::Gone);
        }
        if let Destination::Inproc(peer) = &state.destination {
            let pushed = peer.push(message, false);
            if pushed != Pushed::Taken {
                self.room.store(false, Ordering::Relaxed);
            }
            return state.pushed(pushed);
        }
        let written_before = state.written;
        if !state.is_below_mark() && !state.make_room() {
            self.room.store(false, Ordering::Relaxed);
            return Err(QueueError::Full);
        }
        state.conflate();
        state.batch.push_from(message);
        state.counts.enqueued += 1;
        let wake = state.schedule();
        if !state.is_below_mark() {
            self.room.store(false, Ordering::Relaxed);
        }
        Ok(Sent { written: state.written - written_before, wake })
    }

    /// Queues the one message that `encoded` holds, as `send` does.
    ///
    /// An inproc peer gets `decoded`. With `past_mark` there is always room.
    pub(super) fn send_encoded(
        &self,
        encoded: &Batch,
        decoded: &Message,
        past_mark: bool,
    ) -> Result<Sent, QueueError> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(QueueError::Gone);
        }
        if let Destination::Inproc(peer) = &state.destination {
            let pushed = peer.push(&mut decoded.clone(), past_mark);
            return state.pushed(pushed);
        }
        let written_before = state.written;
        if !state.is_below_mark() && !state.make_room() && !past_mark {
            return Err(QueueError::Full);
        }
        state.conflate();
        state.batch.push_batch(encoded);
        state.counts.enqueued += 1;
        let wake = state.schedule();
        Ok(Sent { written: state.written - written_before, wake })
    }

    /// Queues a subscription for the present connection. Without one nothing is queued: every new
    /// connection begins with all subscriptions.
    ///
    /// Returns an inproc peer instead, which the caller tells outside the lock.
    pub(super) fn subscription(&self, change: &Subscription) -> Option<P> {
        let mut state = self.state.lock();
        let State { batch, destination, .. } = &mut *state;
        match destination {
            Destination::None => None,
            Destination::Inproc(peer) => Some(peer.clone()),
            Destination::Connection(writer) => {
                writer.encoder.subscription(batch, change);
                state.schedule_own_task();
                None
            }
        }
    }

    /// Queues a command for the present connection.
    pub(crate) fn command(&self, command: &Command) {
        let mut state = self.state.lock();
        let State { batch, destination, .. } = &mut *state;
        if let Destination::Connection(writer) = destination {
            writer.encoder.command(batch, command);
            state.schedule_own_task();
        }
    }

    /// Queues a reply to a command of the peer, unless very many replies wait.
    ///
    /// A peer that sends commands and does not read must not fill the memory. The replies that wait
    /// are enough of a sign of life.
    pub(crate) fn reply(&self, command: &Command) {
        let mut state = self.state.lock();
        let State { batch, destination, replies, .. } = &mut *state;
        let Destination::Connection(writer) = destination else { return };
        if batch.is_empty() || replies.end <= replies.written {
            replies.queued = 0;
        }
        if replies.queued == MAX_REPLIES {
            return;
        }
        replies.queued += 1;
        writer.encoder.command(batch, command);
        replies.end = replies.written + batch.bytes() as u64;
        state.schedule_own_task();
    }

    /// A connection begins. Messages that wait are written to it first, by the connection task in its
    /// first turn.
    pub(super) fn set_writer(&self, writer: FrameWriter) {
        let mut state = self.state.lock();
        let first = writer.written_first;
        if state.stuck.after == state.counts.sent {
            // The message that was stuck is still the next one of the application.
            state.stuck.after += first.messages;
        }
        state.counts.sent += first.messages;
        state.counts.bytes += first.bytes;
        state.destination = Destination::Connection(writer);
        state.next_write = NextWrite::TaskScheduled;
        state.blocked = false;
        state.failed = None;
        state.replies = CommandReplies::default();
    }

    /// An inproc peer is there. It gets the messages that wait.
    pub(super) fn set_inproc_peer(&self, peer: P) {
        let mut state = self.state.lock();
        let mut not_taken = Batch::new();
        while let Some(mut message) = state.batch.pop() {
            // Forced, because `send` has accepted these messages, and messages of an earlier pipe may
            // have reached the mark. Only a peer that is leaving does not take them: they are lost with it.
            match peer.push(&mut message, true) {
                Pushed::NotTaken => not_taken.push_from(&mut message),
                Pushed::Taken | Pushed::TakenLast => state.counts.sent += 1,
            }
        }
        state.batch = not_taken;
        state.destination = Destination::Inproc(peer);
        self.room.store(state.has_room(), Ordering::Relaxed);
        state.flushers.take().wake();
    }

    pub(super) fn inproc_peer(&self) -> Option<P> {
        match &self.state.lock().destination {
            Destination::Inproc(peer) => Some(peer.clone()),
            Destination::None | Destination::Connection(_) => None,
        }
    }

    /// Takes the write half of the connection, to end it in order.
    pub(crate) fn take_writer(&self) -> Option<FrameWriter> {
        match replace(&mut self.state.lock().destination, Destination::None) {
            Destination::Connection(writer) => Some(writer),
            Destination::None | Destination::Inproc(_) => None,
        }
    }

    /// The peer has ended the connection. Takes the message that was partly written, if `limit`
    /// connections in a row ended in the middle of it.
    pub(crate) fn take_refused(&self, limit: u32) -> Option<Batch> {
        self.state.lock().take_refused(limit)
    }

    /// Drops the first message, which could not be sent, so that the next one is tried. Returns whether
    /// there was one.
    pub(super) fn drop_first(&self) -> bool {
        let mut state = self.state.lock();
        state.blocked = false;
        state.batch.rewind();
        state.batch.pop().is_some()
    }

    /// The connection is gone. Messages not wholly written wait for the next one. Returns the inproc
    /// peer.
    pub(crate) fn disconnect(&self) -> Option<P> {
        let mut state = self.state.lock();
        let destination = replace(&mut state.destination, Destination::None);
        state.batch.rewind();
        state.task = Waker::noop().clone();
        state.blocked = false;
        if state.batch.is_empty() {
            // Only commands for that connection were left.
            state.flushers.take().wake();
        }
        // A writer may be the application's, and call this socket when it is dropped.
        drop(state);
        match destination {
            Destination::Inproc(peer) => Some(peer),
            Destination::None | Destination::Connection(_) => None,
        }
    }

    /// Parts from the inproc peer for good. No message is taken after that.
    pub(crate) fn part(&self) -> Option<P> {
        self.close();
        self.disconnect()
    }

    /// Leaves the next messages to the connection task, which writes them together. Called when several
    /// messages of the peer are unread, because their replies will be several too.
    ///
    /// If the sender wrote the first reply at once, the reply would arrive apart from the others. The
    /// peer would answer it apart, and in the end every message would be written alone.
    pub(super) fn expect_several(&self) {
        let mut state = self.state.lock();
        if state.next_write == NextWrite::BySender {
            state.next_write = NextWrite::WakesTask;
        }
    }

    /// Writes all that the kernel takes, in a turn of the connection task.
    ///
    /// With `several`, several messages are expected to be sent next, as in `expect_several`.
    pub(super) fn drive(
        &self,
        cx: &Context<'_>,
        several: bool,
        senders: &SendWaiters,
    ) -> io::Result<Drained> {
        let mut state = self.state.lock();
        if !state.task.will_wake(cx.waker()) {
            state.task = cx.waker().clone();
        }
        state.blocked = false;
        state.write(WRITE_PER_TURN);
        if let Some(error) = state.failed.take() {
            // No later write may follow the gap.
            state.blocked = true;
            return Err(error);
        }
        let drained = state.drained();
        self.finish_write(state, drained, several, senders);
        Ok(drained)
    }

    /// Writes in place of the connection task, in the task of another connection. Wakes the own task
    /// only where it is needed. Returns the number of bytes written.
    pub(super) fn write_for_task(&self, several: bool, senders: &SendWaiters) -> usize {
        let mut state = self.state.lock();
        if state.blocked || state.next_write != NextWrite::TaskScheduled {
            return 0;
        }
        let written = state.write(WRITE_PER_TURN);
        match state.drained() {
            _ if state.failed.is_some() => {}
            Drained::Busy | Drained::Closed => state.task.wake_by_ref(),
            drained @ (Drained::Idle | Drained::Blocked) => {
                self.finish_write(state, drained, several, senders);
            }
        }
        written
    }

    /// After a write: decides which side writes next, and wakes tasks that wait for room or a flush.
    fn finish_write(
        &self,
        mut state: MutexGuard<'_, State<P>>,
        drained: Drained,
        several: bool,
        senders: &SendWaiters,
    ) {
        state.next_write = match drained {
            Drained::Idle if several => NextWrite::WakesTask,
            Drained::Idle => NextWrite::BySender,
            Drained::Blocked | Drained::Busy | Drained::Closed => NextWrite::TaskScheduled,
        };
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
            senders.wake();
        }
    }

    /// Wakes the connection task.
    pub(super) fn wake_task(&self) {
        self.state.lock().task.wake_by_ref();
    }

    /// Ready when the kernel or the inproc peer has every message so far.
    pub(super) fn poll_flush(&self, waiter: u64, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if !state.blocked {
            state.write(WRITE_PER_TURN);
        }
        if state.is_written() {
            return Poll::Ready(());
        }
        if !state.blocked {
            state.task.wake_by_ref();
        }
        state.flushers.register(waiter, cx);
        Poll::Pending
    }

    pub(super) fn forget_flusher(&self, waiter: u64) {
        self.state.lock().flushers.forget(waiter);
    }

    /// Takes no more messages. The connection ends when those here are written.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        self.room.store(false, Ordering::Relaxed);
        state.task.wake_by_ref();
        state.flushers.take().wake();
    }

    /// Takes no more messages. The connection ends when those here are written; without one they are
    /// given up.
    pub(super) fn hang_up(&self) {
        let mut state = self.state.lock();
        state.aborted |= matches!(state.destination, Destination::None);
        state.hung_up = true;
        drop(state);
        self.close();
    }

    /// Whether the application has ended the connection, and wants no other.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.state.lock().hung_up
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.state.lock().closing
    }

    /// Whether nothing more will be written or queued.
    pub(crate) fn is_finished(&self) -> bool {
        let state = self.state.lock();
        state.closing && (state.batch.is_empty() || state.aborted)
    }

    /// Ends the connection now, whatever is still here.
    pub(crate) fn abort(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        state.aborted = true;
        self.room.store(false, Ordering::Relaxed);
        state.task.wake_by_ref();
    }

    /// How many messages senders have queued so far, and how many of them, the last, wait.
    pub(crate) fn enqueued(&self) -> (u64, usize) {
        let state = self.state.lock();
        (state.counts.enqueued, state.batch.messages())
    }

    /// Messages that the kernel does not have yet.
    pub(crate) fn queued(&self) -> usize {
        self.state.lock().batch.messages()
    }

    /// Counts a message that the inproc peer got past the queue.
    pub(super) fn count_sent(&self) {
        self.state.lock().counts.sent += 1;
    }

    /// The counts, the messages that wait, and whether there is a connection or an inproc peer.
    pub(super) fn stats(&self) -> (OutboundCounts, usize, bool) {
        let state = self.state.lock();
        let is_connected = !matches!(state.destination, Destination::None);
        (state.counts, state.batch.messages(), is_connected)
    }

    pub(super) fn replaced(&self) -> u64 {
        self.state.lock().counts.replaced
    }

    /// Takes every message that was not wholly written.
    pub(super) fn take_unsent(&self) -> Batch {
        let mut state = self.state.lock();
        state.batch.rewind();
        state.flushers.take().wake();
        take(&mut state.batch)
    }
}
