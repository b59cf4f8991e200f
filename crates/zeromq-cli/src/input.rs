//! The messages to send, from the command line or from the lines of standard input.

use std::ffi::OsString;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{thread, vec};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use zeromq_async::Message;

use crate::failure::Failure;
use crate::format::Delimiter;
use crate::targets::Targets;

#[derive(Debug)]
pub(crate) struct Input {
    source: Source,
    delimiter: Delimiter,
    targets: Targets,
    backlog: Backlog,
}

/// Counts the messages that are read but not sent yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    pub(crate) fn messages(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, messages: usize) {
        self.0.fetch_add(messages, Ordering::Relaxed);
    }

    fn remove_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum Source {
    Arguments(vec::IntoIter<Vec<u8>>),
    Lines(mpsc::Receiver<io::Result<Line>>),
}

/// A line that was read ahead, with its share of [`MAX_BYTES_AHEAD`].
#[derive(Debug)]
struct Line {
    bytes: Vec<u8>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Input {
    /// Starts to read standard input if there are no messages.
    pub(crate) fn new(messages: &[OsString], delimiter: Delimiter, backlog: Backlog) -> Self {
        let source = if messages.is_empty() {
            Source::Lines(read_lines(backlog.clone()))
        } else {
            backlog.add(messages.len());
            let messages = messages.iter().map(|text| text.as_encoded_bytes().to_vec());
            Source::Arguments(messages.collect::<Vec<_>>().into_iter())
        };
        Self { source, delimiter, targets: Targets::default(), backlog }
    }

    /// Puts the address of a target in front of each message.
    pub(crate) fn to(self, targets: Targets) -> Self {
        Self { targets, ..self }
    }

    /// Removes the message from [`next`](Self::next) from the backlog.
    pub(crate) fn sent(&self) {
        self.backlog.remove_one();
    }

    /// Whether the input is known to end. Standard input may never end.
    pub(crate) fn is_finite(&self) -> bool {
        matches!(self.source, Source::Arguments(_))
    }

    /// Whether it is known that no message follows.
    pub(crate) fn is_exhausted(&self) -> bool {
        matches!(&self.source, Source::Arguments(messages) if messages.len() == 0)
    }

    /// The next message. `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        let line = match &mut self.source {
            Source::Arguments(messages) => messages.next(),
            Source::Lines(lines) => {
                let line = lines.recv().await.transpose();
                line.map_err(|error| Failure::about("standard input", error))?
                    .map(|line| line.bytes)
            }
        };
        line.map(|line| self.message(line)).transpose()
    }

    fn message(&mut self, line: Vec<u8>) -> Result<Message, Failure> {
        let message = match self.targets.are_in_messages() {
            true => self.delimiter.split_once(line),
            false => self.delimiter.split(line),
        };
        self.targets.address(message)
    }
}

/// Reads standard input on its own thread. Tokio's standard input would delay the shutdown of the
/// runtime until the next line.
fn read_lines(backlog: Backlog) -> mpsc::Receiver<io::Result<Line>> {
    let (sender, receiver) = mpsc::channel(MAX_LINES_AHEAD);
    let runtime = Handle::current();
    thread::spawn(move || runtime.block_on(forward_lines(io::stdin().lock(), sender, backlog)));
    receiver
}

/// Reads lines ahead, up to [`MAX_LINES_AHEAD`] and [`MAX_BYTES_AHEAD`].
async fn forward_lines(
    mut input: impl BufRead,
    sender: mpsc::Sender<io::Result<Line>>,
    backlog: Backlog,
) {
    let budget = Arc::new(Semaphore::new(MAX_BYTES_AHEAD as usize));
    let next = |number| read_line(&mut input, number).transpose();
    for line in (1..).map_while(next) {
        let failed = line.is_err();
        backlog.add(usize::from(!failed));
        let line = match line {
            Ok(bytes) => Ok(reserve(bytes, &budget).await),
            Err(error) => Err(error),
        };
        if sender.send(line).await.is_err() || failed {
            return;
        }
    }
}

/// Waits until the line fits into the budget.
async fn reserve(bytes: Vec<u8>, budget: &Arc<Semaphore>) -> Line {
    let size = u32::try_from(bytes.capacity()).unwrap_or(u32::MAX).min(MAX_BYTES_AHEAD);
    let permit = Arc::clone(budget).acquire_many_owned(size).await;
    Line { bytes, _permit: permit.ok() }
}

/// Reads one line without its end. `None` at the end of the input.
///
/// # Errors
///
/// The line has more than [`MAX_LINE_SIZE`] bytes, or cannot be read.
fn read_line(input: &mut impl BufRead, number: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.take(MAX_LINE_SIZE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > MAX_LINE_SIZE {
        let text = format!("line {number} is longer than {MAX_LINE_SIZE} bytes, the limit");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(line))
}

/// The limit for one line: 16 MiB.
const MAX_LINE_SIZE: u64 = 16 << 20;

/// The limit for the number of lines that are read before they can be sent.
const MAX_LINES_AHEAD: usize = 64;

/// The limit for the memory of these lines: 32 MiB, the most that one line can occupy.
const MAX_BYTES_AHEAD: u32 = 32 << 20;

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

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
    fn line_size_is_limited() {
        let max = usize::try_from(MAX_LINE_SIZE).unwrap();
        let mut line = vec![b'x'; max];
        line.push(b'\n');
        assert_eq!(read_line(&mut &*line, 1).unwrap().unwrap().len(), max);
        let error =
            read_line(&mut io::BufReader::new(io::repeat(b'x')), 7).unwrap_err().to_string();
        assert!(error.starts_with("line 7 is longer than 16777216 bytes"), "{error}");
    }

    /// Endless lines of 4 MiB. Counts the lines.
    struct LongLines(AtomicUsize);

    impl Read for &LongLines {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'x');
            if let Some(last) = buffer.last_mut() {
                *last = b'\n';
                self.0.fetch_add(1, Ordering::Relaxed);
            }
            Ok(buffer.len())
        }
    }

    #[test]
    fn lines_read_ahead_are_bounded_by_bytes() {
        const SIZE: usize = 4 << 20;
        let lines = LongLines(AtomicUsize::new(0));
        let (sender, mut receiver) = mpsc::channel(MAX_LINES_AHEAD);
        let input = io::BufReader::with_capacity(SIZE, &lines);
        let mut reading = pin!(forward_lines(input, sender, Backlog::default()));
        let mut read = || {
            assert!(reading.as_mut().now_or_never().is_none());
            lines.0.load(Ordering::Relaxed)
        };
        // Eight lines fill the limit, and one more waits.
        assert_eq!(read(), 9);
        assert_eq!(receiver.try_recv().unwrap().unwrap().bytes.len(), SIZE - 1);
        assert_eq!(read(), 10);
    }
}
