//! The most work that a connection task does in one poll, before other tasks run.

/// The work of one poll so far. Each limit is a few hundred microseconds of work.
#[derive(Debug, Default)]
pub(super) struct WorkBudget {
    reads: u32,
    bytes: usize,
    frames: u64,
    steps: usize,
}

/// After this many reads the receiver runs, while the messages are still in the processor's cache
/// and their memory can be reused.
const MAX_READS: u32 = 16;

const MAX_BYTES: usize = 1024 * 1024;

/// Counts the frames of unfinished messages too.
const MAX_FRAMES: u64 = 12 * 1024;

/// Commands, and encrypted records. Each may cost a lookup, a lock or an encryption.
const MAX_STEPS: usize = 128;

/// Bytes of a topic that cost as much as one step.
const TOPIC_STEP: usize = 256;

impl WorkBudget {
    pub(super) fn is_spent(&self) -> bool {
        self.is_decoding_spent() || self.reads >= MAX_READS || self.bytes >= MAX_BYTES
    }

    /// Whether decoding has to wait for the next poll.
    pub(super) fn is_decoding_spent(&self) -> bool {
        self.steps >= MAX_STEPS || self.frames >= MAX_FRAMES
    }

    pub(super) fn read(&mut self, bytes: usize) {
        self.reads += 1;
        self.bytes += bytes;
    }

    /// Counts one call of the decoder that walked `frames`.
    pub(super) fn decoded(&mut self, frames: u64) {
        self.steps += 1;
        self.frames += frames;
    }

    /// Counts a subscription, or a message that may be one.
    pub(super) fn subscription(&mut self, topic: usize) {
        self.steps += 1 + topic / TOPIC_STEP;
    }

    /// How many messages may still be decoded one by one.
    pub(super) fn steps_left(&self) -> usize {
        MAX_STEPS.saturating_sub(self.steps)
    }

    /// How many messages may still be delivered as a run.
    pub(super) fn frames_left(&self) -> usize {
        usize::try_from(MAX_FRAMES.saturating_sub(self.frames)).unwrap_or(usize::MAX)
    }
}
