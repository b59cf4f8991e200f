//! What can be wrong with a file of keys or passwords.

use std::io;
use std::path::PathBuf;

/// A file of keys or passwords cannot be used.
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

    /// It cannot be written, or is there already.
    #[error("{}: {source}", path.display())]
    Unwritable {
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

    /// Its key is also in another file of the folder.
    #[error("{}: its key is in another file of the folder as well", path.display())]
    KeyTwice {
        /// The file.
        path: PathBuf,
    },

    /// Its name is the user id of its holder, and user ids are UTF-8.
    #[error("{}: its name is not UTF-8, and would be a user id", path.display())]
    NameNotUtf8 {
        /// The file.
        path: PathBuf,
    },

    /// It can be read and is no certificate.
    #[cfg(any(feature = "curve", feature = "noise"))]
    #[error("{}: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::CertificateError,
    },
}

/// A line of a file of keys or passwords is faulty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: LineProblem,
}

/// What is wrong with a line of a file of keys or passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// There is no key where one belongs.
    #[cfg(any(feature = "curve", feature = "noise"))]
    #[error(transparent)]
    Key(#[from] zeromq_async::security::KeyError),

    /// Bytes that are no UTF-8, where text is needed.
    #[error("this is not UTF-8; save the file as UTF-8")]
    NotUtf8,

    /// An earlier line has the same key, perhaps for another user.
    #[error("this key has a line already; leave one of them")]
    KeyTwice,

    /// No name, or no value behind it, in a certificate.
    #[error("this is no `name = \"value\"`")]
    Property,

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
