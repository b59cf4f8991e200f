//! `tcp://`: listening, and dialling each address of a name in turn.

use std::io;
use std::net::{SocketAddr, SocketAddrV6, TcpListener as StdListener};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::explained::explained;
use super::{Io, Listener, Transport, TransportOptions};
use crate::endpoint::{Endpoint, Host, TcpAddress, TcpEndpoint};
use crate::options::SocksProxy;

mod attempts;
mod lookups;
mod resolve;
mod socks;
mod tune;

use attempts::Attempts;
use lookups::{LOOKUPS, Lookups};

/// `tcp://`: listening, and dialling each address of a name in turn.
///
/// Every context has it under that scheme. A transport that adds something to TCP calls it:
/// [`Endpoint::with_scheme`] makes the endpoint.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use zeromq_async::Endpoint;
/// use zeromq_async::transport::{Listener, Tcp, Transport, TransportOptions};
///
/// let anywhere: Endpoint = "tcp://127.0.0.1:*".parse()?;
/// let listener = Tcp.listen(&anywhere, &TransportOptions::default()).await?;
/// let io = Tcp.dial(listener.local_endpoint(), &TransportOptions::default()).await?;
/// assert!(io.peer_address().to_string().starts_with("127.0.0.1:"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp;

impl Transport for Tcp {
    type Listener = BoundTcp;

    /// A name with several addresses is bound at the first of them only, an IPv4 one if there is
    /// any: it is where libzmq, which is IPv4 only by default, looks for it.
    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundTcp> {
        let addresses = resolve::local(tcp(endpoint)?.address(), &LOOKUPS).await?;
        let address = *addresses.first().ok_or(io::ErrorKind::NotFound)?;

        let socket = open(address, options)?;
        if address.ip().is_unspecified() && address.is_ipv6() {
            // `[::]` takes IPv4 too, as in libzmq, whatever the system's default is.
            socket.set_only_v6(false)?;
        }
        bind_to(&socket, address)?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        BoundTcp::new(socket.into(), options)
    }

    /// Connects to the first address that answers. Without one, says what came of each.
    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        Route::new(tcp(endpoint)?, options).take(&LOOKUPS).await
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        tune::check(tcp(endpoint)?, options)
    }
}

/// The way to a peer.
struct Route<'a> {
    host: &'a TcpAddress,
    source: Option<&'a TcpAddress>,
    /// Whom the host is to connect to the peer, where it is a proxy.
    through: Option<(&'a SocksProxy, &'a TcpAddress)>,
    options: &'a TransportOptions,
}

impl<'a> Route<'a> {
    fn new(target: &'a TcpEndpoint, options: &'a TransportOptions) -> Self {
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

    /// Connects to whichever address of the host answers first.
    async fn take(self, lookups: &Lookups) -> io::Result<Io> {
        let sources = match self.source {
            Some(source) => Some(resolve::local(source, lookups).await?),
            None => None,
        };
        let mut addresses = resolve::remote(self.host, lookups).await?;
        // Addresses that failed before are tried last.
        let failed = &self.options.attempt.failed_addresses;
        addresses.sort_by_key(|address| failed.iter().position(|failed| failed == address));
        let patience = self.patience(addresses.len());
        let mut attempts = Attempts::default();
        let mut addresses = addresses.into_iter().peekable();
        while let Some(address) = addresses.next() {
            let patience = addresses.peek().map(|_| patience);
            match self.attempt(address, sources.as_deref(), patience).await {
                Ok(io) => return Ok(io),
                Err(error) => attempts.0.push((address, error)),
            }
        }
        Err(attempts.into())
    }

    /// How long each of several addresses may take, so that the last of them has its time too.
    fn patience(&self, addresses: usize) -> Duration {
        let share = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
        let limit = self.options.attempt.connect_timeout.map(|limit| limit / share);
        limit.map_or(PATIENCE, |limit| limit.min(PATIENCE))
    }

    async fn attempt(
        &self,
        address: SocketAddr,
        sources: Option<&[SocketAddr]>,
        patience: Option<Duration>,
    ) -> io::Result<Io> {
        let connecting = connect(address, sources, self.options);
        let mut io = match patience {
            Some(patience) => timeout(patience, connecting).await.map_err(io::Error::from)??,
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

/// Whether an address of this machine stands for one that is bound: both are the same, or one is a
/// name of the other.
pub(crate) async fn is_local_address(bound: &TcpAddress, other: &TcpAddress) -> bool {
    let (Host::Ip(_) | Host::Zoned { .. }, true) = (bound.host(), bound.port() == other.port())
    else {
        return false;
    };
    let bound = resolve::local(bound, &LOOKUPS).await.unwrap_or_default();
    let others = resolve::local(other, &LOOKUPS).await.unwrap_or_default();
    // Binding takes the first alone.
    let canonical = |addresses: &[SocketAddr]| Some(addresses.first()?.ip().to_canonical());
    canonical(&bound).is_some() && canonical(&bound) == canonical(&others)
}

fn tcp(endpoint: &Endpoint) -> io::Result<&TcpEndpoint> {
    match endpoint {
        Endpoint::Tcp(tcp) => Ok(tcp),
        other => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{other} is no address of TCP, as Endpoint::with_scheme makes one"),
        )),
    }
}

/// Connects to one address, from the source of its family if there are any.
async fn connect(
    address: SocketAddr,
    sources: Option<&[SocketAddr]>,
    options: &TransportOptions,
) -> io::Result<Io> {
    let socket = open(address, options)?;
    if let Some(sources) = sources {
        let source = sources.iter().find(|source| source.is_ipv4() == address.is_ipv4());
        let source = source.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "the source has no address of the same family",
            )
        })?;
        bind_to(&socket, *source)
            .map_err(|error| explained(error, format!("cannot connect from {source}")))?;
    }
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(address);
    let stream = connecting.await.map_err(|error| explain(error, address))?;
    refuse_self(&stream, address)?;
    connected(stream, address, options)
}

/// Says what the system means where its words do not.
fn explain(error: io::Error, address: SocketAddr) -> io::Error {
    match (error.kind(), address) {
        (io::ErrorKind::AddrNotAvailable, _) => explained(
            error,
            "this system has no address, or no free port, to connect from; \
             close connections, or widen the range of ephemeral ports",
        ),
        (io::ErrorKind::InvalidInput, SocketAddr::V6(v6)) if lacks_zone(&v6) => {
            explained(error, "a link-local address needs a zone, as in [fe80::1%eth0]")
        }
        _ => error,
    }
}

fn lacks_zone(address: &SocketAddrV6) -> bool {
    address.ip().is_unicast_link_local() && address.scope_id() == 0
}

/// A new socket for an address, with the options that must be set before it is bound or connected.
fn open(address: SocketAddr, options: &TransportOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    tune::before_use(&socket, address, options)?;
    Ok(socket)
}

/// Binds at once although connections of a listener that was there before are still being closed,
/// as libzmq does. On Windows the same option would let two programs listen at one address, and
/// none is needed.
fn bind_to(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())
}

/// Refuses a connection whose two ends are the same socket.
///
/// TCP allows it: while nobody listens at a local port, an attempt that is given that very port to
/// connect from meets itself. The attempts of a reconnecting socket get there sooner or later, and
/// then keep the port from its owner.
fn refuse_self(stream: &TcpStream, address: SocketAddr) -> io::Result<()> {
    if stream.local_addr()? == address {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens there"));
    }
    Ok(())
}

/// The stream of a new connection. The peer's address is known already, and is not asked of the
/// socket: a connection that was reset at once has none any more, and would look like a failure to
/// accept.
fn connected(stream: TcpStream, peer: SocketAddr, options: &TransportOptions) -> io::Result<Io> {
    tune::once_connected(SockRef::from(&stream), peer, options)?;
    Ok(Io::from_tuned_tcp(stream, peer))
}

/// A TCP socket that listens.
#[derive(Debug)]
pub struct BoundTcp {
    listener: TcpListener,
    endpoint: Endpoint,
    options: TransportOptions,
}

impl BoundTcp {
    /// Of a socket that listens and does not block.
    pub(super) fn new(listener: StdListener, options: &TransportOptions) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        let endpoint = Endpoint::from(listener.local_addr()?);
        Ok(Self { listener, endpoint, options: options.clone() })
    }
}

impl Listener for BoundTcp {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (stream, address) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(connected(stream, address, &self.options))
    }

    #[cfg(unix)]
    fn descriptor(&self) -> Option<i32> {
        Some(std::os::fd::AsRawFd::as_raw_fd(&self.listener))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// How long an address may keep the ones after it waiting. One that swallows packets would do so
/// for minutes, and hide a good IPv4 address behind an IPv6 one that leads nowhere.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
pub(crate) use tests::Resolving;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use tests::{TWO_ADDRESSES, listeners_on_one_port};

#[cfg(test)]
mod tests;
