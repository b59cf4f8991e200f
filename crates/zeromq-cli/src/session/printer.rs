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
    /// As text, unless the format is for programs.
    Address,
    /// The same, in hexadecimal as text too. The id of a connection is not text.
    Hex,
}

impl Front {
    fn of_type(kind: SocketType) -> Self {
        match kind {
            SocketType::Peer | SocketType::Server => Self::Hidden,
            SocketType::Stream => Self::Hex,
            SocketType::Dgram | SocketType::Dish => Self::Address,
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

    fn output(&self, message: &Message) -> Result<Vec<u8>, Failure> {
        let frames = message.frames();
        match (self.front, frames) {
            (Front::Hidden, [_, body @ ..]) => self.format.output(body, &self.delimiter),
            (Front::Address | Front::Hex, [_, body @ ..]) if self.format.is_bare() => {
                self.format.output(body, &self.delimiter)
            }
            (Front::Hex, [id, body @ ..]) if self.format == Format::Text => {
                let id = Frame::from(format::hex(id));
                let frames: Vec<_> = iter::once(&id).chain(body).cloned().collect();
                self.format.output(&frames, &self.delimiter)
            }
            _ => self.format.output(frames, &self.delimiter),
        }
    }

    /// Prints a message. Breaks after the last one.
    pub(super) fn print(&mut self, message: &Message) -> Result<ControlFlow<()>, Failure> {
        console::print(&self.output(message)?)?;
        if let Some(remaining) = &mut self.remaining {
            *remaining -= 1;
        }
        Ok(match self.remaining {
            Some(0) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}
