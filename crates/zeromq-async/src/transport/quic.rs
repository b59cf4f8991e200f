//! `quic://`: ZMTP on a stream of QUIC, as omq-tokio speaks it.
//!
//! Each peer has one QUIC connection, with TLS 1.3 and the ALPN `omq-zmtp/1`. The connecting side opens
//! two bidirectional streams: 0 carries the bytes of ZMTP, 4 carries [liveness] records. There is no
//! 0-RTT, no migration, and no other stream.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use quinn::{Connection, Incoming};
use tokio::time::timeout;

use super::error::{invalid_input, with_context};
use super::tcp::{LOOKUPS, resolve};
use super::tls::{client, host, no_certificate};
use super::{Io, Listener, Transport, TransportOptions};
use crate::endpoint::{Endpoint, TcpAddress};
use crate::tls::{TlsServer, holder};

mod closing;
mod config;
mod failure;
mod liveness;
mod roles;
mod stream;
mod udp;

use failure::io_error;
use roles::Roles;
use udp::UdpEndpoint;

/// The transport of `quic://`: QUIC, with [TLS](crate::tls).
///
/// Every context has it under that scheme, with the feature `quic`. Peers are sockets of this crate and
/// of omq-tokio. A bound endpoint needs a [`TlsServer`], and a
/// [`TlsClient`](crate::tls::TlsClient) says which authorities to trust, as for
/// `tls://`.
///
/// QUIC has tasks of its own, on the runtime of the endpoint. The address of a bound endpoint is in use
/// until the last connection that was accepted there has ended.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
/// let certificate = TlsCertificate::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?;
/// let mut pull = PullSocket::builder().tls_server(TlsServer::new(certificate)).build();
/// let tls = TlsClient::new().roots(TlsRoots::from_pem(made.cert.pem())?);
/// let mut push = PushSocket::builder().tls_client(tls).build();
/// push.connect(pull.bind("quic://127.0.0.1:*").await?)?;
/// push.send("over QUIC").await?;
/// assert_eq!(pull.recv().await?, "over QUIC");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Quic;

impl Transport for Quic {
    type Listener = BoundQuic;

    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundQuic> {
        let server = options.tls_server.clone().ok_or_else(no_certificate)?;
        let config = config::server(&server).await?;
        let addresses = local_addresses(endpoint.to_tcp()?.address()).await?;
        let address = *addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let udp = UdpEndpoint::bind(address, options, config).await?;
        let endpoint = Endpoint::from(udp.local_address()?).with_scheme(endpoint.scheme())?;
        Ok(BoundQuic { next: next(udp.clone()), udp: Some(udp), endpoint, server })
    }

    /// Connects to the first address that answers. The QUIC handshake is done here, and what follows it
    /// in the stream.
    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let tcp = endpoint.to_tcp()?;
        let tls = client(options);
        let name = host(&tcp);
        let name = tls.name_of(&name)?.to_str().into_owned();
        let config = config::client(&tls).await?;
        let source = match tcp.source() {
            Some(source) => local_addresses(source).await?.first().copied(),
            None => None,
        };
        let mut last = None;
        let target = tcp.address();
        for address in resolve::remote(target.host(), target.port(), &LOOKUPS).await? {
            let udp = UdpEndpoint::for_peer(address, source, options)?;
            match attempt(&udp, config.clone(), address, &name, options).await {
                Ok(connection) => return Ok(open(udp, connection, address)),
                Err(error) => last = Some(with_context(error, address.to_string())),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        endpoint.to_tcp()?;
        match options.socks_proxy {
            None => Ok(()),
            Some(_) => Err(invalid_input("socks_proxy is for tcp; quic:// cannot use it")),
        }
    }
}

async fn local_addresses(address: &TcpAddress) -> io::Result<Vec<SocketAddr>> {
    resolve::local(address.host(), address.port(), &LOOKUPS).await
}

/// How long one address may take. A socket tries again, and its first packet is then sent at once.
const ATTEMPT: Duration = Duration::from_secs(5);

async fn attempt(
    udp: &UdpEndpoint,
    config: quinn::ClientConfig,
    address: SocketAddr,
    name: &str,
    options: &TransportOptions,
) -> io::Result<Connection> {
    let connecting = udp.quinn.connect_with(config, address, name).map_err(io::Error::other)?;
    let limit = options.attempt.connect_timeout.map_or(ATTEMPT, |limit| limit.min(ATTEMPT));
    let connected = timeout(limit, connecting).await.map_err(|_| {
        let text = format!("nothing there answers in QUIC within {limit:?}");
        io::Error::new(io::ErrorKind::TimedOut, text)
    })?;
    connected.map_err(|error| io_error(&error))
}

/// The stream of a connection that this side made.
fn open(udp: Arc<UdpEndpoint>, connection: Connection, address: SocketAddr) -> Io {
    let local = local(&udp, &connection);
    Io::opening(address, local, |_| async move { Ok(Roles::open(udp, connection).await?.halves()) })
}

fn local(udp: &UdpEndpoint, connection: &Connection) -> Option<Endpoint> {
    let bound = udp.local_address().ok()?;
    let ip = connection.local_ip().unwrap_or(bound.ip());
    Endpoint::from(SocketAddr::new(ip, bound.port())).with_scheme("quic").ok()
}

/// A bound QUIC endpoint.
pub struct BoundQuic {
    /// `None` once it is dropped.
    udp: Option<Arc<UdpEndpoint>>,
    next: Next,
    endpoint: Endpoint,
    server: TlsServer,
}

type Next = Pin<Box<dyn Future<Output = Option<Incoming>> + Send>>;

/// Waits for the next connection.
fn next(udp: Arc<UdpEndpoint>) -> Next {
    Box::pin(async move { udp.quinn.accept().await })
}

impl BoundQuic {
    fn accept(&self, udp: Arc<UdpEndpoint>, incoming: Incoming) -> Io {
        let address = incoming.remote_address();
        let server = self.server.clone();
        Io::opening(address, None, |user| async move {
            let config = config::server(&server).await.map_err(failure::of_config)?;
            let accepted = incoming.accept_with(Arc::new(config));
            let connection = accepted.map_err(|error| io_error(&error))?;
            let connection = connection.await.map_err(|error| io_error(&error))?;
            if let Some(verified) = holder_of(&connection) {
                let _ = user.set(verified);
            }
            Ok(Roles::accept(udp, connection).await?.halves())
        })
    }
}

/// The holder of the client's certificate, if it showed one.
fn holder_of(connection: &Connection) -> Option<crate::identity::TransportUser> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<tokio_rustls::rustls::pki_types::CertificateDer<'_>>>();
    chain.ok()?.first().map(holder)
}

impl Listener for BoundQuic {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        loop {
            let incoming = ready!(self.next.as_mut().poll(cx));
            let (Some(incoming), Some(udp)) = (incoming, self.udp.clone()) else {
                return Poll::Ready(Err(io::Error::other("the runtime of the endpoint has ended")));
            };
            self.next = next(udp.clone());
            if incoming.remote_address_validated() {
                return Poll::Ready(Ok(self.accept(udp, incoming)));
            }
            // The sender has to show that it receives at its address. So no sender can hold pending
            // handshakes in the name of another address, or have answers sent to it.
            let _ = incoming.retry();
        }
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for BoundQuic {
    fn drop(&mut self) {
        if let Some(udp) = self.udp.take() {
            udp.stop_listening();
        }
    }
}

impl std::fmt::Debug for BoundQuic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundQuic").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
