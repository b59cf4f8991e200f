//! `tcp://`: listens, and connects to each address of a host in turn.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::task::{Context, Poll, ready};

use tokio::net::TcpListener;

use super::error::invalid_input;
use super::{Io, Listener, Transport, TransportOptions};
use crate::endpoint::{Endpoint, Host, TcpAddress, TcpEndpoint};

mod dial;
mod lookups;
pub(super) mod resolve;
mod socket;
mod socks;

use dial::Route;
pub(super) use lookups::LOOKUPS;
pub(super) use socket::set_before_use;

/// The transport of `tcp://`.
///
/// Every context has it under that scheme. A transport on top of TCP calls it with an endpoint from
/// [`Endpoint::with_scheme`].
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

    /// Binds a name with several addresses at the first one, IPv4 before IPv6. libzmq connects to
    /// that one, because it uses IPv4 alone by default.
    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundTcp> {
        let address = tcp(endpoint)?.address();
        let addresses = resolve::local(address.host(), address.port(), &LOOKUPS).await?;
        let address = *addresses.first().ok_or(io::ErrorKind::NotFound)?;

        let socket = socket::open(address, options)?;
        if address.ip().is_unspecified() && address.is_ipv6() {
            // `[::]` accepts IPv4 too on every system, as in libzmq.
            socket.set_only_v6(false)?;
        }
        socket::bind(&socket, address)?;
        socket.listen(options.listen_backlog())?;
        BoundTcp::new(socket.into(), options)
    }

    /// Connects to the first address that answers. The error names each address that was tried.
    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        Route::new(tcp(endpoint)?, options).connect(&LOOKUPS).await
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        socket::check(tcp(endpoint)?, options)
    }
}

fn tcp(endpoint: &Endpoint) -> io::Result<&TcpEndpoint> {
    match endpoint {
        Endpoint::Tcp(tcp) => Ok(tcp),
        other => Err(invalid_input(format!(
            "{other} is not a TCP address; Endpoint::with_scheme makes one"
        ))),
    }
}

/// Whether both are the same local address, or one is a name of the other. Looks up names.
pub(crate) async fn is_local_address(bound: &TcpAddress, other: &TcpAddress) -> bool {
    let (Host::Ip(_) | Host::Zoned { .. }, true) = (bound.host(), bound.port() == other.port())
    else {
        return false;
    };
    let bound = resolve::local(bound.host(), bound.port(), &LOOKUPS).await.unwrap_or_default();
    let others = resolve::local(other.host(), other.port(), &LOOKUPS).await.unwrap_or_default();
    // Binding uses the first address of a name.
    let canonical = |addresses: &[SocketAddr]| Some(addresses.first()?.ip().to_canonical());
    canonical(&bound).is_some() && canonical(&bound) == canonical(&others)
}

/// A listening TCP socket.
#[derive(Debug)]
pub struct BoundTcp {
    listener: TcpListener,
    endpoint: Endpoint,
    options: TransportOptions,
}

impl BoundTcp {
    /// The bound address.
    #[cfg(feature = "ws")]
    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes a non-blocking socket that listens.
    pub(super) fn new(listener: StdListener, options: &TransportOptions) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        let endpoint = Endpoint::from(listener.local_addr()?);
        Ok(Self { listener, endpoint, options: options.clone() })
    }
}

impl Listener for BoundTcp {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (stream, address) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(socket::connected(stream, address, &self.options))
    }

    #[cfg(unix)]
    fn descriptor(&self) -> Option<i32> {
        Some(std::os::fd::AsRawFd::as_raw_fd(&self.listener))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
pub(crate) use tests::Resolving;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use tests::{TWO_ADDRESSES, listeners_on_one_port};

#[cfg(test)]
mod tests;
