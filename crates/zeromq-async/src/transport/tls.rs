//! `tls://`: TLS over TCP.

use std::io;
#[cfg(feature = "ws")]
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::error::invalid_input;
use super::{BoundTcp, Io, Listener, Tcp, Transport, TransportOptions};
use crate::endpoint::{Endpoint, Host, TcpEndpoint};
use crate::identity::TransportUser;
use crate::tls::{TlsClient, TlsFailure, TlsServer, holder};

mod stream;
use stream::{FirstBytes, Reasoned};

/// The transport of `tls://`: [TLS](crate::tls) over TCP.
///
/// Every context has it under that scheme, with the feature `tls`. A transport on top of TLS, such as
/// WebSocket, calls it with an endpoint from [`Endpoint::with_scheme`]. The options of tcp apply.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::Endpoint;
/// use zeromq_async::transport::{Tls, Transport, TransportOptions};
///
/// let endpoint: Endpoint = "tls://127.0.0.1:*".parse()?;
/// let error = Tls.listen(&endpoint, &TransportOptions::default()).await.unwrap_err();
/// assert!(error.to_string().contains("tls_server")); // a server needs a certificate
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Tls;

impl Transport for Tls {
    type Listener = BoundTls;

    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundTls> {
        let server = options.tls_server.clone().ok_or_else(no_certificate)?;
        // A fault is reported now, not to each peer.
        server.config().await?;
        let tcp = Endpoint::Tcp(endpoint.to_tcp()?);
        let tcp = Tcp.listen(&tcp, options).await?;
        let endpoint = tcp.local_endpoint().with_scheme(endpoint.scheme())?;
        Ok(BoundTls { tcp, endpoint, server })
    }

    /// Connects over TCP. The TLS handshake follows in the stream.
    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let client = client(options);
        let tcp = endpoint.to_tcp()?;
        let name = client.name_of(&host(&tcp))?;
        let connector = TlsConnector::from(client.config().await?);
        let io = Tcp.dial(&Endpoint::Tcp(tcp), options).await?;
        Ok(io.upgrade(|io| connect(connector, name, io)))
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        Tcp.check(&Endpoint::Tcp(endpoint.to_tcp()?), options)
    }
}

impl BoundTls {
    #[cfg(feature = "ws")]
    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_address()
    }
}

pub(super) fn no_certificate() -> io::Error {
    invalid_input("the socket has no certificate to show; build it with tls_server")
}

/// The client of the options, or the one that trusts what the operating system trusts.
pub(super) fn client(options: &TransportOptions) -> TlsClient {
    static OF_PLATFORM: LazyLock<TlsClient> = LazyLock::new(TlsClient::new);
    options.tls_client.as_ref().unwrap_or(&OF_PLATFORM).clone()
}

/// The host as certificates have it.
pub(super) fn host(tcp: &TcpEndpoint) -> String {
    match tcp.address().host() {
        Host::Ip(ip) => ip.to_string(),
        Host::Zoned { address, .. } => address.to_string(),
        host => host.to_string(),
    }
}

async fn connect(
    connector: TlsConnector,
    name: ServerName<'static>,
    io: Io,
) -> io::Result<Reasoned> {
    match connector.connect(name, FirstBytes::new(io)).into_fallible().await {
        Ok(stream) => Ok(Reasoned::new(stream.into())),
        Err((error, stream)) => Err(failed(error, stream).await),
    }
}

async fn accept(server: TlsServer, io: Io) -> io::Result<(Reasoned, Option<TransportUser>)> {
    let config = server.config().await;
    let config = config.map_err(|error| io::Error::other(TlsFailure::from(error)))?;
    match TlsAcceptor::from(config).accept(FirstBytes::new(io)).into_fallible().await {
        Ok(stream) => {
            let stream = TlsStream::from(stream);
            let user = user(&stream);
            Ok((Reasoned::new(stream), user))
        }
        Err((error, stream)) => Err(failed(error, stream).await),
    }
}

fn user(stream: &TlsStream<FirstBytes>) -> Option<TransportUser> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates()?.first().map(holder)
}

/// How long, and how many bytes, a connection is read after its handshake has failed. A close with
/// unread bytes makes the kernel reset the connection, and the peer may lose the alert that says why.
const DRAIN: (Duration, u64) = (Duration::from_secs(1), 64 * 1024);

/// Lets the peer receive the alert, and returns the reason.
async fn failed(error: io::Error, mut stream: FirstBytes) -> io::Error {
    let error = TlsFailure::of_stream(error, stream.first(), true);
    let (limit, bytes) = DRAIN;
    let drain = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut (&mut stream).take(bytes), &mut tokio::io::sink()).await
    };
    let _ = timeout(limit, drain).await;
    error
}

/// A listening socket. Its connections begin with a TLS handshake.
#[derive(Debug)]
pub struct BoundTls {
    tcp: BoundTcp,
    endpoint: Endpoint,
    server: TlsServer,
}

impl Listener for BoundTls {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let server = &self.server;
        let accepted = self.tcp.poll_accept(cx);
        accepted.map_ok(|io| io.upgrade_with_user(|io| accept(server.clone(), io)))
    }

    fn descriptor(&self) -> Option<i32> {
        self.tcp.descriptor()
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}
