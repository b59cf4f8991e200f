//! A certificate chain with its private key.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::Error as RustlsError;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::error::TlsConfigError;
use super::pem::Pem;
use super::provider::provider;
use super::reloaded::Source;

/// The certificate of a server or of a client, the certificates between it and a trusted authority, and
/// its private key.
///
/// Clones share the files and their contents.
///
/// ```
/// use zeromq_async::tls::TlsCertificate;
///
/// let made = rcgen::generate_simple_self_signed(["example.org".to_owned()])?;
/// let certificate = TlsCertificate::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?;
/// assert!(format!("{certificate:?}").contains("TlsCertificate"));
///
/// let other = rcgen::generate_simple_self_signed(["example.org".to_owned()])?;
/// let error = TlsCertificate::from_pem(made.cert.pem(), other.signing_key.serialize_pem());
/// assert!(error.unwrap_err().to_string().contains("is not the key of the certificate"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TlsCertificate(Source<CertifiedKey>);

impl TlsCertificate {
    /// Reads PEM text: the certificate, then the certificates between it and an authority, and the
    /// private key (PKCS #8, PKCS #1 or SEC 1, without a passphrase).
    ///
    /// # Errors
    ///
    /// The text has no certificate or no key, the key is not that of the certificate, or its algorithm
    /// is not supported.
    pub fn from_pem(
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsConfigError> {
        let (chain, key) = (Pem::new(chain, "the certificate"), Pem::new(key, "the key"));
        Ok(Self(Source::value(certified(&chain, &key)?)))
    }

    /// Reads DER: the certificate, then the certificates between it and an authority, and the private
    /// key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(
        chain: impl IntoIterator<Item = impl Into<Vec<u8>>>,
        key: impl Into<Vec<u8>>,
    ) -> Result<Self, TlsConfigError> {
        let chain: Vec<_> = chain.into_iter().map(|der| CertificateDer::from(der.into())).collect();
        if chain.is_empty() {
            return Err(TlsConfigError::NoCertificate { origin: "the certificate".into() });
        }
        let key = Zeroizing::new(key.into());
        let key = PrivateKeyDer::try_from(key.as_slice()).map_err(|reason| {
            let origin = "the key".to_owned();
            TlsConfigError::Malformed {
                origin,
                source: Box::<dyn Error + Send + Sync>::from(reason).into(),
            }
        })?;
        certify(chain, key.clone_key(), ["the certificate", "the key"])
            .map(|key| Self(Source::value(key)))
    }

    /// Reads PEM files: the certificate with the certificates between it and an authority, and the
    /// private key. Both may be in one file.
    ///
    /// The files are checked before each handshake, and loaded again if they have changed: see the
    /// [module](super). Reading blocks the thread here, so call it before the program serves requests.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or as [`from_pem`](Self::from_pem).
    pub fn from_pem_files(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, TlsConfigError> {
        Source::files(vec![chain.into(), key.into()], read).map(Self)
    }

    /// The certificate now.
    pub(super) async fn current(&self) -> Arc<CertifiedKey> {
        self.0.current().await
    }
}

impl fmt::Debug for TlsCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsCertificate").field("files", &self.0.paths()).finish_non_exhaustive()
    }
}

fn read(paths: &[PathBuf]) -> Result<CertifiedKey, TlsConfigError> {
    let pem = |index: usize| Pem::read(paths.get(index).map_or(Path::new(""), PathBuf::as_path));
    certified(&pem(0)?, &pem(1)?)
}

fn certified(chain: &Pem, key: &Pem) -> Result<CertifiedKey, TlsConfigError> {
    certify(chain.certificates()?, key.key()?, [&chain.origin, &key.origin])
}

fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    [of_chain, of_key]: [&str; 2],
) -> Result<CertifiedKey, TlsConfigError> {
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        RustlsError::InconsistentKeys(_) => {
            TlsConfigError::KeyMismatch { certificate: of_chain.into(), key: of_key.into() }
        }
        RustlsError::InvalidCertificate(_) => TlsConfigError::malformed(of_chain, error),
        error => TlsConfigError::malformed(of_key, error),
    })
}
