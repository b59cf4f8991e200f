//! The TLS certificates of all processes. Their authority has a constant key, so that processes need not
//! exchange them.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};

/// The side that binds at 127.0.0.1.
pub(crate) fn server() -> TlsServer {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
    let certificate = parameters.signed_by(&key, &*authority()).expect("a certificate");
    let certificate = TlsCertificate::from_der([certificate.der().to_vec()], key.serialize_der());
    TlsServer::new(certificate.expect("a certificate and its key"))
}

/// The side that connects.
pub(crate) fn client() -> TlsClient {
    let roots = TlsRoots::from_der([authority().der().to_vec()]);
    TlsClient::new().roots(roots.expect("a certificate"))
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, "versus");
    let key = KeyPair::try_from([&ED25519[..], &[7; 32]].concat()).expect("a key");
    CertifiedIssuer::self_signed(parameters, key).expect("a certificate")
}

/// What PKCS #8 has before the 32 bytes of an Ed25519 key.
const ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_the_same_authority() {
        assert_eq!(authority().key().serialize_der(), authority().key().serialize_der());
        let _ = (server(), client());
    }
}
