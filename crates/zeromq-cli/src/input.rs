//! The messages to send: those of the command line, or the lines of standard input as they come.

use std::ffi::OsString;
use std::io::{self, BufRead};
use std::thread;
use std::vec;

use tokio::sync::mpsc;
use zeromq_async::Message;

use crate::exit::Failure;
use crate::format::Delimiter;

/// A stream of messages.
#[derive(Debug)]
pub(crate) struct Input {
    source: Source,
    delimiter: Delimiter,
}

#[derive(Debug)]
enum Source {
    Given(vec::IntoIter<Vec<u8>>),
    Lines(mpsc::Receiver<io::Result<Vec<u8>>>),
}

impl Input {
    /// Begins to read standard input where the command line has no messages.
    pub(crate) fn new(messages: &[OsString], delimiter: Delimiter) -> Self {
        let source = if messages.is_empty() {
            Source::Lines(read_lines())
        } else {
            let given = messages.iter().map(|text| text.as_encoded_bytes().to_vec());
            Source::Given(given.collect::<Vec<_>>().into_iter())
        };
        Self { source, delimiter }
    }

    /// Whether the end is certain to come without anybody's doing.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.source, Source::Given(_))
    }

    /// Whether the next message is known not to come.
    pub(crate) fn is_used_up(&self) -> bool {
        matches!(&self.source, Source::Given(messages) if messages.len() == 0)
    }

    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        let line = match &mut self.source {
            Source::Given(messages) => messages.next(),
            Source::Lines(lines) => lines
                .recv()
                .await
                .transpose()
                .map_err(|error| Failure::about("standard input", error))?,
        };
        Ok(line.map(|line| self.delimiter.split(line)))
    }
}

/// Reads standard input in a thread of its own.
///
/// Tokio's standard input would hold up the end of the runtime until the next line.
fn read_lines() -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = read_line(&mut input).transpose() {
            let failed = line.is_err();
            if sender.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// One line without its end; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(line))
}

/// How many lines are read before they can be sent.
const LINES_AHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_octets_and_the_last_needs_no_end() {
        let mut input = &b"one\n\n\xff\r\nlast"[..];
        let mut next = || read_line(&mut input).unwrap();
        assert_eq!(next().unwrap(), b"one");
        assert_eq!(next().unwrap(), b"");
        assert_eq!(next().unwrap(), b"\xff\r");
        assert_eq!(next().unwrap(), b"last");
        assert_eq!(next(), None);
    }
}
