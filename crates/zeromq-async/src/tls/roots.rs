//! Certificate authorities that a side trusts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::error::TlsConfigError;
use super::pem::Pem;
use super::reloaded::Source;

/// The certificates of the authorities that a side trusts, at least one.
///
/// A certificate of the peer must be signed by one of them, or by one that they have signed. Clones share
/// the file, and what was read from it.
///
/// ```
/// use zeromq_async::tls::TlsRoots;
///
/// let made = rcgen::generate_simple_self_signed(["example.org".to_owned()])?;
/// assert!(TlsRoots::from_pem(made.cert.pem()).is_ok());
/// assert!(TlsRoots::from_der([made.cert.der().to_vec()]).is_ok());
/// assert!(TlsRoots::from_pem_file("/no/such/file").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TlsRoots(Source<RootCertStore>);

impl TlsRoots {
    /// Reads all certificates of PEM text.
    ///
    /// # Errors
    ///
    /// The text has no certificate, or a malformed one.
    pub fn from_pem(text: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        let pem = Pem::new(text, "the list of authorities");
        store(pem.certificates()?, &pem.origin).map(|store| Self(Source::value(store)))
    }

    /// Reads DER certificates.
    ///
    /// # Errors
    ///
    /// There is none, or a malformed one.
    pub fn from_der(
        certificates: impl IntoIterator<Item = impl Into<Vec<u8>>>,
    ) -> Result<Self, TlsConfigError> {
        let certificates: Vec<_> =
            certificates.into_iter().map(|der| CertificateDer::from(der.into())).collect();
        if certificates.is_empty() {
            return Err(TlsConfigError::NoCertificate { origin: "the list of authorities".into() });
        }
        store(certificates, "the list of authorities").map(|store| Self(Source::value(store)))
    }

    /// Reads all certificates of a PEM file.
    ///
    /// The file is checked before each handshake, and loaded again if it has changed: see the
    /// [module](super). Reading blocks the thread here, so call it before the program serves requests.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or as [`from_pem`](Self::from_pem).
    pub fn from_pem_file(path: impl Into<PathBuf>) -> Result<Self, TlsConfigError> {
        Source::files(vec![path.into()], read).map(Self)
    }

    /// Mozilla's list, as of the version of the crate `webpki-roots` that the program was built with.
    ///
    /// For systems without a list of their own, such as a container of one file. It needs the feature
    /// `webpki-roots`.
    #[cfg(feature = "webpki-roots")]
    pub fn mozilla() -> Self {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self(Source::value(roots))
    }

    /// The authorities now.
    pub(super) async fn current(&self) -> Arc<RootCertStore> {
        self.0.current().await
    }
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsRoots").field("files", &self.0.paths()).finish_non_exhaustive()
    }
}

fn read(paths: &[PathBuf]) -> Result<RootCertStore, TlsConfigError> {
    let mut all = Vec::new();
    let mut origin = String::new();
    for path in paths {
        let pem = Pem::read(path)?;
        all.append(&mut pem.certificates()?);
        origin = pem.origin;
    }
    store(all, &origin)
}

fn store(
    certificates: Vec<CertificateDer<'static>>,
    origin: &str,
) -> Result<RootCertStore, TlsConfigError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate).map_err(|error| TlsConfigError::malformed(origin, error))?;
    }
    Ok(store)
}
