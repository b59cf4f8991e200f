//! Errors in files with keys, passwords or certificates.

use std::io;
use std::path::PathBuf;

use crate::passwords::HashError;

/// A file with keys, passwords or certificates cannot be used.
///
/// The text never contains a key or a password. It names faulty lines by number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The file cannot be written, or exists already.
    #[error("{}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A line of the file is faulty.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, and the fault in it.
        source: LineError,
    },

    /// Two certificates in a folder have the same key.
    #[error("{}: another file of the folder has the same key", path.display())]
    KeyTwice {
        /// The second of the two files.
        path: PathBuf,
    },

    /// The name of a certificate is its user id, and user ids are UTF-8.
    #[error("{}: the file's name is not UTF-8, so it cannot be a user id", path.display())]
    NameNotUtf8 {
        /// The file.
        path: PathBuf,
    },

    /// The file is not a certificate of the expected kind.
    #[cfg(any(feature = "curve", feature = "noise"))]
    #[error("{}: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The fault in the certificate.
        source: CertificateError,
    },
}

/// A line of a file is faulty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The fault in the line.
    pub problem: LineProblem,
}

/// The fault in a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// The line has no valid key.
    #[cfg(any(feature = "curve", feature = "noise"))]
    #[error(transparent)]
    Key(#[from] zeromq_async::security::KeyError),

    /// The line is not UTF-8.
    #[error("this is not UTF-8; save the file as UTF-8")]
    NotUtf8,

    /// An earlier line has the same key.
    #[error("an earlier line has this key; remove one of the two")]
    KeyTwice,

    /// A line of a certificate is not a property.
    #[error("expected `name = \"value\"`")]
    Property,

    /// The line has no colon between user and password.
    #[error("expected `user:password`, and there is no colon")]
    NoColon,

    /// The line has no user before the colon.
    #[error("expected `user:password`, and there is no user before the colon")]
    NoUser,

    /// An earlier line has the same user.
    #[error("an earlier line has this user; remove one of the two")]
    UserTwice,

    /// The password looks like a hash that is not supported.
    #[error("the password looks like a hash, but cannot be used as one: {0}")]
    Hash(#[from] HashError),
}

impl LineProblem {
    pub(crate) fn at(self, line: usize) -> LineError {
        LineError { line, problem: self }
    }
}

/// Text is not a certificate of the expected kind.
#[cfg(any(feature = "curve", feature = "noise"))]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A line is faulty.
    #[error(transparent)]
    Line(#[from] LineError),

    /// A key is missing.
    #[error("there is no {property} in the section {section}")]
    Missing {
        /// `public-key` or `secret-key`.
        property: &'static str,
        /// `curve` or `noise`.
        section: &'static str,
    },

    /// The public key does not belong to the secret key.
    #[error("the public key does not belong to the secret key")]
    KeysDisagree,
}
