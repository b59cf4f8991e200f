//! The holder of a verified certificate.

use tokio_rustls::rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use zmtp::Metadata;

use crate::identity::TransportUser;

/// The most names of a certificate that metadata lists.
const MAX_NAMES: usize = 64;

/// The holder of a certificate that was verified.
pub(crate) fn holder(certificate: &CertificateDer<'_>) -> TransportUser {
    let names = EndEntityCert::try_from(certificate).map(|parsed| names(&parsed));
    let names = names.unwrap_or_default();
    let id = names.first().cloned().unwrap_or_default();
    let mut metadata = Metadata::new();
    // Both names are valid, and no certificate is as long as a value can be.
    let _ = metadata.insert("Certificate-Name", names.join(", "));
    let _ = metadata.insert("Certificate", certificate.to_vec());
    TransportUser::new(id).with_metadata(metadata)
}

/// DNS names, then URIs, then the common name.
fn names(certificate: &EndEntityCert<'_>) -> Vec<String> {
    let alternative = certificate.valid_dns_names().chain(certificate.valid_uri_names());
    let common = common_name(certificate.subject());
    alternative.map(str::to_owned).chain(common).take(MAX_NAMES).collect()
}

/// The common name in a subject (RFC 5280 §4.1.2.4), if it is printable text.
fn common_name(subject: &[u8]) -> Option<String> {
    let mut relative_names = subject;
    while let Some((SET, attributes, rest)) = element(relative_names) {
        relative_names = rest;
        let mut attributes = attributes;
        while let Some((SEQUENCE, attribute, rest)) = element(attributes) {
            attributes = rest;
            if let Some((OBJECT_IDENTIFIER, COMMON_NAME, value)) = element(attribute)
                && let Some((UTF8_STRING | PRINTABLE_STRING, text, _)) = element(value)
            {
                return printable(text);
            }
        }
    }
    None
}

/// Text that a log and a comparison read alike.
fn printable(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

const SET: u8 = 0x31;
const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;

/// 2.5.4.3, encoded.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The first element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn holder_of(names: Vec<SanType>, common: Option<&str>) -> TransportUser {
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = names;
        parameters.distinguished_name.remove(DnType::CommonName);
        parameters.distinguished_name.push(DnType::OrganizationName, "Works");
        if let Some(common) = common {
            parameters.distinguished_name.push(DnType::CommonName, common);
        }
        let key = KeyPair::generate().unwrap();
        holder(parameters.self_signed(&key).unwrap().der())
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn uri(name: &str) -> SanType {
        SanType::URI(name.try_into().unwrap())
    }

    #[test]
    fn user_id_is_first_name_of_certificate() {
        let spiffe = "spiffe://works/robot";
        let all = holder_of(vec![uri(spiffe), dns("a.example"), dns("b.example")], Some("Robot"));
        assert_eq!(all.id(), "a.example");
        let names = all.metadata().get("Certificate-Name").unwrap();
        assert_eq!(names, "a.example, b.example, spiffe://works/robot, Robot");
        assert!(all.metadata().get("Certificate").unwrap().len() > 100);

        assert_eq!(holder_of(vec![uri(spiffe)], Some("Robot")).id(), spiffe);
        assert_eq!(holder_of(vec![], Some("Robot 7")).id(), "Robot 7");
        assert_eq!(holder_of(vec![], Some(&"long".repeat(70))).id(), "long".repeat(70));
        assert_eq!(holder_of(vec![], None).id(), "");
    }

    #[test]
    fn common_name_with_control_bytes_is_none() {
        assert_eq!(holder_of(vec![], Some("root\0.example")).id(), "");
        assert_eq!(holder_of(vec![], Some("line\nbreak")).id(), "");
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_name() {
        assert_eq!(holder(&CertificateDer::from(vec![0x30, 0x03, 1, 2])).id(), "");
    }

    proptest! {
        #[test]
        fn any_subject_is_read(subject: Vec<u8>) {
            common_name(&subject);
        }

        #[test]
        fn any_name_is_read(tag: u8, length: u8, rest: Vec<u8>) {
            let attribute = [&[OBJECT_IDENTIFIER, 3, 0x55, 4, 3, tag, length], &rest[..]].concat();
            let size = u8::try_from(attribute.len() % 128).unwrap();
            let subject = [&[SET, size.wrapping_add(2), SEQUENCE, size], &attribute[..]].concat();
            common_name(&subject);
        }
    }
}
