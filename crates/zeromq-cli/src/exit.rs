//! How the command ends: its exit status, and one line on standard error where that is not 0.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use crate::console;

/// Why the command did not do all that it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 1: something went wrong, and what.
    Error(String),
    /// Exit status 3: nothing came within the time of `--timeout`, and what was waited for.
    TimedOut(String),
    /// Nobody reads standard output any more, as behind `| head`. Not worth a word: status 0.
    OutputClosed,
}

impl Failure {
    pub(crate) fn error(error: impl Display) -> Self {
        Self::Error(error.to_string())
    }

    /// An error that is about an endpoint or an option.
    pub(crate) fn about(subject: impl Display, error: impl Display) -> Self {
        Self::Error(format!("{subject}: {error}"))
    }
}

/// Tells a failure, and gives the exit status.
pub(crate) fn code(result: Result<(), Failure>) -> ExitCode {
    let (text, status) = match result {
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Error(text)) => (text, ERROR),
        Err(Failure::TimedOut(text)) => (text, TIMED_OUT),
    };
    console::tell(format_args!("zmq: {}", text.replace('\n', " ")));
    ExitCode::from(status)
}

/// How many messages were not sent, in words.
pub(crate) fn unsent(count: usize) -> String {
    match count {
        1 => "1 message was not sent".to_owned(),
        _ => format!("{count} messages were not sent"),
    }
}

/// How long connected peers have to take what is queued for them when the command is told to end.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// Wrong usage is 2, which clap sees to.
const ERROR: u8 = 1;
const TIMED_OUT: u8 = 3;
