//! Reading standard input ahead of sending.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::thread;

use clap::ValueEnum;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::backlog::Backlog;

/// What a message of standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum InputFormat {
    /// A line
    #[default]
    Lines,
    /// The bytes of one read
    Raw,
    /// A length of four bytes, the most significant first, and that many bytes
    Lengths,
    /// A line with an array of strings, or of {"hex": "…"} for any bytes
    Json,
}

/// The bytes of a message that were read ahead, with their share of [`MAX_BYTES_AHEAD`].
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Reads standard input on its own thread. Tokio's standard input would delay the shutdown of the
/// runtime until the next line.
pub(super) fn read(
    format: InputFormat,
    chunk: usize,
    backlog: Backlog,
) -> mpsc::Receiver<io::Result<Piece>> {
    let (sender, receiver) = mpsc::channel(MAX_PIECES_AHEAD);
    let runtime = Handle::current();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let next = |number| match format {
            InputFormat::Lines | InputFormat::Json => read_line(&mut input, number),
            InputFormat::Raw => read_chunk(&mut input, chunk),
            InputFormat::Lengths => read_length(&mut input, number),
        };
        runtime.block_on(forward(next, sender, backlog));
    });
    receiver
}

/// Reads pieces ahead, up to [`MAX_PIECES_AHEAD`] and [`MAX_BYTES_AHEAD`].
async fn forward(
    mut next: impl FnMut(u64) -> io::Result<Option<Vec<u8>>>,
    sender: mpsc::Sender<io::Result<Piece>>,
    backlog: Backlog,
) {
    let budget = Arc::new(Semaphore::new(MAX_BYTES_AHEAD as usize));
    for piece in (1..).map_while(|number| next(number).transpose()) {
        let failed = piece.is_err();
        backlog.add(usize::from(!failed));
        let piece = match piece {
            Ok(bytes) => Ok(reserve(bytes, &budget).await),
            Err(error) => Err(error),
        };
        if sender.send(piece).await.is_err() || failed {
            return;
        }
    }
}

/// Waits until the bytes fit into the budget.
async fn reserve(bytes: Vec<u8>, budget: &Arc<Semaphore>) -> Piece {
    let size = u32::try_from(bytes.capacity()).unwrap_or(u32::MAX).min(MAX_BYTES_AHEAD);
    let permit = Arc::clone(budget).acquire_many_owned(size).await;
    Piece { bytes, _permit: permit.ok() }
}

/// Reads one line without its end. `None` at the end of the input.
///
/// # Errors
///
/// The line has more than [`MAX_SIZE`] bytes, or cannot be read.
fn read_line(input: &mut impl BufRead, number: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.take(MAX_SIZE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > MAX_SIZE {
        return Err(invalid(format!("line {number} is longer than {MAX_SIZE} bytes, the limit")));
    }
    Ok(Some(line))
}

/// Reads once, up to `size` bytes. `None` at the end of the input.
fn read_chunk(input: &mut impl Read, size: usize) -> io::Result<Option<Vec<u8>>> {
    let mut chunk = vec![0; size];
    loop {
        match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(0) => return Ok(None),
            Ok(read) => {
                chunk.truncate(read);
                chunk.shrink_to_fit();
                return Ok(Some(chunk));
            }
        }
    }
}

/// Reads a length and that many bytes. `None` at the end of the input.
///
/// # Errors
///
/// The length is more than [`MAX_SIZE`], or the input ends within a message or cannot be read.
fn read_length(input: &mut impl BufRead, number: u64) -> io::Result<Option<Vec<u8>>> {
    if input.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => invalid(format!("it ends within message {number}")),
        _ => error,
    };
    let mut length = [0; 4];
    input.read_exact(&mut length).map_err(cut)?;
    let length = u32::from_be_bytes(length);
    if u64::from(length) > MAX_SIZE {
        let text = format!("message {number} has {length} bytes, and the limit is {MAX_SIZE}");
        return Err(invalid(text));
    }
    // Memory grows as bytes arrive. An announced length alone takes none.
    let mut body = Vec::new();
    input.take(length.into()).read_to_end(&mut body)?;
    match body.len() as u64 == u64::from(length) {
        true => Ok(Some(body)),
        false => Err(cut(io::ErrorKind::UnexpectedEof.into())),
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// The limit for one line or length: 16 MiB.
const MAX_SIZE: u64 = 16 << 20;

/// The limit for the number of messages that are read before they can be sent.
const MAX_PIECES_AHEAD: usize = 64;

/// The limit for the memory of these messages: 32 MiB, the most that one line can occupy.
const MAX_BYTES_AHEAD: u32 = 32 << 20;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
        let max = usize::try_from(MAX_SIZE).unwrap();
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
        let (sender, mut receiver) = mpsc::channel(MAX_PIECES_AHEAD);
        let mut input = io::BufReader::with_capacity(SIZE, &lines);
        let next = |number| read_line(&mut input, number);
        let mut reading = pin!(forward(next, sender, Backlog::default()));
        let mut read = || {
            assert!(reading.as_mut().now_or_never().is_none());
            lines.0.load(Ordering::Relaxed)
        };
        // Eight lines fill the limit, and one more waits.
        assert_eq!(read(), 9);
        assert_eq!(receiver.try_recv().unwrap().unwrap().bytes.len(), SIZE - 1);
        assert_eq!(read(), 10);
    }

    #[test]
    fn lengths_frame_any_bytes() {
        let mut input = &b"\0\0\0\x02a\n\0\0\0\0\0\0\0\x05cut"[..];
        assert_eq!(read_length(&mut input, 1).unwrap().unwrap(), b"a\n");
        assert_eq!(read_length(&mut input, 2).unwrap().unwrap(), b"");
        let error = read_length(&mut input, 3).unwrap_err().to_string();
        assert_eq!(error, "it ends within message 3");
        assert_eq!(read_length(&mut &b""[..], 1).unwrap(), None);
        assert!(read_length(&mut &b"\0"[..], 1).is_err());
        let error = read_length(&mut &b"\x01\0\0\x01"[..], 7).unwrap_err().to_string();
        assert!(error.starts_with("message 7 has 16777217 bytes"), "{error}");
    }

    #[test]
    fn chunks_are_what_one_read_gives() {
        let mut input = &b"abcde"[..];
        assert_eq!(read_chunk(&mut input, 4).unwrap().unwrap(), b"abcd");
        assert_eq!(read_chunk(&mut input, 4).unwrap().unwrap(), b"e");
        assert_eq!(read_chunk(&mut input, 4).unwrap(), None);
    }
}
