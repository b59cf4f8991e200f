//! Reasons why the command fails.

use std::fmt::Display;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 1, with this text on standard error.
    Error(String),
    /// Exit status 3: `--timeout` has expired.
    TimedOut(String),
    /// The reader of standard output is gone, as with `| head`. Exit status 0, without a text.
    OutputClosed,
}

impl Failure {
    pub(crate) fn error(error: impl Display) -> Self {
        Self::Error(error.to_string())
    }

    /// An error about an endpoint or an option.
    pub(crate) fn about(subject: impl Display, error: impl Display) -> Self {
        Self::Error(format!("{subject}: {error}"))
    }

    /// Messages for these endpoints were not sent.
    pub(crate) fn unsent(endpoints: impl Display, count: usize) -> Self {
        match count {
            1 => Self::about(endpoints, "1 message was not sent"),
            _ => Self::about(endpoints, format_args!("{count} messages were not sent")),
        }
    }
}
