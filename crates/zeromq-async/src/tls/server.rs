//! The side that accepts TLS connections.

use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::{
    NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier,
};
use tokio_rustls::rustls::sign::SingleCertAndKey;

use super::certificate::TlsCertificate;
use super::config_cache::{ConfigCache, Parts};
use super::error::TlsConfigError;
use super::provider::provider;
use super::roots::TlsRoots;

/// How bound endpoints of `tls://` accept connections: the server's certificate, and whether clients
/// need one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// // The certificates of a server and a client, each its own authority.
/// let server = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
/// let client = rcgen::generate_simple_self_signed(["client-7".to_owned()])?;
/// let of_server = TlsCertificate::from_pem(server.cert.pem(), server.signing_key.serialize_pem())?;
/// let of_client = TlsCertificate::from_pem(client.cert.pem(), client.signing_key.serialize_pem())?;
///
/// let tls = TlsServer::new(of_server)
///     .require_client_certificates(TlsRoots::from_pem(client.cert.pem())?);
/// let mut pull = PullSocket::builder().tls_server(tls).build();
/// let tls = TlsClient::new().roots(TlsRoots::from_pem(server.cert.pem())?).certificate(of_client);
/// let mut push = PushSocket::builder().tls_client(tls).build();
/// push.connect(pull.bind("tls://127.0.0.1:*").await?)?;
/// push.send("in secret").await?;
///
/// let (message, peer) = pull.recv_from().await?;
/// assert_eq!(message, "in secret");
/// assert_eq!(peer.info().user_id(), Some("client-7"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct TlsServer {
    certificate: TlsCertificate,
    clients: Clients,
    configs: ConfigCache<ServerConfig>,
}

#[derive(Debug, Clone)]
enum Clients {
    Anonymous,
    Optional(TlsRoots),
    Required(TlsRoots),
}

impl TlsServer {
    /// A server with this certificate, which asks clients for none.
    pub fn new(certificate: TlsCertificate) -> Self {
        Self { certificate, clients: Clients::Anonymous, configs: ConfigCache::default() }
    }

    /// Accepts only clients with a certificate that one of these authorities has signed.
    ///
    /// The [user id](crate::PeerInfo::user_id) of such a peer is the first DNS name of its certificate,
    /// else the first URI, else the common name of its subject, else empty. The
    /// [metadata](crate::PeerInfo::user_metadata) has all of them as `Certificate-Name`, and the
    /// certificate itself in DER as `Certificate`.
    pub fn require_client_certificates(self, roots: TlsRoots) -> Self {
        Self { clients: Clients::Required(roots), configs: ConfigCache::default(), ..self }
    }

    /// Asks clients for a certificate, and accepts those without one too. An invalid certificate is
    /// refused.
    ///
    /// A client without a certificate has no user id. An
    /// [authenticator](crate::security::Authenticator) can tell both apart.
    pub fn request_client_certificates(self, roots: TlsRoots) -> Self {
        Self { clients: Clients::Optional(roots), configs: ConfigCache::default(), ..self }
    }

    /// The configuration for a handshake now. Files that have changed are loaded.
    pub(crate) async fn config(&self) -> Result<Arc<ServerConfig>, TlsConfigError> {
        let roots = match &self.clients {
            Clients::Anonymous => None,
            Clients::Optional(roots) | Clients::Required(roots) => Some(roots.current().await),
        };
        let parts = Parts { certificate: Some(self.certificate.current().await), roots };
        self.configs.get(parts, |parts| self.make(parts))
    }

    fn make(&self, parts: Parts) -> Result<ServerConfig, TlsConfigError> {
        let Parts { certificate, roots } = parts;
        let no_certificate = || TlsConfigError::NoCertificate { origin: "the server".into() };
        let certificate = certificate.ok_or_else(no_certificate)?;
        let verifier: Arc<dyn ClientCertVerifier> = match roots {
            None => Arc::new(NoClientAuth),
            Some(roots) => {
                let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let builder = match self.clients {
                    Clients::Required(_) => builder,
                    _ => builder.allow_unauthenticated(),
                };
                builder
                    .build()
                    .map_err(|error| TlsConfigError::malformed("the list of authorities", error))?
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsConfigError::malformed("the provider of cryptography", error))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)));
        // A resumed session would not verify the client's certificate again.
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

/// A server equals its clones.
impl PartialEq for TlsServer {
    fn eq(&self, other: &Self) -> bool {
        self.configs.is(&other.configs)
    }
}

impl Eq for TlsServer {}
