//! The drivers of a Tokio runtime.

use std::fmt;

/// A driver that a Tokio runtime may lack.
///
/// ```
/// use zeromq_async::{PushSocket, RuntimeDriver};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// let _entered = runtime.enter();
/// let error = PushSocket::new().connect("tcp://127.0.0.1:5555").unwrap_err();
/// assert!(error.to_string().contains(&RuntimeDriver::Time.to_string()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeDriver {
    /// Timers ([`enable_time`](tokio::runtime::Builder::enable_time)).
    Time,
    /// Sockets of the system ([`enable_io`](tokio::runtime::Builder::enable_io)).
    Io,
}

impl fmt::Display for RuntimeDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "has no timers; build it with enable_time or enable_all",
            Self::Io => "has no I/O; build it with enable_io or enable_all",
        })
    }
}
