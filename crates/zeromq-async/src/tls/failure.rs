//! Why a TLS connection failed.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as RustlsError};

/// Why the TLS handshake of a connection failed, or what broke TLS later.
///
/// [`HandshakeFailure::Tls`](crate::HandshakeFailure::Tls) has it. An error that ends an established
/// connection is a [`DisconnectReason::Io`](crate::DisconnectReason::Io) with it inside.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::tls::{TlsClient, TlsFailure, TlsRoots};
/// use zeromq_async::{HandshakeFailure, PullSocket, PushSocket, SocketEvent};
///
/// let mut pull = PullSocket::new();
/// let plain = pull.bind("tcp://127.0.0.1:*").await?;
/// let authority = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
/// let tls = TlsClient::new().roots(TlsRoots::from_pem(authority.cert.pem())?);
/// let push = PushSocket::builder().tls_client(tls).build();
/// let mut events = push.events();
/// push.connect(plain.with_scheme("tls")?)?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::HandshakeFailed { reason, .. } = event {
///         assert!(matches!(reason, HandshakeFailure::Tls(TlsFailure::PlainPeer)));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// No trusted authority has signed the peer's certificate.
    #[error(
        "no authority that this side trusts has signed the peer's certificate; if the peer is right, \
         add the certificate of its authority to the TlsRoots here"
    )]
    UnknownIssuer,
    /// The peer's certificate has expired.
    #[error(
        "the peer's certificate expired{}; renew it, or correct the clock of this machine",
        Past(ago)
    )]
    Expired {
        /// How long ago, by the clock of this machine, if known.
        ago: Option<Duration>,
    },
    /// The peer's certificate is not valid yet.
    #[error(
        "the peer's certificate is not valid yet{}; correct the clock of this machine, or wait",
        Future(ahead)
    )]
    NotYetValid {
        /// In which time it will be, by the clock of this machine, if known.
        ahead: Option<Duration>,
    },
    /// The server's certificate is for other names.
    #[error(
        "the server's certificate is not for {expected}, but for {}; connect to one of its names, or \
         set TlsClient::server_name",
        Names(presented)
    )]
    WrongName {
        /// The name that this side expects.
        expected: String,
        /// The names that the certificate has, if known.
        presented: Vec<String>,
    },
    /// The peer's certificate is invalid for another reason, such as a use that it does not allow.
    #[error("the peer's certificate is invalid: {source}")]
    InvalidCertificate {
        /// The reason.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The client has no certificate, and this server requires one.
    #[error(
        "the client shows no certificate, and this server requires one; set TlsClient::certificate \
         there"
    )]
    NoCertificate,
    /// The peer refused this side with a TLS alert.
    #[error("the peer refused this side with the TLS alert {alert}: {}", advice(alert))]
    Refused {
        /// The name of the alert (RFC 8446 §6), such as `UnknownCA`.
        alert: String,
    },
    /// The peer speaks ZMTP without TLS.
    #[error(
        "the peer speaks ZMTP without TLS; use the same transport on both sides, tls:// or tcp://"
    )]
    PlainPeer,
    /// The peer speaks neither TLS nor ZMTP.
    #[error("the peer does not speak TLS: its first bytes are \"{}\"", first.escape_ascii())]
    NotTls {
        /// Its first bytes, up to 10.
        first: Vec<u8>,
    },
    /// The peer closed the connection during the TLS handshake.
    #[error(
        "the peer closed the connection during the TLS handshake; it may not speak TLS, or not accept \
         this side"
    )]
    PeerClosed,
    /// The connection ended without the end of TLS (`close_notify`). Messages before it may be missing.
    #[error(
        "the connection ended without the end of TLS: the peer's program or the network ended, or the \
         connection was cut on purpose"
    )]
    Truncated,
    /// Both sides have no version or algorithm of TLS in common.
    #[error("no version or algorithm of TLS is common to both sides: {source}")]
    Incompatible {
        /// The reason.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// Certificates or authorities of this side cannot be used now.
    #[error(transparent)]
    Config(#[from] super::TlsConfigError),
    /// The peer broke the TLS protocol, or the bytes were changed on their way.
    #[error("TLS is broken: {source}")]
    Broken {
        /// The reason.
        source: Arc<dyn Error + Send + Sync>,
    },
}

/// The first byte of a ZMTP greeting, and the one after it.
const ZMTP: [u8; 2] = [0xff, 0];

impl TlsFailure {
    /// Gives an error of a TLS stream its reason. `first` are the first bytes that the peer sent, and
    /// during the handshake an end of the stream is one of the peer's.
    pub(crate) fn of_stream(error: io::Error, first: &[u8], in_handshake: bool) -> io::Error {
        let kind = error.kind();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<RustlsError>());
        let failure = match cause {
            Some(cause) => Self::of(cause, first),
            None if kind == io::ErrorKind::UnexpectedEof && in_handshake => Self::PeerClosed,
            None if kind == io::ErrorKind::UnexpectedEof => Self::Truncated,
            None => return error,
        };
        io::Error::new(kind, failure)
    }

    pub(crate) fn of(error: &RustlsError, first: &[u8]) -> Self {
        let source: Arc<dyn Error + Send + Sync> = Arc::new(error.clone());
        match error {
            RustlsError::InvalidCertificate(reason) => Self::of_certificate(reason, source),
            RustlsError::NoCertificatesPresented => Self::NoCertificate,
            RustlsError::AlertReceived(alert) => Self::Refused { alert: name(*alert) },
            RustlsError::InvalidMessage(_) if first.starts_with(&ZMTP) => Self::PlainPeer,
            RustlsError::InvalidMessage(_) if !is_tls(first) => {
                Self::NotTls { first: first.to_vec() }
            }
            RustlsError::PeerIncompatible(_) => Self::Incompatible { source },
            _ => Self::Broken { source },
        }
    }

    /// The failure for which this side sends an alert, in QUIC. Its reason is only text there.
    #[cfg(feature = "quic")]
    pub(crate) fn of_own_alert(alert: u8, reason: &str) -> Self {
        let is_certificate = reason.contains("peer certificate");
        let source: Arc<dyn Error + Send + Sync> =
            Box::<dyn Error + Send + Sync>::from(reason.to_owned()).into();
        match AlertDescription::from(alert) {
            AlertDescription::UnknownCA => Self::UnknownIssuer,
            AlertDescription::DecryptError if is_certificate => Self::UnknownIssuer,
            AlertDescription::CertificateExpired if reason.contains("not valid yet") => {
                Self::NotYetValid { ahead: None }
            }
            AlertDescription::CertificateExpired => Self::Expired { ago: None },
            AlertDescription::CertificateRequired => Self::NoCertificate,
            AlertDescription::NoApplicationProtocol | AlertDescription::ProtocolVersion => {
                Self::Incompatible { source }
            }
            _ if is_certificate => Self::InvalidCertificate { source },
            _ => Self::Broken { source },
        }
    }

    /// The failure for which the peer sent an alert, in QUIC.
    #[cfg(feature = "quic")]
    pub(crate) fn of_alert(alert: u8) -> Self {
        Self::Refused { alert: name(AlertDescription::from(alert)) }
    }

    fn of_certificate(reason: &CertificateError, source: Arc<dyn Error + Send + Sync>) -> Self {
        let between = |early: UnixTime, late: UnixTime| {
            Some(Duration::from_secs(late.as_secs().saturating_sub(early.as_secs())))
        };
        match reason {
            // Authorities may share a name. Then the signature tells them apart.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            CertificateError::Expired => Self::Expired { ago: None },
            CertificateError::ExpiredContext { time, not_after } => {
                Self::Expired { ago: between(*not_after, *time) }
            }
            CertificateError::NotValidYet => Self::NotYetValid { ahead: None },
            CertificateError::NotValidYetContext { time, not_before } => {
                Self::NotYetValid { ahead: between(*time, *not_before) }
            }
            CertificateError::NotValidForName => {
                Self::WrongName { expected: "this name".into(), presented: Vec::new() }
            }
            CertificateError::NotValidForNameContext { expected, presented } => Self::WrongName {
                expected: expected.to_str().into_owned(),
                presented: presented.iter().map(|name| readable(name)).collect(),
            },
            _ => Self::InvalidCertificate { source },
        }
    }
}

/// The name of an alert. Unknown ones have their number.
fn name(alert: AlertDescription) -> String {
    alert.as_str().map_or_else(|| format!("{}", u8::from(alert)), str::to_owned)
}

/// A name as people write it: `DnsName("a.example")` becomes `a.example`.
fn readable(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"').to_owned()
}

/// Whether bytes begin a TLS record.
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [20..=23, 3, ..] | [] | [20..=23])
}

fn advice(alert: &str) -> &'static str {
    match alert {
        "UnknownCA" => {
            "it trusts no authority that has signed this side's certificate; add that authority there"
        }
        "DecryptError" => {
            "it cannot verify a signature; its authority may have the name of yours, and another key"
        }
        "BadCertificate" | "UnsupportedCertificate" | "CertificateUnknown" => {
            "it does not accept this side's certificate; its log has the reason"
        }
        "CertificateExpired" => {
            "this side's certificate has expired, or the clocks differ; renew it"
        }
        "CertificateRevoked" => "this side's certificate was revoked; get a new one",
        "CertificateRequired" => "it requires a certificate; set TlsClient::certificate",
        "NoApplicationProtocol" => "it speaks another protocol inside TLS",
        "HandshakeFailure" | "ProtocolVersion" | "InsufficientSecurity" => {
            "no version or algorithm of TLS is common to both sides"
        }
        "UnrecognizedName" => "it does not serve this host name; set TlsClient::server_name",
        _ => "its log may have the reason",
    }
}

/// ` 3 days ago`.
struct Past<'a>(&'a Option<Duration>);

impl Display for Past<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |ago| write!(f, " {} ago", Rough(ago)))
    }
}

/// `, but in 3 days`.
struct Future<'a>(&'a Option<Duration>);

impl Display for Future<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |ahead| write!(f, ", but in {}", Rough(ahead)))
    }
}

/// A duration in its largest whole unit.
struct Rough(Duration);

impl Display for Rough {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
        let (unit, size) =
            units.into_iter().find(|(_, size)| seconds >= *size).unwrap_or(("second", 1));
        let count = seconds / size;
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// The most names of a certificate in one line.
const MAX_NAMES: usize = 8;

struct Names<'a>(&'a [String]);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("other names");
        }
        let shown = self.0.len().min(MAX_NAMES);
        f.write_str(&self.0[..shown].join(", "))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let expired = |seconds| TlsFailure::Expired { ago: Some(Duration::from_secs(seconds)) };
        assert!(expired(3 * 86_400 + 7).to_string().contains("expired 3 days ago; renew"));
        assert!(expired(3_600).to_string().contains("expired 1 hour ago"));
        assert!(expired(0).to_string().contains("expired 0 seconds ago"));
        assert!(TlsFailure::Expired { ago: None }.to_string().contains("expired; renew"));
        let ahead = Some(Duration::from_secs(120));
        let early = TlsFailure::NotYetValid { ahead }.to_string();
        assert!(early.contains("not valid yet, but in 2 minutes"), "{early}");
    }

    #[test]
    fn many_names_are_cut() {
        let presented: Vec<_> = (0..10).map(|name| format!("n{name}.example")).collect();
        let expected = "db.example".to_owned();
        let text = TlsFailure::WrongName { expected, presented }.to_string();
        assert!(text.contains("but for n0.example, "), "{text}");
        assert!(text.contains("n7.example and 2 more"), "{text}");
    }

    #[test]
    fn first_bytes_tell_what_the_peer_speaks() {
        use tokio_rustls::rustls::InvalidMessage;
        let invalid = RustlsError::InvalidMessage(InvalidMessage::InvalidContentType);
        let of = |first: &[u8]| TlsFailure::of(&invalid, first);
        assert!(matches!(of(&[0xff, 0, 0, 0]), TlsFailure::PlainPeer));
        assert!(matches!(of(&[22, 3, 1, 0, 1]), TlsFailure::Broken { .. }));
        let http = of(b"HTTP/1.1 4");
        assert!(http.to_string().ends_with("its first bytes are \"HTTP/1.1 4\""), "{http}");
    }
}
