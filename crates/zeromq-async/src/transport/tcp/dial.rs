//! Makes one attempt to connect, to each address of a host in turn.

use std::error::Error;
use std::net::{SocketAddr, SocketAddrV6};
use std::time::Duration;
use std::{fmt, io};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::lookups::Lookups;
use super::{resolve, socket, socks};
use crate::endpoint::{TcpAddress, TcpEndpoint};
use crate::options::{SocksProxy, TransportOptions};
use crate::transport::Io;
use crate::transport::error::with_context;

/// How long one address may delay the next ones. An address that drops packets would delay them for
/// minutes, such as an IPv6 address without a route before a working IPv4 address.
pub(super) const ADDRESS_TIMEOUT: Duration = Duration::from_secs(2);

/// The way to a peer: direct, or through a proxy.
pub(super) struct Route<'a> {
    host: &'a TcpAddress,
    source: Option<&'a TcpAddress>,
    /// The proxy that `host` is, and the target it connects to.
    through: Option<(&'a SocksProxy, &'a TcpAddress)>,
    options: &'a TransportOptions,
}

impl<'a> Route<'a> {
    pub(super) fn new(target: &'a TcpEndpoint, options: &'a TransportOptions) -> Self {
        let (host, source) = (target.address(), target.source());
        match options.socks_proxy.as_deref() {
            None => Self { host, source, through: None, options },
            Some(proxy) => Self {
                host: proxy.address(),
                source: source.or(proxy.source()),
                through: Some((proxy, host)),
                options,
            },
        }
    }

    /// Connects to the first address of the host that answers.
    pub(super) async fn connect(self, lookups: &Lookups) -> io::Result<Io> {
        let sources = match self.source {
            Some(source) => Some(resolve::local(source.host(), source.port(), lookups).await?),
            None => None,
        };
        let mut addresses = resolve::remote(self.host.host(), self.host.port(), lookups).await?;
        // Addresses that failed before are tried last.
        let failed = &self.options.attempt.failed_addresses;
        addresses.sort_by_key(|address| failed.iter().position(|failed| failed == address));
        let limit = self.address_timeout(addresses.len());
        let mut errors = AddressErrors::default();
        let mut addresses = addresses.into_iter().peekable();
        while let Some(address) = addresses.next() {
            let limit = addresses.peek().map(|_| limit);
            match self.attempt(address, sources.as_deref(), limit).await {
                Ok(io) => return Ok(io),
                Err(error) => errors.0.push((address, error)),
            }
        }
        Err(errors.into())
    }

    /// Gives each of several addresses a share of the connect timeout.
    fn address_timeout(&self, addresses: usize) -> Duration {
        let share = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
        let limit = self.options.attempt.connect_timeout.map(|limit| limit / share);
        limit.map_or(ADDRESS_TIMEOUT, |limit| limit.min(ADDRESS_TIMEOUT))
    }

    async fn attempt(
        &self,
        address: SocketAddr,
        sources: Option<&[SocketAddr]>,
        limit: Option<Duration>,
    ) -> io::Result<Io> {
        let connecting = connect(address, sources, self.options);
        let mut io = match limit {
            Some(limit) => timeout(limit, connecting).await.map_err(io::Error::from)??,
            None => connecting.await?,
        };
        if let Some((proxy, target)) = self.through {
            io.begin_handshake();
            let limit = self.options.attempt.handshake_timeout;
            socks::connect(&mut io, proxy, target, limit).await?;
        }
        Ok(io)
    }
}

/// Connects to one address, from the source of the same family if there are sources.
async fn connect(
    address: SocketAddr,
    sources: Option<&[SocketAddr]>,
    options: &TransportOptions,
) -> io::Result<Io> {
    let socket = socket::open(address, options)?;
    if let Some(sources) = sources {
        let source = sources.iter().find(|source| source.is_ipv4() == address.is_ipv4());
        let source = source.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "the source has no address of the same family",
            )
        })?;
        socket::bind(&socket, *source)
            .map_err(|error| with_context(error, format!("cannot connect from {source}")))?;
    }
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(address);
    let stream = connecting.await.map_err(|error| explain(error, address))?;
    refuse_self(&stream, address)?;
    socket::connected(stream, address, options)
}

/// Adds advice to errors of the system that need it.
pub(super) fn explain(error: io::Error, address: SocketAddr) -> io::Error {
    match (error.kind(), address) {
        (io::ErrorKind::AddrNotAvailable, _) => with_context(
            error,
            "this system has no address, or no free port, to connect from; \
             close connections, or widen the range of ephemeral ports",
        ),
        (io::ErrorKind::InvalidInput, SocketAddr::V6(v6)) if lacks_zone(&v6) => {
            with_context(error, "a link-local address needs a zone, as in [fe80::1%eth0]")
        }
        _ => error,
    }
}

fn lacks_zone(address: &SocketAddrV6) -> bool {
    address.ip().is_unicast_link_local() && address.scope_id() == 0
}

/// Refuses a connection of a socket to itself.
///
/// TCP makes one when a connecting socket is given the very port that it connects to, and no other
/// socket listens there. A reconnecting socket gets there sooner or later, and would keep the port
/// from its owner.
fn refuse_self(stream: &TcpStream, address: SocketAddr) -> io::Result<()> {
    if stream.local_addr()? == address {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "nothing listens there"));
    }
    Ok(())
}

/// The error of each address that was tried.
#[derive(Debug, Default)]
struct AddressErrors(Vec<(SocketAddr, io::Error)>);

impl fmt::Display for AddressErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for AddressErrors {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.last().map(|(_, error)| error as _)
    }
}

/// An error of the last one's kind.
impl From<AddressErrors> for io::Error {
    fn from(errors: AddressErrors) -> Self {
        let kind = errors.0.last().map_or(io::ErrorKind::NotFound, |(_, error)| error.kind());
        Self::new(kind, errors)
    }
}
