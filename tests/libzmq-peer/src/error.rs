//! Errors, and the error numbers of libzmq.

use std::ffi::CStr;
use std::fmt;
use std::time::Duration;

use crate::ffi;

/// The error of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// libzmq returned an error.
    Zmq {
        /// The C function.
        function: &'static str,
        /// `zmq_errno`. [`errno`] has names for some of them.
        errno: i32,
        /// The text of `zmq_strerror`.
        text: String,
    },
    /// A [`Peer`](crate::Peer) reached its deadline.
    Deadline {
        /// A description of the wait.
        waited_for: String,
        /// The time it waited.
        after: Duration,
    },
    /// The thread of a [`Peer`](crate::Peer) ended: it was stopped, or its closure panicked.
    Gone {
        /// A description of the request.
        waited_for: String,
    },
}

impl Error {
    /// The error of the last failed call on this thread.
    pub(crate) fn last(function: &'static str) -> Self {
        // SAFETY: reads a thread-local number.
        Self::of(function, unsafe { ffi::zmq_errno() })
    }

    pub(crate) fn of(function: &'static str, errno: i32) -> Self {
        // SAFETY: zmq_strerror accepts any number.
        let text = unsafe { ffi::zmq_strerror(errno) };
        // SAFETY: the result is a NUL-terminated string that is valid until the next call on this
        // thread.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        Self::Zmq { function, errno, text }
    }

    /// The error number, if libzmq returned the error.
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
                write!(f, "waited {after:?} for {waited_for}")
            }
            Self::Gone { waited_for } => write!(f, "the peer's thread has ended: {waited_for}"),
        }
    }
}

impl std::error::Error for Error {}

/// Converts a C return code. Zero is success.
pub(crate) fn check(function: &'static str, rc: i32) -> Result<(), Error> {
    match rc {
        0 => Ok(()),
        _ => Err(Error::last(function)),
    }
}

/// Error numbers of the system and of `zmq.h` that tests compare with.
pub mod errno {
    pub use libc::{
        EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ECONNREFUSED, EFAULT, EHOSTUNREACH, EINTR, EINVAL,
        EMFILE, EMSGSIZE, ENODEV, ENOENT, ENOTSUP, EPROTO, EPROTONOSUPPORT,
    };

    /// The state of the socket does not allow this operation.
    pub const EFSM: i32 = HAUSNUMERO + 51;
    /// The transport does not support the socket type.
    pub const ENOCOMPATPROTO: i32 = HAUSNUMERO + 52;
    /// The context was shut down.
    pub const ETERM: i32 = HAUSNUMERO + 53;
    /// No I/O thread is available.
    pub const EMTHREAD: i32 = HAUSNUMERO + 54;

    const HAUSNUMERO: i32 = 156_384_712;
}
