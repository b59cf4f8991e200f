//! A certificate authority, and certificates that it issues.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};

/// The host of all servers in tests.
pub const HOST: &str = "127.0.0.1";

/// An endpoint to bind over TLS.
pub const ANY_TLS_PORT: &str = "tls://127.0.0.1:*";

/// A certificate authority of its own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key as PEM text.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// An authority with a name of its own.
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        Self::named(&format!("Test Authority {}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn named(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("a certificate"))
    }

    /// The certificate of the authority.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn roots(&self) -> TlsRoots {
        TlsRoots::from_pem(self.pem()).expect("a certificate")
    }

    /// Issues a certificate for a host or an IP address.
    pub fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| {})
    }

    /// Issues a certificate with other parameters.
    pub fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut parameters = CertificateParams::new([name.to_owned()]).expect("a name");
        change(&mut parameters);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &*self.0).expect("a certificate");
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A server at [`HOST`].
    pub fn server(&self) -> TlsServer {
        TlsServer::new(self.issue(HOST).tls())
    }

    /// A client that trusts this authority.
    pub fn client(&self) -> TlsClient {
        TlsClient::new().roots(self.roots())
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Issued {
    pub fn tls(&self) -> TlsCertificate {
        TlsCertificate::from_pem(&self.certificate, &self.key).expect("a certificate and its key")
    }
}
