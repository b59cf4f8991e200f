//! What can be wrong with a file that says who is let in.

use std::io;
use std::path::PathBuf;

/// A file that says who is let in cannot be used.
///
/// No secret is part of it: lines are named by their number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// It can be read and has a faulty line.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, and what is wrong with it.
        source: LineError,
    },
}

/// A line that says who is let in is faulty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: LineProblem,
}

/// What is wrong with a line that says who is let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It does not begin with a public key.
    #[cfg(any(feature = "curve", feature = "noise"))]
    #[error(transparent)]
    Key(#[from] zmtp::KeyError),

    /// An earlier line has the same key, perhaps for another user.
    #[error("this key has a line already; leave one of them")]
    KeyTwice,

    /// No `user:password`.
    #[error("there is no colon between user and password")]
    NoColon,

    /// Nothing in front of the colon.
    #[error("there is no user in front of the colon")]
    NoUser,

    /// An earlier line has the same user.
    #[error("this user has a line already; leave one of them")]
    UserTwice,

    /// What looks like a hash and is none that can be checked.
    #[error("the password looks like a hash and is none that can be used: {0}")]
    Hash(#[from] super::super::HashError),
}

impl LineProblem {
    pub(in super::super) fn at(self, line: usize) -> LineError {
        LineError { line, problem: self }
    }
}
