//! The system's errors, with what they are about.

use std::error::Error;
use std::{fmt, io};

/// An error of the same kind that says what it is about; the system's is its source.
pub(super) fn explained(error: io::Error, about: impl Into<String>) -> io::Error {
    io::Error::new(error.kind(), Explained { about: about.into(), error })
}

#[derive(Debug)]
struct Explained {
    about: String,
    error: io::Error,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.error)
    }
}

impl Error for Explained {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
