//! `scheme://address` of a transport that is not built in.

use std::fmt;

use super::error::EndpointError;

/// An endpoint of a transport of one's own, under the scheme with which it was put into the
/// [`Context`](crate::Context).
///
/// What the address means is the transport's business. Here it only is not empty.
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
    /// From a scheme that [`check_scheme`] has seen and an address that is not empty.
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

/// Refuses what RFC 3986 §3.1 does not call a scheme, and capital letters: a scheme is compared as
/// it is written.
pub(crate) fn check_scheme(endpoint: &str, scheme: &str) -> Result<(), EndpointError> {
    let is_first = |c: char| c.is_ascii_lowercase();
    let is_later = |c: char| is_first(c) || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    if scheme.starts_with(is_first) && scheme.chars().all(is_later) {
        return Ok(());
    }
    Err(EndpointError::InvalidScheme { endpoint: endpoint.into(), scheme: scheme.into() })
}
