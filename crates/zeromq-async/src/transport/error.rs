//! Errors of the operating system, with context.

use std::error::Error;
use std::io;

/// An error of the same kind that says what failed. The original error is its source.
pub(super) fn with_context(error: io::Error, context: impl Into<String>) -> io::Error {
    let kind = error.kind();
    with_source(kind, context, error)
}

/// An error of the given kind that says what failed.
pub(super) fn with_source(
    kind: io::ErrorKind,
    context: impl Into<String>,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> io::Error {
    io::Error::new(kind, InContext { context: context.into(), source: source.into() })
}

#[derive(Debug, thiserror::Error)]
#[error("{context}: {source}")]
struct InContext {
    context: String,
    source: Box<dyn Error + Send + Sync>,
}

/// Whether the process or the system has no free file descriptor.
pub(crate) fn lacks_descriptor(error: &io::Error) -> bool {
    // ENFILE and EMFILE have the same numbers on all Unix systems. Windows has WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// An error about an endpoint of the wrong kind.
pub(super) fn invalid_input(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text.into())
}
