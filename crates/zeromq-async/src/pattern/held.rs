//! A message that was looked at and is still the application's to take.

use std::mem::take;
use std::sync::Arc;

use zmtp::Message;

use crate::peer::Pipe;

/// A message that a layer had to pop to know whether it is one to receive.
///
/// Dropped, it counts as abandoned, like what waits in a queue when the receiver goes.
#[derive(Debug)]
pub(super) struct Held {
    /// None once the message is taken.
    pipe: Option<Arc<Pipe>>,
    message: Message,
}

impl Held {
    pub(super) fn new(pipe: Option<&Arc<Pipe>>, message: Message) -> Self {
        Self { pipe: pipe.cloned(), message }
    }

    pub(super) fn take(mut self) -> Message {
        self.pipe = None;
        take(&mut self.message)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(pipe) = &self.pipe {
            pipe.account().discarded_popped(|discarded| discarded.abandoned += 1);
        }
    }
}
