//! ZeroMQ endpoints: `tcp://host:port`, `udp://host:port`, `ws://host:port/path`, `ipc://path`,
//! `inproc://name`.
//!
//! Text is parsed into an [`Endpoint`] without any access to the network. Invalid text is an error at
//! that point, not at the first attempt to connect.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

mod error;
pub use error::{EndpointError, EndpointErrorKind};

mod ipc;
pub use ipc::{IpcEndpoint, IpcName};

mod other;
pub use other::OtherEndpoint;
pub(crate) use other::check_scheme;

mod tcp;
pub use tcp::{Host, TcpAddress, TcpEndpoint};

mod udp;
pub use udp::UdpEndpoint;

mod vsock;
pub(crate) use vsock::VsockAddress;

mod ws;
pub use ws::WsEndpoint;

/// An address that a socket binds or connects to.
///
/// | text | meaning |
/// |---|---|
/// | `tcp://*:5555` | bind: port 5555 on every IPv4 interface |
/// | `tcp://[::]:5555` | bind: port 5555 on every interface, IPv4 and IPv6 |
/// | `tcp://*:*`, `tcp://127.0.0.1:0` | bind: a free port, chosen by the system |
/// | `tcp://eth0:5555`, `tcp://eth0:1:5555` | bind: the address of a network interface, or of its alias `eth0:1` |
/// | `tcp://example.org:5555` | a host, by name; connecting tries all of its addresses |
/// | `tcp://[::1]:5555`, `tcp://[fe80::1%eth0]:5555` | an IPv6 address, perhaps with its zone |
/// | `tcp://eth1:0;example.org:5555` | connect: from the first address to the second |
/// | `ipc:///run/app.sock` | a Unix domain socket in the file system |
/// | `ipc://@app` | a Unix domain socket in Linux's abstract namespace |
/// | `ipc://*` | bind: a socket in a new private directory |
/// | `inproc://name` | another socket of the same context |
/// | `udp://*:5555`, `udp://127.0.0.1:5555`, `udp://[::1]:5555` | datagrams of RADIO, DISH and DGRAM |
/// | `udp://239.0.0.1:5555`, `udp://eth0;239.0.0.1:5555` | a multicast group, perhaps at an interface |
/// | `ws://*:8080`, `ws://example.org:8080/feed` | WebSocket over TCP, with the feature `ws`: the hosts and ports of `tcp://`, port 80 if there is none, and a path |
/// | `tls://example.org:5555` | TLS over TCP, with the feature `tls`; the same hosts and ports as `tcp://` |
/// | `wss://*:8443`, `wss://example.org/feed` | WebSocket over TLS, with the features `tls` and `ws`; as `ws://`, and port 443 if there is none |
/// | `quic://example.org:5555` | QUIC, with the feature `quic`; the same hosts and ports as `tcp://` |
/// | `vsock://3:5555`, `vsock://@:5555` | a virtual machine or its host, with the feature `vsock` |
/// | any other scheme | a custom [transport](crate::transport) |
///
/// [`Display`](fmt::Display) writes one canonical form, with `*` for port 0.
///
/// ```
/// use zeromq_async::Endpoint;
///
/// let endpoint: Endpoint = "tcp://127.0.0.1:5555".parse()?;
/// assert_eq!(endpoint.scheme(), "tcp");
/// assert!(!endpoint.is_wildcard());
/// assert!("tcp://127.0.0.1:55x".parse::<Endpoint>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// TCP, RFC 23/37 over `tcp://`.
    Tcp(TcpEndpoint),
    /// A Unix domain stream socket, `ipc://`.
    Ipc(IpcEndpoint),
    /// UDP datagrams, `udp://`.
    Udp(UdpEndpoint),
    /// WebSocket, 45/ZWS over `ws://` or `wss://`.
    Ws(WsEndpoint),
    /// A name within the process, `inproc://`. Parsed names have 1 to 256 bytes.
    Inproc(String),
    /// An endpoint of a [transport](crate::transport) behind a feature, such as `tls://`, or of a custom
    /// one.
    Other(OtherEndpoint),
}

impl Endpoint {
    /// The scheme, the part before `://`.
    pub fn scheme(&self) -> &str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Ipc(_) => "ipc",
            Self::Udp(_) => "udp",
            Self::Ws(ws) => ws.scheme(),
            Self::Inproc(_) => "inproc",
            Self::Other(other) => other.scheme(),
        }
    }

    /// The same address under another scheme, for a transport on top of another one, such as TLS on
    /// TCP.
    ///
    /// ```
    /// let endpoint: zeromq_async::Endpoint = "tls://127.0.0.1:5555".parse()?;
    /// assert_eq!(endpoint.with_scheme("tcp")?.to_string(), "tcp://127.0.0.1:5555");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The address is invalid under that scheme.
    pub fn with_scheme(&self, scheme: &str) -> Result<Self, EndpointError> {
        let text = self.to_string();
        let (_, address) = text.split_once("://").unwrap_or_default();
        format!("{scheme}://{address}").parse()
    }

    /// Whether it can only be bound. The host or path is `*`, or the port is `*` or 0.
    ///
    /// `bind` returns the real endpoint to connect to (libzmq's `ZMQ_LAST_ENDPOINT`).
    ///
    /// ```
    /// use zeromq_async::Endpoint;
    ///
    /// assert!("tcp://127.0.0.1:*".parse::<Endpoint>()?.is_wildcard());
    /// assert!(!"tcp://127.0.0.1:5555".parse::<Endpoint>()?.is_wildcard());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_wildcard(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_wildcard(),
            Self::Udp(udp) => udp.is_wildcard(),
            Self::Ws(ws) => ws.tcp().is_wildcard(),
            Self::Ipc(_) => self.is_any_path(),
            Self::Inproc(_) => false,
            Self::Other(other) if other.scheme() == "vsock" => {
                VsockAddress::parse(other.address()).is_ok_and(VsockAddress::is_wildcard)
            }
            Self::Other(_) => self.tcp().is_some_and(|tcp| tcp.is_wildcard()),
        }
    }

    /// Whether the system chooses the port.
    pub(crate) fn is_any_port(&self) -> bool {
        match self {
            Self::Udp(udp) => udp.port() == 0,
            _ => self.tcp().is_some_and(|tcp| tcp.address().port() == 0),
        }
    }

    /// Whether binding chooses the path.
    pub(crate) fn is_any_path(&self) -> bool {
        matches!(self, Self::Ipc(ipc) if *ipc.name() == IpcName::Any)
    }

    /// Refuses an endpoint that cannot be connected to, such as a wildcard.
    pub(crate) fn check_connectable(&self) -> Result<(), EndpointError> {
        let checked = match self {
            Self::Udp(udp) if !self.is_wildcard() => udp.check_zone(),
            _ => match self.tcp() {
                Some(tcp) => tcp.check_connectable(),
                None if self.is_wildcard() => Err(EndpointErrorKind::WildcardNotAllowed),
                None => Ok(()),
            },
        };
        checked.map_err(|kind| kind.of(self))
    }

    /// Refuses an endpoint that cannot be bound, such as the `source;destination` form.
    pub(crate) fn check_bindable(&self) -> Result<(), EndpointError> {
        let checked = match self {
            Self::Udp(udp) => udp.check_zone(),
            Self::Ws(ws) => ws.check_bindable(),
            _ => Ok(()),
        };
        let checked = checked.and_then(|()| match self.tcp() {
            Some(tcp) if tcp.source().is_some() => Err(EndpointErrorKind::SourceNotAllowed),
            Some(tcp) => tcp.address().check_zone(),
            None => Ok(()),
        });
        checked.map_err(|kind| kind.of(self))
    }

    /// This endpoint with the port of a bound one. It keeps its host name.
    pub(crate) fn at_port_of(&self, bound: &Self) -> Self {
        match (self, bound) {
            (Self::Tcp(tcp), Self::Tcp(bound)) => Self::Tcp(tcp.at_port(bound.address().port())),
            (Self::Udp(udp), Self::Udp(bound)) => Self::Udp(udp.at_port(bound.port())),
            (Self::Ws(ws), Self::Ws(bound)) => Self::Ws(ws.at_port(bound.address().port())),
            (Self::Other(other), _) => match (self.tcp(), bound.tcp()) {
                (Some(tcp), Some(bound)) => {
                    let tcp = tcp.at_port(bound.address().port());
                    Self::Other(OtherEndpoint::new(other.scheme(), &tcp.to_string()))
                }
                _ => self.clone(),
            },
            _ => self.clone(),
        }
    }

    /// Whether both are the same address, without resolving names.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => one.is_same(other),
            (Self::Ws(one), Self::Ws(other)) => one.is_same(other),
            (Self::Other(_), Self::Other(_)) if self.scheme() == other.scheme() => {
                match (self.tcp(), other.tcp()) {
                    (Some(one), Some(other)) => one.is_same(&other),
                    _ => self == other,
                }
            }
            _ => self == other,
        }
    }

    /// The host and port of `tcp://`, and of a transport that has the same addresses.
    pub(crate) fn tcp(&self) -> Option<Cow<'_, TcpEndpoint>> {
        match self {
            Self::Tcp(tcp) => Some(Cow::Borrowed(tcp)),
            Self::Ws(ws) => Some(Cow::Borrowed(ws.tcp())),
            Self::Other(other) if HOST_AND_PORT.contains(&other.scheme()) => {
                TcpEndpoint::parse(other.address()).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// The address as one of `tcp://`. The error names this endpoint.
    #[cfg(feature = "tls")]
    pub(crate) fn to_tcp(&self) -> Result<TcpEndpoint, EndpointError> {
        match self {
            Self::Tcp(tcp) => Ok(tcp.clone()),
            Self::Ws(ws) => Ok(ws.tcp().clone()),
            other => {
                let text = other.to_string();
                let (_, address) = text.split_once("://").unwrap_or_default();
                TcpEndpoint::parse(address).map_err(|kind| kind.of(&text))
            }
        }
    }

    /// Whether this system has the transport.
    pub(crate) fn is_supported(&self) -> bool {
        match self {
            Self::Ipc(ipc) => match ipc.name() {
                IpcName::Abstract(_) => cfg!(any(target_os = "android", target_os = "linux")),
                IpcName::Any | IpcName::Path(_) => cfg!(unix),
            },
            _ => true,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        parse(text).map_err(|kind| kind.of(text))
    }
}

fn parse(text: &str) -> Result<Endpoint, EndpointErrorKind> {
    let (scheme, address) = text.split_once("://").ok_or(EndpointErrorKind::MissingScheme)?;
    check_scheme(scheme)?;
    if address.is_empty() {
        return Err(EndpointErrorKind::EmptyAddress);
    }
    match scheme {
        "tcp" => TcpEndpoint::parse(address).map(Endpoint::Tcp),
        "udp" => UdpEndpoint::parse(address).map(Endpoint::Udp),
        #[cfg(feature = "ws")]
        "ws" => WsEndpoint::parse(address).map(Endpoint::Ws),
        #[cfg(all(feature = "tls", feature = "ws"))]
        "wss" => WsEndpoint::parse_secure(address).map(Endpoint::Ws),
        "ipc" => IpcEndpoint::parse(address).map(Endpoint::Ipc),
        "inproc" => parse_inproc(address),
        // The socket's context knows whether there is a transport.
        _ => Ok(Endpoint::Other(OtherEndpoint::new(scheme, address))),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        match self {
            Self::Tcp(tcp) => tcp.fmt(f),
            Self::Udp(udp) => udp.fmt(f),
            Self::Ws(ws) => ws.fmt(f),
            Self::Ipc(ipc) => ipc.fmt(f),
            Self::Inproc(name) => f.write_str(name),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl TryFrom<&str> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: &str) -> Result<Self, EndpointError> {
        text.parse()
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: String) -> Result<Self, EndpointError> {
        text.parse()
    }
}

impl From<&Endpoint> for Endpoint {
    fn from(endpoint: &Endpoint) -> Self {
        endpoint.clone()
    }
}

impl TryFrom<&String> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: &String) -> Result<Self, EndpointError> {
        text.parse()
    }
}

/// The TCP endpoint of a socket address.
impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(TcpEndpoint::from(TcpAddress::from(address)))
    }
}

fn parse_inproc(name: &str) -> Result<Endpoint, EndpointErrorKind> {
    check_length(name, MAX_INPROC_NAME)?;
    Ok(Endpoint::Inproc(name.into()))
}

/// Refuses an address of more than `limit` bytes.
fn check_length(address: &str, limit: usize) -> Result<(), EndpointErrorKind> {
    if address.len() > limit {
        return Err(EndpointErrorKind::TooLong { length: address.len(), limit });
    }
    Ok(())
}

/// The schemes of other transports of this crate with addresses like those of `tcp://`.
const HOST_AND_PORT: [&str; 2] = ["quic", "tls"];

/// The longest inproc name in bytes, as in `zmq_inproc(7)`.
const MAX_INPROC_NAME: usize = 256;

#[cfg(test)]
mod tests;
