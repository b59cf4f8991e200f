//! Endpoints of `ws://` and `wss://`: `host:port/path`.

use std::fmt;
#[cfg(feature = "ws")]
use std::net::SocketAddr;

use super::error::EndpointErrorKind;
use super::{TcpAddress, TcpEndpoint, check_length};

/// A WebSocket endpoint: an address and a path.
///
/// It parses with the feature `ws`, and `wss://` with the feature `tls` too.
///
/// ```
/// # #[cfg(feature = "ws")] {
/// use zeromq_async::Endpoint;
///
/// let endpoint: Endpoint = "ws://example.org/feed".parse()?;
/// let Endpoint::Ws(ws) = &endpoint else { panic!("{endpoint}") };
/// assert_eq!((ws.address().to_string(), ws.path()), ("example.org:80".into(), "/feed"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WsEndpoint {
    /// Boxed, to keep an endpoint and the errors that hold one small.
    tcp: Box<TcpEndpoint>,
    /// Begins with `/`, or is empty.
    path: String,
    /// Whether it is `wss://`.
    secure: bool,
}

impl WsEndpoint {
    /// Parses the part after `ws://`.
    #[cfg_attr(not(feature = "ws"), expect(dead_code, reason = "it parses with the feature"))]
    pub(super) fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        Self::parse_as(false, address)
    }

    /// Parses the part after `wss://`.
    #[cfg(all(feature = "tls", feature = "ws"))]
    pub(super) fn parse_secure(address: &str) -> Result<Self, EndpointErrorKind> {
        Self::parse_as(true, address)
    }

    fn parse_as(secure: bool, address: &str) -> Result<Self, EndpointErrorKind> {
        let (authority, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        check_path(path)?;
        let tcp = match has_port(authority) {
            true => TcpEndpoint::parse(authority)?,
            false => TcpEndpoint::parse(&format!("{authority}:{}", default_port(secure)))?,
        };
        let path = if path == "/" { String::new() } else { path.into() };
        Ok(Self { tcp: Box::new(tcp), path, secure })
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "wss" } else { "ws" }
    }

    /// Whether it is `wss://`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The port if the text has none.
    #[cfg(feature = "ws")]
    pub(crate) fn default_port(&self) -> u16 {
        default_port(self.secure)
    }

    /// The address to bind or to connect to. The port is 80 if the text has none, and 443 for `wss://`.
    pub fn address(&self) -> &TcpAddress {
        self.tcp.address()
    }

    /// The local address to connect from, the part before `;`. `None` lets the system choose.
    pub fn source(&self) -> Option<&TcpAddress> {
        self.tcp.source()
    }

    /// The path behind the port, which begins with a slash. Empty if it is a slash alone.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn tcp(&self) -> &TcpEndpoint {
        &self.tcp
    }

    /// This endpoint at the address that was bound.
    #[cfg(feature = "ws")]
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let tcp = Box::new(TcpEndpoint::from(TcpAddress::from(address)));
        Self { tcp, path: self.path.clone(), secure: self.secure }
    }

    pub(super) fn at_port(&self, port: u16) -> Self {
        Self { tcp: Box::new(self.tcp.at_port(port)), path: self.path.clone(), secure: self.secure }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = (&self.path, self.secure) == (&other.path, other.secure);
        same && self.tcp.is_same(&other.tcp)
    }

    /// Refuses a path that no request has.
    pub(super) fn check_bindable(&self) -> Result<(), EndpointErrorKind> {
        match self.path.contains('?') {
            true => Err(EndpointErrorKind::InvalidUrlPath(
                "a bound path has no query; requests may have any",
            )),
            false => Ok(()),
        }
    }
}

impl fmt::Display for WsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.tcp, self.path)
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Whether a port follows the host, which is behind a source if there is one.
fn has_port(authority: &str) -> bool {
    let host = authority.rsplit(';').next().unwrap_or_default();
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

fn check_path(path: &str) -> Result<(), EndpointErrorKind> {
    check_length(path, MAX_PATH)?;
    if path.contains('#') {
        let reason = "a part behind '#' is never sent to a server";
        return Err(EndpointErrorKind::InvalidUrlPath(reason));
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = "write characters that are not ASCII, and spaces, as %20 and the like";
        return Err(EndpointErrorKind::InvalidUrlPath(reason));
    }
    Ok(())
}

/// The longest path in bytes.
const MAX_PATH: usize = 2048;
