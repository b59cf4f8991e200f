//! Certificates and keys as PEM text.

use std::path::Path;

use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::error::TlsConfigError;

/// PEM text, and where it is from.
pub(super) struct Pem {
    text: Zeroizing<Vec<u8>>,
    pub(super) origin: String,
}

impl Pem {
    pub(super) fn new(text: impl AsRef<[u8]>, origin: &str) -> Self {
        Self { text: Zeroizing::new(text.as_ref().to_vec()), origin: origin.into() }
    }

    pub(super) fn read(path: &Path) -> Result<Self, TlsConfigError> {
        let text = std::fs::read(path).map_err(|error| TlsConfigError::unreadable(path, error))?;
        Ok(Self { text: Zeroizing::new(text), origin: path.display().to_string() })
    }

    /// All certificates, at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.text).collect();
        let certificates =
            certificates.map_err(|error| TlsConfigError::malformed(&self.origin, error))?;
        if certificates.is_empty() {
            return Err(TlsConfigError::NoCertificate { origin: self.origin.clone() });
        }
        Ok(certificates)
    }

    /// The first private key.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, TlsConfigError> {
        PrivateKeyDer::from_pem_slice(&self.text).map_err(|error| match error {
            PemError::NoItemsFound => TlsConfigError::NoKey { origin: self.origin.clone() },
            error => TlsConfigError::malformed(&self.origin, error),
        })
    }
}
