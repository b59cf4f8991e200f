//! The side that makes TLS connections.

use std::fmt;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::task::spawn_blocking;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::certificate::TlsCertificate;
use super::config_cache::{ConfigCache, Parts};
use super::error::TlsConfigError;
use super::provider::provider;
use super::roots::TlsRoots;
use crate::sync::Mutex;

/// How a socket connects to endpoints of `tls://`: the authorities that it trusts, the name that it
/// expects, and its own certificate.
///
/// [`TlsServer`](super::TlsServer) has an example.
///
/// ```
/// use zeromq_async::tls::TlsClient;
///
/// let client = TlsClient::new().server_name("db.example.org")?;
/// assert!(TlsClient::new().server_name("not a name").is_err());
/// # drop(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TlsClient {
    /// `None` trusts what the operating system trusts.
    roots: Option<TlsRoots>,
    certificate: Option<TlsCertificate>,
    server_name: Option<ServerName<'static>>,
    platform: Arc<Mutex<Option<Arc<dyn ServerCertVerifier>>>>,
    configs: ConfigCache<ClientConfig>,
}

impl TlsClient {
    /// A client without a certificate, which trusts the authorities that the operating system trusts.
    ///
    /// On Windows, macOS, iOS and Android the system itself verifies the server's certificate. Elsewhere
    /// its list of authorities is read at the first connection.
    pub fn new() -> Self {
        Self {
            roots: None,
            certificate: None,
            server_name: None,
            platform: Arc::default(),
            configs: ConfigCache::default(),
        }
    }

    /// Trusts these authorities, instead of those of the operating system.
    pub fn roots(self, roots: TlsRoots) -> Self {
        Self { roots: Some(roots), configs: ConfigCache::default(), ..self }
    }

    /// Shows this certificate to servers that ask for one.
    pub fn certificate(self, certificate: TlsCertificate) -> Self {
        Self { certificate: Some(certificate), configs: ConfigCache::default(), ..self }
    }

    /// The name that the server's certificate must have, for all endpoints. Default: the host of the
    /// endpoint.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](TlsConfigError::InvalidName).
    pub fn server_name(self, name: &str) -> Result<Self, TlsConfigError> {
        let invalid = |_| TlsConfigError::InvalidName { name: name.into() };
        let name = ServerName::try_from(name.to_owned()).map_err(invalid)?;
        Ok(Self { server_name: Some(name), configs: ConfigCache::default(), ..self })
    }

    /// The name to expect of the server at this host.
    pub(crate) fn name_of(&self, host: &str) -> Result<ServerName<'static>, TlsConfigError> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        let invalid = |_| TlsConfigError::InvalidName { name: host.into() };
        ServerName::try_from(host.to_owned()).map_err(invalid)
    }

    /// The configuration for a handshake now. Files that have changed are loaded.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, TlsConfigError> {
        let mut parts = Parts { certificate: None, roots: None };
        if let Some(certificate) = &self.certificate {
            parts.certificate = Some(certificate.current().await);
        }
        let mut platform = None;
        match &self.roots {
            Some(roots) => parts.roots = Some(roots.current().await),
            None => platform = Some(self.platform().await?),
        }
        self.configs.get(parts, |parts| make(parts, platform))
    }

    /// What the operating system trusts, read once.
    async fn platform(&self) -> Result<Arc<dyn ServerCertVerifier>, TlsConfigError> {
        if let Some(known) = &*self.platform.lock() {
            return Ok(known.clone());
        }
        let unusable = |source| TlsConfigError::Platform { source };
        let read = spawn_blocking(|| Verifier::new(provider())).await;
        let verifier = read.map_err(|error| unusable(Arc::new(error)))?;
        let verifier: Arc<dyn ServerCertVerifier> =
            Arc::new(verifier.map_err(|error| unusable(Arc::new(error)))?);
        *self.platform.lock() = Some(verifier.clone());
        Ok(verifier)
    }
}

fn make(
    parts: Parts,
    platform: Option<Arc<dyn ServerCertVerifier>>,
) -> Result<ClientConfig, TlsConfigError> {
    let Parts { certificate, roots } = parts;
    let verifier = match (platform, roots) {
        (Some(platform), _) => platform,
        (None, roots) => {
            let roots = roots.unwrap_or_else(|| Arc::new(RootCertStore::empty()));
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
            verifier.map_err(|error| TlsConfigError::malformed("the list of authorities", error))?
        }
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsConfigError::malformed("the provider of cryptography", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)))
        }
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

impl Default for TlsClient {
    fn default() -> Self {
        Self::new()
    }
}

/// A client equals its clones.
impl PartialEq for TlsClient {
    fn eq(&self, other: &Self) -> bool {
        self.configs.is(&other.configs)
    }
}

impl Eq for TlsClient {}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("roots", &self.roots)
            .field("certificate", &self.certificate)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}
