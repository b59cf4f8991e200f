//! Printing received messages, up to `--count`.

use std::num::NonZeroU64;
use std::ops::ControlFlow;

use zeromq_async::Message;

use crate::console;
use crate::failure::Failure;
use crate::format::{Delimiter, Format};

#[derive(Debug)]
pub(super) struct Printer {
    format: Format,
    delimiter: Delimiter,
    remaining: Option<u64>,
    /// How many frames at the front are not printed.
    hidden: usize,
}

impl Printer {
    pub(super) fn new(
        format: Format,
        delimiter: Delimiter,
        count: Option<NonZeroU64>,
        hidden: usize,
    ) -> Self {
        Self { format, delimiter, remaining: count.map(NonZeroU64::get), hidden }
    }

    /// Prints a message. Breaks after the last one.
    pub(super) fn print(&mut self, message: &Message) -> Result<ControlFlow<()>, Failure> {
        let frames = message.frames().get(self.hidden..).unwrap_or_default();
        console::print(&self.format.line(frames, &self.delimiter))?;
        if let Some(remaining) = &mut self.remaining {
            *remaining -= 1;
        }
        Ok(match self.remaining {
            Some(0) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}
