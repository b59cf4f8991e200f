//! Printing what is received, and counting it.

use std::num::NonZeroU64;
use std::ops::ControlFlow;

use zeromq_async::Message;

use crate::console;
use crate::exit::Failure;
use crate::format::{Delimiter, Format};

/// Prints messages, one a line, up to the number of `--count`.
#[derive(Debug)]
pub(super) struct Printer {
    format: Format,
    delimiter: Delimiter,
    left: Option<u64>,
}

impl Printer {
    pub(super) fn new(format: Format, delimiter: Delimiter, count: Option<NonZeroU64>) -> Self {
        Self { format, delimiter, left: count.map(NonZeroU64::get) }
    }

    /// Prints a message; breaks when it was the last to be printed.
    pub(super) fn print(&mut self, message: &Message) -> Result<ControlFlow<()>, Failure> {
        console::put(&self.format.line(message, &self.delimiter))?;
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Ok(if self.left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
