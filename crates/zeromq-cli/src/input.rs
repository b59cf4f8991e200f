//! The messages to send: those of the command line, or the lines of standard input as they come.

use std::ffi::OsString;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    backlog: Backlog,
}

/// How many messages have been given, or read, and are not sent yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    pub(crate) fn messages(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, messages: usize) {
        self.0.fetch_add(messages, Ordering::Relaxed);
    }

    fn take(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum Source {
    Given(vec::IntoIter<Vec<u8>>),
    Lines(mpsc::Receiver<io::Result<Vec<u8>>>),
}

impl Input {
    /// Begins to read standard input where the command line has no messages.
    pub(crate) fn new(messages: &[OsString], delimiter: Delimiter, backlog: Backlog) -> Self {
        let source = if messages.is_empty() {
            Source::Lines(read_lines(backlog.clone()))
        } else {
            backlog.add(messages.len());
            let given = messages.iter().map(|text| text.as_encoded_bytes().to_vec());
            Source::Given(given.collect::<Vec<_>>().into_iter())
        };
        Self { source, delimiter, backlog }
    }

    /// Notes that the message which came last is sent.
    pub(crate) fn sent(&self) {
        self.backlog.take();
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
fn read_lines(backlog: Backlog) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let next = |number| read_line(&mut input, number).transpose();
        for line in (1..).map_while(next) {
            let failed = line.is_err();
            backlog.add(usize::from(!failed));
            if sender.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// One line without its end; `None` at the end of the input.
///
/// # Errors
///
/// The line has more than [`LONGEST_LINE`] bytes, or cannot be read.
fn read_line(input: &mut impl BufRead, number: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.take(LONGEST_LINE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > LONGEST_LINE {
        let text =
            format!("line {number} is longer than {LONGEST_LINE} bytes, the most there may be");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(line))
}

/// The most bytes that a line may have: 16 MiB.
const LONGEST_LINE: u64 = 16 << 20;

/// How many lines are read before they can be sent.
const LINES_AHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bytes_and_last_needs_no_newline() {
        let mut input = &b"one\n\n\xff\r\nlast"[..];
        let mut next = || read_line(&mut input, 1).unwrap();
        assert_eq!(next().unwrap(), b"one");
        assert_eq!(next().unwrap(), b"");
        assert_eq!(next().unwrap(), b"\xff\r");
        assert_eq!(next().unwrap(), b"last");
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_has_an_end() {
        let longest = usize::try_from(LONGEST_LINE).unwrap();
        let mut line = vec![b'x'; longest];
        line.push(b'\n');
        assert_eq!(read_line(&mut &*line, 1).unwrap().unwrap().len(), longest);
        let error =
            read_line(&mut io::BufReader::new(io::repeat(b'x')), 7).unwrap_err().to_string();
        assert!(error.starts_with("line 7 is longer than 16777216 bytes"), "{error}");
    }
}
