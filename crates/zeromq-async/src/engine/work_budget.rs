//! How much a connection task does before other tasks have their turn.

/// The work of one turn so far. Each limit is a few hundred microseconds of work.
#[derive(Debug, Default)]
pub(super) struct Turn {
    reads: u32,
    bytes: usize,
    frames: u64,
    steps: usize,
}

/// After so many reads the receiver runs, while its messages are still in the processor's cache and
/// their memory can be filled again.
const READS: u32 = 16;

/// Bytes read.
const BYTES: usize = 1024 * 1024;

/// Frames walked, those of unfinished messages too.
const FRAMES: u64 = 32 * 1024;

/// Commands, and with encryption records: each may cost as much as a lookup, a lock or a seal.
const STEPS: usize = 256;

/// Bytes of a topic that cost as much as one more command.
const TOPIC: usize = 256;

impl Turn {
    pub(super) fn is_over(&self) -> bool {
        self.is_worked_off() || self.reads >= READS || self.bytes >= BYTES
    }

    /// Whether decoding has to wait for the next turn.
    pub(super) fn is_worked_off(&self) -> bool {
        self.steps >= STEPS || self.frames >= FRAMES
    }

    pub(super) fn read(&mut self, bytes: usize) {
        self.reads += 1;
        self.bytes += bytes;
    }

    /// Counts one call of the decoder, which walked so many frames.
    pub(super) fn decoded(&mut self, frames: u64) {
        self.steps += 1;
        self.frames += frames;
    }

    /// Counts a subscription, or a message that may be one.
    pub(super) fn subscription(&mut self, topic: usize) {
        self.steps += 1 + topic / TOPIC;
    }

    /// The most messages that may be decoded one by one.
    pub(super) fn steps_left(&self) -> usize {
        STEPS.saturating_sub(self.steps)
    }

    /// The most messages that may be handed over as a run.
    pub(super) fn frames_left(&self) -> usize {
        usize::try_from(FRAMES.saturating_sub(self.frames)).unwrap_or(usize::MAX)
    }
}
