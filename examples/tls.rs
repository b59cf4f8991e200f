//! Sockets over TLS: a transport of one's own (PUSH/PULL and REQ/REP over tokio-rustls).
//!
//!     cargo run --example tls
//!
//! To see: what a transport has to do, which is to listen and to dial; that every socket type works
//! over it; and that a client which does not trust the server's certificate does not connect. The
//! certificate is made anew each time here; a program would read its own from a file.

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

/// What sockets do over TCP, inside TLS.
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

/// Whom the certificate must be of.
fn server_name(to: &Endpoint) -> io::Result<ServerName<'static>> {
    match to {
        Endpoint::Tcp(tcp) => match tcp.address().host() {
            Host::Ip(ip) => Ok((*ip).into()),
            host => ServerName::try_from(host.to_string()).map_err(io::Error::other),
        },
        other => Err(io::Error::other(format!("{other} names no host"))),
    }
}

struct TlsListener {
    tcp: BoundTcp,
    endpoint: Endpoint,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        // The handshake of TLS is done later, by the connection itself: a client that takes its
        // time keeps no other waiting, and has no more of it than the handshake timeout.
        let acceptor = self.acceptor.clone();
        self.tcp.poll_accept(cx).map_ok(|io| io.upgrade(|io| acceptor.accept(io)))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// A certificate that says who has its key is at 127.0.0.1, and the transport that trusts it.
fn certified() -> Result<Tls> {
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
    let tls = certified()?;
    let context = Context::builder().transport("tls", tls.clone())?.build();

    let mut rep = RepSocket::builder_in(&context).build();
    let mut req = ReqSocket::builder_in(&context).build();
    let endpoint = rep.bind("tls://127.0.0.1:*").await?;
    println!("server: bound to {endpoint}");
    req.connect(&endpoint).await?;
    req.send("Is anybody listening?").await?;
    println!("server: asked {:?} from {}", rep.recv().await?.to_str()?, endpoint.scheme());
    rep.send("Only you and I").await?;
    println!("client: got {:?}", req.recv().await?.to_str()?);

    println!("done: {} octets in 1000 messages over TLS", flood(&context).await?);

    // Who trusts another certificate does not connect.
    let stranger = Tls { connector: certified()?.connector, ..tls };
    println!("stranger: {}", refusal(stranger, &endpoint).await?);
    Ok(())
}

/// Sends messages of up to a hundred thousand octets, and counts what arrives.
async fn flood(context: &Context) -> Result<usize> {
    let mut pull = PullSocket::builder_in(context).build();
    let mut push = PushSocket::builder_in(context).build();
    push.connect(pull.bind("tls://127.0.0.1:*").await?).await?;
    let sending = tokio::spawn(async move {
        for number in 0..1000 {
            push.send(vec![7; number * 100]).await?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(push.close().await.unsent)
    });
    let mut octets = 0;
    for _ in 0..1000 {
        octets += pull.recv().await?.size();
    }
    assert_eq!(sending.await??, 0);
    Ok(octets)
}

/// Connects, and says why that failed.
async fn refusal(tls: Tls, endpoint: &Endpoint) -> Result<String> {
    let context = Context::builder().transport("tls", tls)?.build();
    let req = ReqSocket::builder_in(&context).build();
    let mut events = req.events();
    req.connect(endpoint).await?;
    loop {
        match events.next().await.ok_or("the socket ended")? {
            SocketEvent::ConnectFailed { error, .. } => return Ok(error.to_string()),
            SocketEvent::HandshakeSucceeded { .. } => return Err("it was let in".into()),
            _ => {}
        }
    }
}
