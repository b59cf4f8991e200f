//! `tcp://`: listening, and dialling each address of a name in turn.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{Io, Listener, Transport, TransportOptions};
use crate::endpoint::{Endpoint, TcpAddress, TcpEndpoint};

mod attempts;
mod resolve;
mod socks;
mod tune;

use attempts::Attempts;

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
        let addresses = resolve::local(tcp(endpoint)?.address()).await?;
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
        let target = tcp(endpoint)?;
        let Some(proxy) = &options.socks_proxy else {
            return reach(target.address(), target.source(), options).await;
        };
        let mut io = reach(proxy.address(), target.source(), options).await?;
        socks::connect(&mut io, proxy, target.address()).await?;
        Ok(io)
    }

    fn needs_io_driver(&self) -> bool {
        true
    }
}

/// Connects to whichever address of a host answers first.
async fn reach(
    host: &TcpAddress,
    source: Option<&TcpAddress>,
    options: &TransportOptions,
) -> io::Result<Io> {
    let (addresses, sources) = resolve(host, source).await?;
    let mut attempts = Attempts::default();
    let mut addresses = addresses.into_iter().peekable();
    while let Some(address) = addresses.next() {
        let connecting = connect(address, sources.as_deref(), options);
        let connected = match addresses.peek() {
            Some(_) => patiently(connecting).await,
            None => connecting.await,
        };
        match connected {
            Ok(io) => return Ok(io),
            Err(error) => attempts.0.push((address, error)),
        }
    }
    Err(attempts.into())
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

/// The addresses to connect to, and those to connect from.
async fn resolve(
    host: &TcpAddress,
    source: Option<&TcpAddress>,
) -> io::Result<(Vec<SocketAddr>, Option<Vec<SocketAddr>>)> {
    let sources = match source {
        Some(source) => Some(resolve::local(source).await?),
        None => None,
    };
    Ok((resolve::remote(host).await?, sources))
}

/// Waits for an address for a while only, for others are waiting behind it.
async fn patiently(connecting: impl Future<Output = io::Result<Io>>) -> io::Result<Io> {
    match timeout(PATIENCE, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
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
        bind_to(&socket, *source)?;
    }
    let stream = TcpSocket::from_std_stream(socket.into()).connect(address).await?;
    refuse_self(&stream, address)?;
    connected(stream, address, options)
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

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// How long an address may keep the ones after it waiting. One that swallows packets would do so
/// for minutes, and hide a good IPv4 address behind an IPv6 one that leads nowhere.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
