//! Sockets over TLS with a custom transport (PUSH/PULL and REQ/REP over tokio-rustls).
//!
//!     cargo run -p examples --example tls
//!
//! A transport listens and dials. Every socket type works over it. A client that does not trust the
//! server's certificate cannot connect. This example generates a new certificate on each run. A
//! real program reads its certificate from a file.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use zeromq_async::transport::{BoundTcp, Io, Listener, Tcp, Transport, TransportOptions};
use zeromq_async::{
    Context, Endpoint, Host, PullSocket, PushSocket, RepSocket, ReqSocket, SocketEvent,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A transport that runs TLS over TCP.
#[derive(Clone)]
struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl Transport for Tls {
    type Listener = TlsListener;

    async fn listen(&self, at: &Endpoint, options: &TransportOptions) -> io::Result<TlsListener> {
        let tcp = Tcp.listen(&at.with_scheme("tcp")?, options).await?;
        let endpoint = tcp.local_endpoint().with_scheme("tls")?;
        Ok(TlsListener { tcp, endpoint, acceptor: self.acceptor.clone() })
    }

    async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let to = to.with_scheme("tcp")?;
        let name = server_name(&to)?;
        let io = Tcp.dial(&to, options).await?;
        let peer = io.peer_address().clone();
        Ok(Io::new(self.connector.connect(name, io).await?, peer))
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        Tcp.check(&endpoint.with_scheme("tcp")?, options)
    }
}

/// The name that the server's certificate must have.
fn server_name(to: &Endpoint) -> io::Result<ServerName<'static>> {
    match to {
        Endpoint::Tcp(tcp) => match tcp.address().host() {
            Host::Ip(ip) => Ok((*ip).into()),
            host => ServerName::try_from(host.to_string()).map_err(io::Error::other),
        },
        other => Err(io::Error::other(format!("{other} has no host name"))),
    }
}

struct TlsListener {
    tcp: BoundTcp,
    endpoint: Endpoint,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        // The connection itself runs the TLS handshake later. A slow client therefore does not
        // block other clients, and the handshake timeout applies to it.
        let acceptor = self.acceptor.clone();
        self.tcp.poll_accept(cx).map_ok(|io| io.upgrade(|io| acceptor.accept(io)))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// A transport with a new certificate for 127.0.0.1, which it also trusts.
fn self_signed() -> Result<Tls> {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let certificate = certified.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())?;
    let acceptor = TlsAcceptor::from(Arc::new(server));
    Ok(Tls { acceptor, connector: trusting(certificate)? })
}

fn trusting(certificate: CertificateDer<'static>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(client)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let tls = self_signed()?;
    let context = Context::builder().transport("tls", tls.clone())?.build();

    let mut rep = RepSocket::builder_in(&context).build();
    let mut req = ReqSocket::builder_in(&context).build();
    let endpoint = rep.bind("tls://127.0.0.1:*").await?;
    println!("server: bound to {endpoint}");
    req.connect(&endpoint)?;
    req.send("Is this encrypted?").await?;
    println!("server: asked {:?} from {}", rep.recv().await?.to_str()?, endpoint.scheme());
    rep.send("Yes").await?;
    println!("client: got {:?}", req.recv().await?.to_str()?);

    println!("done: {} bytes in 1000 messages over TLS", flood(&context).await?);

    // A client that trusts another certificate cannot connect.
    let stranger = Tls { connector: self_signed()?.connector, ..tls };
    println!("stranger: {}", refusal(stranger, &endpoint).await?);
    Ok(())
}

/// Sends messages of up to 99,900 bytes and counts the received bytes.
async fn flood(context: &Context) -> Result<usize> {
    let mut pull = PullSocket::builder_in(context).build();
    let mut push = PushSocket::builder_in(context).build();
    push.connect(pull.bind("tls://127.0.0.1:*").await?)?;
    let sending = tokio::spawn(async move {
        for number in 0..1000 {
            push.send(vec![7; number * 100]).await?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(push.close().await.unsent)
    });
    let mut bytes = 0;
    for _ in 0..1000 {
        bytes += pull.recv().await?.size();
    }
    assert_eq!(sending.await??, 0);
    Ok(bytes)
}

/// Connects and returns the reason why that failed.
async fn refusal(tls: Tls, endpoint: &Endpoint) -> Result<String> {
    let context = Context::builder().transport("tls", tls)?.build();
    let req = ReqSocket::builder_in(&context).build();
    let mut events = req.events();
    req.connect(endpoint)?;
    loop {
        match events.next().await.ok_or("the socket ended")? {
            SocketEvent::ConnectFailed { error, .. } => return Ok(error.to_string()),
            SocketEvent::HandshakeSucceeded { .. } => {
                return Err("the server accepted the connection".into());
            }
            _ => {}
        }
    }
}
