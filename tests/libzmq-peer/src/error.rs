//! What can go wrong, and libzmq's error numbers.

use std::ffi::CStr;
use std::fmt;
use std::time::Duration;

use crate::ffi;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// libzmq refused.
    Zmq {
        /// The C function.
        function: &'static str,
        /// `zmq_errno`; [`errno`] has names for those worth testing.
        errno: i32,
        /// `zmq_strerror` of it.
        text: String,
    },
    /// A [`Peer`](crate::Peer) waited as long as it was allowed to.
    Deadline {
        /// What it was waiting for.
        waited_for: String,
        /// For how long.
        after: Duration,
    },
    /// The thread of a [`Peer`](crate::Peer) ended first: it was stopped, or its closure panicked.
    Gone {
        /// What was asked of it.
        waited_for: String,
    },
}

impl Error {
    /// What libzmq says about the call that has just failed on this thread.
    pub(crate) fn last(function: &'static str) -> Self {
        // SAFETY: reads a thread-local number; always allowed.
        Self::of(function, unsafe { ffi::zmq_errno() })
    }

    pub(crate) fn of(function: &'static str, errno: i32) -> Self {
        // SAFETY: zmq_strerror takes any number.
        let text = unsafe { ffi::zmq_strerror(errno) };
        // SAFETY: it answers with a NUL-terminated string that stays valid until this thread asks
        // again.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        Self::Zmq { function, errno, text }
    }

    /// The number, when the error is libzmq's own.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Zmq { errno, .. } => Some(*errno),
            Self::Deadline { .. } | Self::Gone { .. } => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zmq { function, errno, text } => write!(f, "{function}: {text} (errno {errno})"),
            Self::Deadline { waited_for, after } => {
                write!(f, "waited {after:?} in vain: {waited_for}")
            }
            Self::Gone { waited_for } => write!(f, "the peer's thread has ended: {waited_for}"),
        }
    }
}

impl std::error::Error for Error {}

/// Zero, as C says that a call went well.
pub(crate) fn check(function: &'static str, rc: i32) -> Result<(), Error> {
    match rc {
        0 => Ok(()),
        _ => Err(Error::last(function)),
    }
}

/// Error numbers that tests compare with: the system's, and those that `zmq.h` adds.
pub mod errno {
    pub use libc::{
        EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ECONNREFUSED, EFAULT, EHOSTUNREACH, EINTR, EINVAL,
        EMFILE, EMSGSIZE, ENODEV, ENOENT, ENOTSUP, EPROTO, EPROTONOSUPPORT,
    };

    /// The socket's state machine does not allow this now.
    pub const EFSM: i32 = HAUSNUMERO + 51;
    /// The transport does not go with the socket type.
    pub const ENOCOMPATPROTO: i32 = HAUSNUMERO + 52;
    /// The context was shut down.
    pub const ETERM: i32 = HAUSNUMERO + 53;
    /// No I/O thread is available.
    pub const EMTHREAD: i32 = HAUSNUMERO + 54;

    const HAUSNUMERO: i32 = 156_384_712;
}
