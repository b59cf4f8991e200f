//! Standard output for results, standard error for everything else.

use std::fmt::Display;
use std::io::{self, Write};

use crate::failure::Failure;

/// Writes one line to standard error. Errors are ignored: there is no place left to report them.
pub(crate) fn log(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes a prompt to standard error, without a line end.
pub(crate) fn prompt(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output and flushes it.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
        Err(error) => Err(Failure::about("standard output", error)),
    }
}
