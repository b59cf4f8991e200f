//! Endpoints of `udp://`: `host:port` and `interface;group:port`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::error::EndpointErrorKind;
use super::tcp::{Host, parse_port};

/// A UDP endpoint: an address or a multicast group, and the network interface of the group.
///
/// ```
/// use zeromq_async::Endpoint;
///
/// let endpoint: Endpoint = "udp://eth0;239.0.0.1:9999".parse()?;
/// let Endpoint::Udp(udp) = &endpoint else { panic!("{endpoint}") };
/// assert_eq!(udp.interface().unwrap().to_string(), "eth0");
/// assert_eq!((udp.host().to_string(), udp.port()), ("239.0.0.1".into(), 9999));
/// assert!(udp.is_multicast());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UdpEndpoint {
    /// Boxed, so that an `Endpoint` has the size of a TCP endpoint.
    interface: Option<Box<Host>>,
    host: Host,
    port: u16,
}

impl UdpEndpoint {
    /// Parses the part after `udp://`.
    pub(crate) fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        let (interface, address) = match address.rsplit_once(';') {
            Some((interface, address)) => (Some(Box::new(Host::parse(interface)?)), address),
            None => (None, address),
        };
        // The port follows the last colon, unless that is part of an IPv6 address in brackets.
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => return Err(EndpointErrorKind::MissingPort),
        };
        let (host, port) = (Host::parse(host)?, parse_port(port)?);
        let udp = Self { interface, host, port };
        udp.check_interface()?;
        Ok(udp)
    }

    /// The network interface of a multicast group, the part before `;`: its name, its IPv4 address, or
    /// `*`. `None` and `*` let the system choose.
    pub fn interface(&self) -> Option<&Host> {
        self.interface.as_deref()
    }

    /// The multicast group, the address to bind, or the host to send to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port. With 0, written `*`, the system chooses a free one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is the address of a multicast group. False for a name, which is resolved when
    /// it is used.
    pub fn is_multicast(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_multicast())
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        self.host == Host::Any || self.port == 0
    }

    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Zoned { address, .. } => Some(address.into()),
            Host::Any | Host::Name(_) => None,
        }
    }

    /// This endpoint, at the address that was bound.
    pub(crate) fn at_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// Refuses an address that cannot be used without its interface.
    pub(super) fn check_zone(&self) -> Result<(), EndpointErrorKind> {
        match self.host {
            Host::Ip(IpAddr::V6(ip)) if ip.is_unicast_link_local() => {
                Err(EndpointErrorKind::MissingZone)
            }
            _ => Ok(()),
        }
    }

    fn check_interface(&self) -> Result<(), EndpointErrorKind> {
        let Some(interface) = self.interface() else { return Ok(()) };
        let invalid =
            |reason| Err(EndpointErrorKind::InvalidHost { host: interface.to_string(), reason });
        let is_group = match &self.host {
            Host::Name(_) => true, // It may be the name of one.
            _ => self.is_multicast(),
        };
        match interface {
            _ if !is_group => Err(EndpointErrorKind::InterfaceNotAllowed),
            Host::Ip(ip) if ip.is_multicast() => {
                invalid("a network interface has no multicast address")
            }
            Host::Ip(IpAddr::V4(_)) if self.ip().is_some_and(|ip| ip.is_ipv6()) => {
                invalid("an IPv6 group needs the name of the interface, as in eth0")
            }
            Host::Ip(IpAddr::V6(_)) | Host::Zoned { .. } => {
                invalid("an interface is given by its name or its IPv4 address")
            }
            _ => Ok(()),
        }
    }
}

/// At the address of a socket. An unspecified one stays as it is.
impl From<std::net::SocketAddr> for UdpEndpoint {
    fn from(address: std::net::SocketAddr) -> Self {
        let host = match address {
            std::net::SocketAddr::V6(v6) if v6.scope_id() != 0 => zoned(*v6.ip(), v6.scope_id()),
            _ => Host::Ip(address.ip()),
        };
        Self { interface: None, host, port: address.port() }
    }
}

fn zoned(address: Ipv6Addr, scope: u32) -> Host {
    Host::Zoned { address, zone: scope.to_string() }
}

impl fmt::Display for UdpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(interface) = &self.interface {
            write!(f, "{interface};")?;
        }
        match self.port {
            0 => write!(f, "{}:*", self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}
