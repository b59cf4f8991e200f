//! Printing received messages, up to `--count`.

use std::iter;
use std::num::NonZeroU64;
use std::ops::ControlFlow;

use zeromq_async::{Frame, Message, SocketType};

use crate::console;
use crate::failure::Failure;
use crate::format::{self, Delimiter, Format};

#[derive(Debug)]
pub(super) struct Printer {
    format: Format,
    delimiter: Delimiter,
    remaining: Option<u64>,
    front: Front,
}

/// How the first frame is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Front {
    AsIs,
    /// Not at all: it only routes the reply.
    Hidden,
    /// In hexadecimal, as text too. The id of a connection is not text.
    Hex,
}

impl Front {
    fn of_type(kind: SocketType) -> Self {
        match kind {
            SocketType::Peer | SocketType::Server => Self::Hidden,
            SocketType::Stream => Self::Hex,
            _ => Self::AsIs,
        }
    }
}

impl Printer {
    pub(super) fn new(
        format: Format,
        delimiter: Delimiter,
        count: Option<NonZeroU64>,
        kind: SocketType,
    ) -> Self {
        Self {
            format,
            delimiter,
            remaining: count.map(NonZeroU64::get),
            front: Front::of_type(kind),
        }
    }

    fn line(&self, message: &Message) -> Vec<u8> {
        let frames = message.frames();
        match (self.front, frames) {
            (Front::Hidden, [_, body @ ..]) => self.format.line(body, &self.delimiter),
            (Front::Hex, [id, body @ ..]) if self.format == Format::Text => {
                let id = Frame::from(format::hex(id));
                let frames: Vec<_> = iter::once(&id).chain(body).cloned().collect();
                self.format.line(&frames, &self.delimiter)
            }
            _ => self.format.line(frames, &self.delimiter),
        }
    }

    /// Prints a message. Breaks after the last one.
    pub(super) fn print(&mut self, message: &Message) -> Result<ControlFlow<()>, Failure> {
        console::print(&self.line(message))?;
        if let Some(remaining) = &mut self.remaining {
            *remaining -= 1;
        }
        Ok(match self.remaining {
            Some(0) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}
