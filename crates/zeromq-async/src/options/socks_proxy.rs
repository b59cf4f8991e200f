//! Where a SOCKS5 proxy is, and who asks it.

use std::str::FromStr;

use zmtp::Password;

use crate::endpoint::EndpointError;
use crate::endpoint::{TcpAddress, TcpEndpoint};

/// A SOCKS5 proxy (RFC 1928), through which connections over tcp are made: `ZMQ_SOCKS_PROXY`.
///
/// It is text `host:port`, or `source;host:port` to connect to the proxy from an address of this
/// machine. Host names of endpoints are sent to the proxy, which looks them up; only its own name is
/// looked up here. The source of an endpoint, where it has one, stands in for the proxy's.
///
/// ```
/// use zeromq_async::{ReqSocket, SocksProxy};
///
/// let proxy = "127.0.0.1:1080".parse::<SocksProxy>()?.with_credentials("user", "password")?;
/// let req = ReqSocket::builder().socks_proxy(proxy).build();
/// # drop(req);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocksProxy {
    address: TcpAddress,
    source: Option<TcpAddress>,
    credentials: Option<(String, Password)>,
}

impl SocksProxy {
    /// Says who asks, where the proxy wants to know (RFC 1929; `ZMQ_SOCKS_USERNAME`,
    /// `ZMQ_SOCKS_PASSWORD`). Both travel in clear.
    ///
    /// ```
    /// use zeromq_async::SocksProxy;
    ///
    /// let proxy: SocksProxy = "proxy.example.org:1080".parse()?;
    /// assert!(proxy.clone().with_credentials("user", "password").is_ok());
    /// assert!(proxy.with_credentials("", "password").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each has 1 to 255 bytes.
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

    /// Where it is.
    pub fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// The local address to connect to it from, the part before `;`. Without one the system chooses.
    pub fn source(&self) -> Option<&TcpAddress> {
        self.source.as_ref()
    }

    /// Who asks it.
    pub(crate) fn credentials(&self) -> Option<(&str, &Password)> {
        self.credentials.as_ref().map(|(username, password)| (&username[..], password))
    }
}

impl FromStr for SocksProxy {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let endpoint = TcpEndpoint::parse(text, text)?;
        endpoint.check_connectable(text)?;
        let (address, source) = (endpoint.address().clone(), endpoint.source().cloned());
        Ok(Self { address, source, credentials: None })
    }
}

/// A username or password that the SOCKS protocol has no room for (RFC 1929).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} for a SOCKS proxy has 1 to 255 bytes, and not {bytes}")]
pub struct SocksCredentialsError {
    what: &'static str,
    bytes: usize,
}
