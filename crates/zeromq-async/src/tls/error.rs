//! Errors of certificates, keys and authorities before any connection.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A certificate, a key or an authority cannot be used.
///
/// No error contains any part of a key.
///
/// ```
/// use zeromq_async::tls::{TlsConfigError, TlsRoots};
///
/// let error = TlsRoots::from_pem("no certificate").unwrap_err();
/// assert!(matches!(error, TlsConfigError::NoCertificate { .. }));
/// assert!(error.to_string().contains("BEGIN CERTIFICATE"));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// PEM text has no certificate.
    #[error("{origin} has no certificate; it needs a section BEGIN CERTIFICATE")]
    NoCertificate {
        /// The file, or "the certificate".
        origin: String,
    },
    /// PEM text has no private key that can be read without a passphrase.
    #[error(
        "{origin} has no private key; it needs a section BEGIN PRIVATE KEY, and a key with a \
         passphrase has to be decrypted first, as with `openssl pkey`"
    )]
    NoKey {
        /// The file, or "the key".
        origin: String,
    },
    /// The text or the certificate is malformed, or the algorithm of the key is not supported.
    #[error("{origin} cannot be used: {source}")]
    Malformed {
        /// The file, or the name of the argument.
        origin: String,
        /// The reason.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The private key is not the key of the certificate.
    #[error("the private key in {key} is not the key of the certificate in {certificate}")]
    KeyMismatch {
        /// The file of the certificate, or "the certificate".
        certificate: String,
        /// The file of the key, or "the key".
        key: String,
    },
    /// A text is neither a host name nor an IP address.
    #[error("{name:?} is neither a host name nor an IP address")]
    InvalidName {
        /// The text.
        name: String,
    },
    /// The operating system has no certificate authorities.
    #[error(
        "cannot use the certificate authorities of the operating system: {source}; install them (on \
         Debian the package ca-certificates), or give the client roots of its own"
    )]
    Platform {
        /// The reason.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl TlsConfigError {
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(crate) fn malformed(origin: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Malformed { origin: origin.into(), source: Arc::new(source) }
    }
}

impl From<TlsConfigError> for io::Error {
    fn from(error: TlsConfigError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
