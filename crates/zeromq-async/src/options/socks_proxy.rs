//! The SOCKS5 proxy of a socket.

use std::str::FromStr;

use zmtp::Password;

use crate::endpoint::EndpointError;
use crate::endpoint::{TcpAddress, TcpEndpoint};

/// A SOCKS5 proxy (RFC 1928) for connections over tcp (`ZMQ_SOCKS_PROXY`).
///
/// It parses from `host:port`, or from `source;host:port` to connect to the proxy from a local
/// address. The proxy resolves the host names of endpoints. Only its own name is resolved here. The
/// source of an endpoint takes precedence over the proxy's.
///
/// ```
/// use zeromq_async::SocksProxy;
///
/// let proxy = "127.0.0.1:1080".parse::<SocksProxy>()?.with_credentials("user", "password")?;
/// assert_eq!(proxy.address().port(), 1080);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocksProxy {
    address: TcpAddress,
    source: Option<TcpAddress>,
    credentials: Option<(String, Password)>,
}

impl SocksProxy {
    /// Sets a username and password, which are sent unencrypted (RFC 1929, `ZMQ_SOCKS_USERNAME`,
    /// `ZMQ_SOCKS_PASSWORD`).
    ///
    /// # Errors
    ///
    /// One of them is empty or has more than 255 bytes.
    pub fn with_credentials(
        self,
        username: impl Into<String>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, SocksCredentialsError> {
        let (username, password) = (username.into(), password.as_ref());
        for (what, bytes) in [("username", username.len()), ("password", password.len())] {
            if !(1..=255).contains(&bytes) {
                return Err(SocksCredentialsError { what, bytes });
            }
        }
        Ok(Self { credentials: Some((username, Password::new(password))), ..self })
    }

    /// The address of the proxy.
    pub fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// The local address to connect from, the part before `;`. `None` lets the system choose.
    pub fn source(&self) -> Option<&TcpAddress> {
        self.source.as_ref()
    }

    pub(crate) fn credentials(&self) -> Option<(&str, &Password)> {
        self.credentials.as_ref().map(|(username, password)| (&username[..], password))
    }
}

impl FromStr for SocksProxy {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let endpoint = TcpEndpoint::parse(text)
            .and_then(|endpoint| endpoint.check_connectable().map(|()| endpoint))
            .map_err(|kind| kind.of(text))?;
        let (address, source) = (endpoint.address().clone(), endpoint.source().cloned());
        Ok(Self { address, source, credentials: None })
    }
}

/// A username or password that is empty or too long for SOCKS (RFC 1929).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} for a SOCKS proxy has 1 to 255 bytes, and not {bytes}")]
pub struct SocksCredentialsError {
    what: &'static str,
    bytes: usize,
}
