//! Parsers of text: endpoints, keys, certificates, lists of keys and passwords, networks.

use zeromq_async::Endpoint;
use zeromq_async::security::{CurveKeyPair, CurvePublicKey, CurveSecretKey};
use zeromq_auth::{CurveCertificate, CurveSecretCertificate, IpNetwork, Passwords, PeerRange};

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// An endpoint survives formatting and parsing.
pub fn endpoint(bytes: &[u8]) {
    let Ok(endpoint) = text(bytes).parse::<Endpoint>() else { return };
    let written = endpoint.to_string();
    assert_eq!(written.parse().as_ref(), Ok(&endpoint), "{written}");
}

/// A key is exactly 40 characters of Z85, and survives formatting and parsing.
pub fn keys(bytes: &[u8]) {
    if let Some(key) = bytes.first_chunk::<32>() {
        let public = CurvePublicKey::new(*key);
        assert_eq!(public.to_string().parse(), Ok(public));
        let secret = CurveSecretKey::new(*key);
        assert!(secret.to_z85().parse::<CurveSecretKey>().is_ok_and(|again| again == secret));
    }
    let text = text(bytes);
    if let Ok(key) = text.parse::<CurvePublicKey>() {
        assert_eq!(key.to_string(), text.trim());
    }
}

/// A certificate survives formatting and parsing.
pub fn certificate(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(certificate) = text.parse::<CurveCertificate>() {
        let again: CurveCertificate = certificate.to_zpl().parse().expect("it was written here");
        assert_eq!(again.public_key(), certificate.public_key());
        assert_eq!(again.metadata(), certificate.metadata());
    }
    if let Ok(certificate) = text.parse::<CurveSecretCertificate>() {
        let keys: &CurveKeyPair = certificate.keys();
        assert_eq!(keys.public_key(), certificate.public_key());
        let again: CurveSecretCertificate = certificate.to_zpl().parse().expect("written here");
        assert!(again.keys() == keys);
    }
}

/// Parses lists of keys and of passwords.
pub fn lists(bytes: &[u8]) {
    let text = text(bytes);
    if let Err(error) = text.parse::<Passwords>() {
        assert!(!error.to_string().is_empty());
    }
    if let Ok(keys) = zeromq_auth::parse_keys(bytes) {
        assert!(keys.len() <= text.lines().count());
    }
}

/// A network survives formatting and parsing.
pub fn addresses(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(network) = text.parse::<IpNetwork>() {
        assert_eq!(network.to_string().parse(), Ok(network));
        assert!(text.parse::<PeerRange>().is_ok());
    }
}
