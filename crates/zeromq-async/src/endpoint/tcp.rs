//! Endpoints of `tcp://`: `host:port` and `source;destination`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::check_length;
use super::error::EndpointErrorKind;

/// A TCP endpoint: an address, and optionally a local address to connect from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpEndpoint {
    source: Option<TcpAddress>,
    address: TcpAddress,
}

impl TcpEndpoint {
    /// Parses the part after `tcp://`.
    pub(crate) fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        let (source, address) = match address.split_once(';') {
            Some((source, address)) => (Some(TcpAddress::parse(source)?), address),
            None => (None, address),
        };
        Ok(Self { source, address: TcpAddress::parse(address)? })
    }

    /// The address to bind or to connect to.
    pub fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// The local address to connect from, the part before `;`. `None` lets the system choose.
    pub fn source(&self) -> Option<&TcpAddress> {
        self.source.as_ref()
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        self.address.host == Host::Any || self.address.port == 0
    }

    /// Refuses an address that cannot be connected to.
    pub(crate) fn check_connectable(&self) -> Result<(), EndpointErrorKind> {
        if self.is_wildcard() {
            return Err(EndpointErrorKind::WildcardNotAllowed);
        }
        self.address.check_no_alias()?;
        self.source.iter().chain([&self.address]).try_for_each(TcpAddress::check_zone)
    }

    pub(super) fn at_port(&self, port: u16) -> Self {
        let address = TcpAddress { host: self.address.host.clone(), port };
        Self { source: self.source.clone(), address }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let sources = match (&self.source, &other.source) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one == other,
        };
        sources && self.address.is_same(&other.address)
    }
}

impl From<TcpAddress> for TcpEndpoint {
    fn from(address: TcpAddress) -> Self {
        Self { source: None, address }
    }
}

impl fmt::Display for TcpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source};")?;
        }
        self.address.fmt(f)
    }
}

/// A host and a port, `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpAddress {
    host: Host,
    port: u16,
}

impl TcpAddress {
    fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        // The port follows the last colon, unless that is part of an IPv6 address in brackets.
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => return Err(EndpointErrorKind::MissingPort),
        };
        Ok(Self { host: Host::parse(host)?, port: parse_port(port)? })
    }

    /// Refuses a link-local address without its interface.
    pub(super) fn check_zone(&self) -> Result<(), EndpointErrorKind> {
        match self.host {
            Host::Ip(IpAddr::V6(ip)) if ip.is_unicast_link_local() => {
                Err(EndpointErrorKind::MissingZone)
            }
            _ => Ok(()),
        }
    }

    /// Refuses the alias of an interface, which is a local address.
    fn check_no_alias(&self) -> Result<(), EndpointErrorKind> {
        match &self.host {
            Host::Name(name) if name.contains(':') => Err(EndpointErrorKind::InvalidHost {
                host: name.clone(),
                reason: "the alias of a network interface can be bound but not connected to; \
                         an IPv6 address is written in brackets, as in [::1]",
            }),
            _ => Ok(()),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let hosts = match (&self.host, &other.host) {
            (Host::Ip(one), Host::Ip(other)) => one.to_canonical() == other.to_canonical(),
            (one, other) => one == other,
        };
        hosts && self.port == other.port
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port. With 0, written `*`, the system chooses a free one.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for TcpAddress {
    fn from(address: SocketAddr) -> Self {
        let host = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => {
                Host::Zoned { address: *v6.ip(), zone: v6.scope_id().to_string() }
            }
            _ => Host::Ip(address.ip()),
        };
        Self { host, port: address.port() }
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            0 => write!(f, "{}:*", self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

/// The host part of a TCP or UDP address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `*`: every IPv4 interface.
    Any,
    /// A literal address.
    Ip(IpAddr),
    /// A literal IPv6 address with a zone, for link-local addresses: `[fe80::1%eth0]`.
    Zoned {
        /// The address.
        address: Ipv6Addr,
        /// The name or the index of a network interface.
        zone: String,
    },
    /// The name of a network interface, of its alias such as `eth0:1`, or of a host. It is resolved at
    /// each use.
    Name(String),
}

impl Host {
    pub(super) fn parse(host: &str) -> Result<Self, EndpointErrorKind> {
        check_length(host, MAX_HOST)?;
        let invalid = |reason| EndpointErrorKind::InvalidHost { host: host.into(), reason };
        if host == "*" {
            return Ok(Self::Any);
        }
        if let Some(inner) = host.strip_prefix('[') {
            return Self::parse_v6(inner)
                .ok_or_else(|| invalid("brackets hold an IPv6 address, as in [::1]"));
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(address.into()));
        }
        check_name(host).map_err(invalid)?;
        Ok(Self::Name(host.into()))
    }

    /// Parses an IPv6 address after its opening bracket.
    fn parse_v6(inner: &str) -> Option<Self> {
        let inner = inner.strip_suffix(']')?;
        match inner.split_once('%') {
            None => inner.parse::<Ipv6Addr>().ok().map(|address| Self::Ip(address.into())),
            Some((address, zone)) if !zone.is_empty() && zone.chars().all(is_name_char) => {
                Some(Self::Zoned { address: address.parse().ok()?, zone: zone.into() })
            }
            Some(_) => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Ip(IpAddr::V4(address)) => address.fmt(f),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Zoned { address, zone } => write!(f, "[{address}%{zone}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Checks the name of a host or an interface.
fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("there is no host before the port; to bind to every interface write *");
    }
    let (name, alias) =
        name.split_once(':').map_or((name, None), |(name, alias)| (name, Some(alias)));
    let is_alias =
        |alias: &str| !alias.is_empty() && alias.bytes().all(|byte| byte.is_ascii_digit());
    if name.is_empty() || !alias.is_none_or(is_alias) {
        return Err("an IPv6 address is written in brackets, as in [::1]");
    }
    if !name.chars().all(is_name_char) {
        return Err("a name has letters, digits, '-', '_' and '.' only");
    }
    // A malformed IPv4 address. As a name it would fail again at each attempt to connect.
    if name.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err("an IPv4 address has four numbers from 0 to 255");
    }
    Ok(())
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Parses a port: digits only, or `*`.
///
/// libzmq uses `atoi`, which parses `55x` as 55 and 65537 as 1.
pub(super) fn parse_port(port: &str) -> Result<u16, EndpointErrorKind> {
    if port.is_empty() {
        return Err(EndpointErrorKind::MissingPort);
    }
    if port == "*" {
        return Ok(0);
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|_| digits); // `parse` alone accepts "+5" too.
    number.ok_or_else(|| EndpointErrorKind::InvalidPort(port.into()))
}

/// The longest host in bytes, as in DNS (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;
