//! The two streams that the command writes: results to standard output, all else to standard error.

use std::fmt::Display;
use std::io::{self, Write};

use crate::exit::Failure;

/// Writes one line to standard error.
///
/// There is nobody to tell when that fails.
pub(crate) fn tell(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Asks for something on standard error, where the answer follows in the same line.
pub(crate) fn ask(question: &str) {
    let _ = io::stderr().write_all(question.as_bytes());
}

/// Writes `bytes` to standard output, at once.
pub(crate) fn put(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
        Err(error) => Err(Failure::about("standard output", error)),
    }
}
