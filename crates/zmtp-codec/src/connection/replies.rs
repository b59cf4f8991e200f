//! Answers to the peer's commands.

use crate::batch::Batch;
use crate::wire::Command;

/// The answers in a queue that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Replies {
    queued: usize,
    /// Bytes of the queue up to the end of the last answer.
    bytes: usize,
}

/// The most answers that wait.
const MAX_QUEUED: usize = 1024;

impl Replies {
    /// Queues an answer, unless very many wait. A peer that sends commands and does not read must not
    /// fill the memory, and the waiting answers already show that this side is alive.
    pub(super) fn push(&mut self, queue: &mut Batch, reply: &Command) {
        if self.queued < MAX_QUEUED {
            queue.push_command(reply);
            self.queued += 1;
            self.bytes = queue.bytes();
        }
    }

    /// Bytes were written from the front of the queue.
    pub(super) fn written(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.bytes == 0 {
            self.queued = 0;
        }
    }
}
