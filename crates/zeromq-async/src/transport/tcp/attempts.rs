//! What came of each address of an endpoint.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// The addresses that were tried in vain, each with its own error.
#[derive(Debug, Default)]
pub(super) struct Attempts(pub(super) Vec<(SocketAddr, io::Error)>);

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for Attempts {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.last().map(|(_, error)| error as _)
    }
}

/// Of the kind of the last one.
impl From<Attempts> for io::Error {
    fn from(attempts: Attempts) -> Self {
        let kind = attempts.0.last().map_or(io::ErrorKind::NotFound, |(_, error)| error.kind());
        Self::new(kind, attempts)
    }
}
