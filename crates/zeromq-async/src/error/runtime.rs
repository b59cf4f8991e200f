//! What can be wrong with the runtime that a call is made in.

use std::fmt;
use std::io;

use super::{BindError, ConnectError, StreamError};
use crate::endpoint::Endpoint;

/// A driver that a Tokio runtime may have been built without.
///
/// ```
/// use zeromq_async::{PushSocket, RuntimeDriver};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// let error = runtime.block_on(async { PushSocket::new().connect("tcp://127.0.0.1:5555") }).unwrap_err();
/// assert!(error.to_string().contains(&RuntimeDriver::Time.to_string()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeDriver {
    /// The timers, which [`enable_time`](tokio::runtime::Builder::enable_time) adds.
    Time,
    /// The sockets of the system, which [`enable_io`](tokio::runtime::Builder::enable_io) adds.
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

/// Why a runtime does not do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unsuited {
    NoRuntime,
    Lacks(RuntimeDriver),
}

impl Unsuited {
    pub(crate) fn to_bind(self, endpoint: Endpoint) -> BindError {
        match self {
            Self::NoRuntime => BindError::NoRuntime { endpoint },
            Self::Lacks(driver) => BindError::NoDriver { endpoint, driver },
        }
    }

    pub(crate) fn to_connect(self, endpoint: Endpoint) -> ConnectError {
        match self {
            Self::NoRuntime => ConnectError::NoRuntime { endpoint },
            Self::Lacks(driver) => ConnectError::NoDriver { endpoint, driver },
        }
    }
}

impl From<Unsuited> for StreamError {
    fn from(unsuited: Unsuited) -> Self {
        match unsuited {
            Unsuited::NoRuntime => Self::NoRuntime,
            Unsuited::Lacks(driver) => Self::NoDriver(driver),
        }
    }
}

impl From<Unsuited> for io::Error {
    fn from(unsuited: Unsuited) -> Self {
        match unsuited {
            Unsuited::NoRuntime => Self::other(
                "there is no Tokio runtime; call it from a task, or within Runtime::enter",
            ),
            Unsuited::Lacks(driver) => Self::other(format!("the Tokio runtime {driver}")),
        }
    }
}
