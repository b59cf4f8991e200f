//! The data under the lock of an outbound queue, and the decision which task writes it.

use std::io;
use std::task::{Context, Poll, Waker};

use zmtp::{Batch, Message};

use crate::options::HighWaterMark;
use crate::pipe::inbound::Pushed;
use crate::pipe::notify::Wakers;
use crate::pipe::writer::FrameWriter;
use crate::stats::Dropped;

/// A peer in the same process, which takes messages without a connection.
pub(crate) trait InprocPeer: Clone {
    /// Gives it a message. With `forced` the message passes the high-water mark.
    fn push(&self, message: &mut Message, forced: bool) -> Pushed;

    fn has_room(&self) -> bool;
}

#[derive(Debug)]
pub(super) struct State<P> {
    pub(super) batch: Batch,
    pub(super) high_water_mark: HighWaterMark,
    pub(super) conflate: bool,
    pub(super) destination: Destination<P>,
    pub(super) next_write: NextWrite,
    /// The kernel took no more. The connection task is woken when it does.
    pub(super) blocked: bool,
    /// The error of a write, for the connection task.
    pub(super) failed: Option<io::Error>,
    /// No more messages are taken. The connection ends when the queue is empty.
    pub(super) closing: bool,
    /// The connection ends now.
    pub(super) aborted: bool,
    /// The application has ended the connection by a message.
    pub(super) hung_up: bool,
    /// The connection task.
    pub(super) task: Waker,
    pub(super) flushers: Wakers,
    /// Bytes written since senders were last told of room.
    pub(super) written: usize,
    pub(super) counts: OutboundCounts,
    pub(super) stuck: Stuck,
    pub(super) replies: CommandReplies,
}

/// Where the messages go.
pub(super) enum Destination<P> {
    /// No connection at present: messages wait.
    None,
    Connection(FrameWriter),
    Inproc(P),
}

/// What a queue has counted, over all connections.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OutboundCounts {
    /// Messages wholly written, or given to the inproc peer.
    pub(crate) sent: u64,
    /// Messages that senders have queued.
    pub(crate) enqueued: u64,
    /// Bytes written.
    pub(crate) bytes: u64,
    /// Messages that a later one replaced (`conflate`).
    pub(crate) replaced: u64,
}

/// The message that was partly written when the last connections ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stuck {
    /// The number of messages sent before it.
    pub(super) after: u64,
    /// How many connections in a row ended there.
    pub(super) connections: u32,
}

/// The replies to a peer's commands that wait to be written. Their number is limited.
#[derive(Debug, Default)]
pub(super) struct CommandReplies {
    /// Replies queued since none was waiting.
    pub(super) queued: usize,
    /// Bytes written to this connection.
    pub(super) written: u64,
    /// The value of `written` at which the last reply is written.
    pub(super) end: u64,
}

/// Which side writes the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextWrite {
    /// The sender, at once: nothing was queued since the task last wrote.
    BySender,
    /// The connection task, which the sender wakes: one message was written through, or several are
    /// expected.
    WakesTask,
    /// The connection task, which is about to run: senders only append.
    TaskScheduled,
}

/// How the queue stands after a write of the connection task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    Idle,
    /// The kernel takes no more for now. The task is woken when it does.
    Blocked,
    /// The kernel would take more, but other tasks have their turn first.
    Busy,
    /// Everything is written and no more will come.
    Closed,
}

/// A message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct Sent {
    /// Bytes written to the connection by the sender.
    pub(crate) written: usize,
    /// Have a task write the rest: none has been woken for it.
    pub(crate) wake: bool,
}

/// Why a message was not queued for a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The queue of the peer has no room.
    #[error("the queue of the peer is full")]
    Full,
    /// The peer has left or is about to leave, and takes no more messages.
    #[error("the peer has left or is about to leave")]
    Gone,
}

impl QueueError {
    /// Counts one message that was dropped for this reason.
    pub(crate) fn enter(self, dropped: &mut Dropped) {
        match self {
            Self::Full => dropped.full += 1,
            Self::Gone => dropped.unroutable += 1,
        }
    }
}

/// Bytes in the queue from which on the sender writes them itself.
///
/// A loop that only sends then works like a buffered writer that needs no flush. Waiting for the
/// connection task instead is three times slower at 64 bytes. The message that reaches this limit
/// still fits into one write of [`FrameWriter`], unless it is large.
const WRITE_THRESHOLD: usize = 56 * 1024;

/// The most bytes that the connection task writes in one turn.
///
/// Then other tasks run, and senders that wait for room are woken even if the queue is not half
/// empty. So a sender of large messages fills memory that was just freed, before the allocator
/// returns it to the system.
pub(super) const WRITE_PER_TURN: usize = 1024 * 1024;

impl<P: InprocPeer> State<P> {
    pub(super) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
        Self {
            batch: Batch::new(),
            high_water_mark,
            conflate,
            destination: Destination::None,
            next_write: NextWrite::BySender,
            blocked: false,
            failed: None,
            closing: false,
            aborted: false,
            hung_up: false,
            task: Waker::noop().clone(),
            flushers: Wakers::default(),
            written: 0,
            counts: OutboundCounts::default(),
            stuck: Stuck::default(),
            replies: CommandReplies::default(),
        }
    }

    /// Takes the first message if the peer has ended `limit` connections in a row in the middle of it,
    /// the present one included.
    pub(super) fn take_refused(&mut self, limit: u32) -> Option<Batch> {
        // A conflated message may be another one by now, and the next replaces it anyway.
        if self.conflate || !self.is_partly_written() {
            return None;
        }
        let is_same = self.stuck.after == self.counts.sent;
        let connections = if is_same { self.stuck.connections + 1 } else { 1 };
        self.stuck = Stuck { after: self.counts.sent, connections };
        if connections < limit {
            return None;
        }
        self.stuck = Stuck::default();
        let mut refused = Batch::new();
        refused.push(self.batch.pop()?);
        Some(refused)
    }

    /// Whether the peer has a part of the first message.
    fn is_partly_written(&self) -> bool {
        let is_sealed = || match &self.destination {
            Destination::Connection(writer) => writer.has_partial_record(),
            Destination::None | Destination::Inproc(_) => false,
        };
        self.batch.is_partly_written() || (self.batch.starts_with_message() && is_sealed())
    }

    /// Whether there is room, after writing to make some.
    #[inline]
    pub(super) fn make_room(&mut self) -> bool {
        while !self.has_room() {
            if self.blocked || self.write(1) == 0 {
                return false;
            }
        }
        true
    }

    #[inline]
    pub(super) fn has_room(&self) -> bool {
        if self.closing {
            return false;
        }
        match &self.destination {
            Destination::Inproc(peer) => peer.has_room(),
            Destination::None | Destination::Connection(_) => self.is_below_mark(),
        }
    }

    /// Whether this queue has room, where there is no inproc peer.
    #[inline]
    pub(super) fn is_below_mark(&self) -> bool {
        self.conflate || self.high_water_mark.room(self.batch.messages()) > 0
    }

    /// Whether to wake senders that wait: half of the queue is free, or much memory is. Waking them
    /// for each message would cost more.
    pub(super) fn has_low_water(&self) -> bool {
        let low = self.conflate || self.high_water_mark.is_low(self.batch.messages());
        low || (self.written >= WRITE_PER_TURN && self.has_room())
    }

    /// Drops the messages that the next one replaces, where the queue conflates.
    ///
    /// Sealed bytes stay: the peer cannot open the next record without them.
    pub(super) fn conflate(&mut self) {
        if self.conflate {
            let sealed = self.destination.sealed_bytes();
            self.counts.replaced += self.batch.discard_behind(sealed) as u64;
        }
    }

    /// Decides which side writes the new message, and writes it if that is the sender. Returns
    /// whether a task must be woken to write it.
    #[inline]
    pub(super) fn schedule(&mut self) -> bool {
        if self.blocked || !matches!(self.destination, Destination::Connection(_)) {
            return false;
        }
        match self.next_write {
            NextWrite::BySender => {
                self.write(WRITE_PER_TURN);
                // If something is left, the kernel would take more and no other task writes it.
                let is_left = !self.blocked && !self.batch.is_empty();
                self.next_write =
                    if is_left { NextWrite::TaskScheduled } else { NextWrite::WakesTask };
                is_left
            }
            NextWrite::WakesTask => {
                self.next_write = NextWrite::TaskScheduled;
                true
            }
            NextWrite::TaskScheduled if self.batch.bytes() >= WRITE_THRESHOLD => {
                self.write(WRITE_THRESHOLD);
                false
            }
            NextWrite::TaskScheduled => false,
        }
    }

    /// The same, where no task of another connection may write.
    #[inline]
    pub(super) fn schedule_own_task(&mut self) {
        if self.schedule() {
            self.task.wake_by_ref();
        }
    }

    /// Counts a message that was given to the inproc peer.
    #[inline]
    pub(super) fn pushed(&mut self, pushed: Pushed) -> Result<Sent, QueueError> {
        if pushed == Pushed::NotTaken {
            return Err(QueueError::Full);
        }
        self.counts.sent += 1;
        self.counts.enqueued += 1;
        Ok(Sent { written: 0, wake: false })
    }

    /// How the queue stands after writing.
    pub(super) fn drained(&self) -> Drained {
        match (self.is_written() || self.aborted, self.closing) {
            (true, true) => Drained::Closed,
            (true, false) => Drained::Idle,
            (false, _) if self.blocked => Drained::Blocked,
            (false, _) => Drained::Busy,
        }
    }

    /// Writes until the queue is empty, the kernel takes no more, or at least `enough` bytes are
    /// written. Returns how many are.
    pub(super) fn write(&mut self, enough: usize) -> usize {
        let Destination::Connection(writer) = &mut self.destination else { return 0 };
        if self.failed.is_some() {
            return 0;
        }
        let mut cx = Context::from_waker(&self.task);
        let mut total = 0;
        while !self.batch.is_empty() && total < enough {
            match writer.poll_write(&mut cx, &self.batch) {
                Poll::Ready(Ok(written)) => {
                    total += written;
                    self.counts.sent += self.batch.advance(written) as u64;
                }
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.task.wake_by_ref();
                    break;
                }
                Poll::Pending => {
                    self.blocked = true;
                    break;
                }
            }
        }
        if self.failed.is_none() {
            match writer.poll_flush(&mut cx, total > 0) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.task.wake_by_ref();
                }
                Poll::Pending => self.blocked = true,
            }
        }
        self.written += total;
        self.replies.written += total as u64;
        self.counts.bytes += total as u64;
        total
    }

    /// Whether the kernel has everything.
    pub(super) fn is_written(&self) -> bool {
        self.batch.is_empty() && self.destination.is_flushed()
    }
}

impl<P> Destination<P> {
    fn is_flushed(&self) -> bool {
        match self {
            Self::Connection(writer) => writer.is_flushed(),
            Self::None | Self::Inproc(_) => true,
        }
    }

    /// Bytes of the batch that are sealed and that the kernel has not taken.
    fn sealed_bytes(&self) -> usize {
        match self {
            Self::Connection(writer) => writer.sealed_bytes(),
            Self::None | Self::Inproc(_) => 0,
        }
    }
}

impl<P> std::fmt::Debug for Destination<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Connection(_) => "Connection",
            Self::Inproc(_) => "Inproc",
        })
    }
}
