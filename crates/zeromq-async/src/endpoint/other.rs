//! Endpoints of transports behind features, and of custom ones.

use std::fmt;

use super::error::EndpointErrorKind;

/// An endpoint of a transport behind a feature, or of a custom one, under the scheme that it has in the
/// [`Context`](crate::Context).
///
/// The transport interprets the address, which is not empty.
///
/// ```
/// use zeromq_async::Endpoint;
///
/// let endpoint: Endpoint = "tls://example.org:5555".parse()?;
/// let Endpoint::Other(other) = &endpoint else { panic!("{endpoint}") };
/// assert_eq!((other.scheme(), other.address()), ("tls", "example.org:5555"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherEndpoint {
    scheme: String,
    address: String,
}

impl OtherEndpoint {
    /// Makes one of a scheme that passed [`check_scheme`] and an address that is not empty.
    pub(crate) fn new(scheme: &str, address: &str) -> Self {
        Self { scheme: scheme.into(), address: address.into() }
    }

    /// The part before `://`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The part after `://`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Display for OtherEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

/// Refuses an invalid scheme (RFC 3986 §3.1). Capital letters are invalid too, because schemes are
/// compared byte by byte.
pub(crate) fn check_scheme(scheme: &str) -> Result<(), EndpointErrorKind> {
    let is_first = |c: char| c.is_ascii_lowercase();
    let is_later = |c: char| is_first(c) || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    if scheme.starts_with(is_first) && scheme.chars().all(is_later) {
        return Ok(());
    }
    Err(EndpointErrorKind::InvalidScheme(scheme.into()))
}
