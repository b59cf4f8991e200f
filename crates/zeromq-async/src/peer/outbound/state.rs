//! What is under the lock of an outbound queue, and who writes it when.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime;
use zmtp::Batch;

use super::Drained;
use crate::options::HighWaterMark;
use crate::peer::link::Link;
use crate::peer::{Pipe, Wakers};

#[derive(Debug)]
pub(super) struct State {
    pub(super) batch: Batch,
    pub(super) high_water_mark: HighWaterMark,
    pub(super) conflate: bool,
    pub(super) link: Link,
    pub(super) pace: Pace,
    /// The kernel took no more; the connection task hears when it does.
    pub(super) blocked: bool,
    /// Writing failed; the connection task hears and takes the error.
    pub(super) failed: Option<io::Error>,
    /// No more messages are taken; the connection ends when the queue is empty.
    pub(super) closing: bool,
    /// The connection ends now.
    pub(super) aborted: bool,
    pub(super) engine: Waker,
    /// Where the connection task runs.
    pub(super) runtime: Option<runtime::Id>,
    /// It has ended.
    pub(super) retired: bool,
    pub(super) flushers: Wakers,
    /// Bytes written since there was room last.
    pub(super) written: usize,
    /// Messages wholly written, or given to the inproc peer.
    pub(super) sent: u64,
    /// Messages that senders have queued.
    pub(super) enqueued: u64,
    /// Bytes written, over all connections.
    pub(super) bytes: u64,
    /// The message in the middle of which connections ended, as the number of those before it, and
    /// how many did.
    pub(super) stuck: (u64, u32),
    /// Messages that a later one took the place of, as `conflate` asks.
    pub(super) replaced: u64,
    pub(super) answers: Answers,
}

/// What is known of the answers to the peer's commands, of which only so many may wait.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Answers queued since the last time that none was waiting.
    pub(super) queued: usize,
    /// Bytes written to this connection.
    pub(super) written: u64,
    /// How many of them will be written when the last answer is.
    pub(super) end: u64,
}

/// How the queue has been used since the connection task last looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Nothing since: the next sender writes its message at once.
    Idle,
    /// One message was written through, or several are to be expected: the next sender wakes the
    /// connection task.
    Warm,
    /// The connection task is on its way: senders only append.
    Hot,
}

/// Bytes in the queue from which on the sender writes them itself.
///
/// A loop that only sends then works like a buffered writer, with no flush in its code; waiting
/// for the connection task instead costs a factor of three at 64 bytes.
/// With the message that reaches it, this is still one write of `link.rs`, unless that one is large.
const WRITE_THRESHOLD: usize = 56 * 1024;

/// Bytes that the connection task writes in one turn, however much the kernel takes.
///
/// Then other tasks have their turn, and senders that wait for room are woken, though the queue may
/// not be half empty: a sender of large messages fills memory that has just been freed, and not
/// memory that the allocator has given back meanwhile.
pub(super) const WRITE_PER_TURN: usize = 1024 * 1024;

impl State {
    pub(super) fn new(high_water_mark: HighWaterMark, conflate: bool) -> Self {
        Self {
            batch: Batch::new(),
            high_water_mark,
            conflate,
            link: Link::Down,
            pace: Pace::Idle,
            blocked: false,
            failed: None,
            closing: false,
            aborted: false,
            engine: Waker::noop().clone(),
            runtime: None,
            retired: false,
            flushers: Wakers::default(),
            written: 0,
            sent: 0,
            enqueued: 0,
            bytes: 0,
            stuck: (0, 0),
            replaced: 0,
            answers: Answers::default(),
        }
    }

    /// Takes the first message where the connection, which the peer has ended, is the last of
    /// `limit` in a row to end in the middle of it.
    pub(super) fn take_refused(&mut self, limit: u32) -> Option<Batch> {
        // A conflated message may be another one by now, and the next takes its place anyway.
        if self.conflate || !self.batch.is_partly_written() {
            return None;
        }
        let times = if self.stuck.0 == self.sent { self.stuck.1 + 1 } else { 1 };
        self.stuck = (self.sent, times);
        if times < limit {
            return None;
        }
        self.stuck = (0, 0);
        let mut refused = Batch::new();
        refused.push(self.batch.pop()?);
        Some(refused)
    }

    /// Whether there is room, writing to make some where the kernel may take it.
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
        match &self.link {
            Link::Inproc(peer) => peer.has_room(),
            Link::Down | Link::Stream(_) => {
                self.conflate || self.high_water_mark.room(self.batch.messages()) > 0
            }
        }
    }

    /// Waiting senders are woken when half of the queue is free, or much memory, not for each
    /// message.
    pub(super) fn has_low_water(&self) -> bool {
        let low = self.conflate || self.high_water_mark.is_low(self.batch.messages());
        low || (self.written >= WRITE_PER_TURN && self.has_room())
    }

    /// Makes way for the latest message, where only that is to be kept.
    ///
    /// What has been sealed goes out: a record cannot be taken back.
    pub(super) fn conflate(&mut self) {
        if self.conflate {
            self.replaced += self.batch.discard_behind(self.link.sealed_bytes()) as u64;
        }
    }

    /// Decides, after something was queued, who writes it.
    #[inline]
    pub(super) fn pace(&mut self, pipe: &Arc<Pipe>) {
        if self.becomes_hot() && (self.retired || pipe.hot().add(pipe, self.runtime)) {
            self.engine.wake_by_ref();
        }
    }

    /// The same, where the connection task itself is to write.
    pub(super) fn pace_alone(&mut self) {
        if self.becomes_hot() {
            self.engine.wake_by_ref();
        }
    }

    /// Whether a task must write what was queued, and none has been told.
    #[inline]
    fn becomes_hot(&mut self) -> bool {
        if self.blocked || !matches!(self.link, Link::Stream(_)) {
            return false;
        }
        match self.pace {
            Pace::Idle => {
                self.write(WRITE_PER_TURN);
                // Where something is left, the kernel would take more, and nobody else sees to it.
                let is_hot = !self.blocked && !self.batch.is_empty();
                self.pace = if is_hot { Pace::Hot } else { Pace::Warm };
                is_hot
            }
            Pace::Warm => {
                self.pace = Pace::Hot;
                true
            }
            Pace::Hot if self.batch.bytes() >= WRITE_THRESHOLD => {
                self.write(WRITE_THRESHOLD);
                false
            }
            Pace::Hot => false,
        }
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
    /// written; returns how many are.
    pub(super) fn write(&mut self, enough: usize) -> usize {
        let Link::Stream(stream) = &mut self.link else { return 0 };
        if self.failed.is_some() {
            return 0;
        }
        let mut cx = Context::from_waker(&self.engine);
        let mut total = 0;
        while !self.batch.is_empty() && total < enough {
            match stream.poll_write(&mut cx, &self.batch) {
                Poll::Ready(Ok(written)) => {
                    total += written;
                    self.sent += self.batch.advance(written) as u64;
                }
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.engine.wake_by_ref();
                    break;
                }
                Poll::Pending => {
                    self.blocked = true;
                    break;
                }
            }
        }
        if self.failed.is_none() {
            match stream.poll_flush(&mut cx, total > 0) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.engine.wake_by_ref();
                }
                Poll::Pending => self.blocked = true,
            }
        }
        self.written += total;
        self.answers.written += total as u64;
        self.bytes += total as u64;
        total
    }

    /// Whether all is with the kernel.
    pub(super) fn is_written(&self) -> bool {
        self.batch.is_empty() && self.link.is_flushed()
    }
}
