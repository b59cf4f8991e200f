//! Sockets over TLS, with certificates on both sides (REQ/REP and PUSH/PULL over `tls://`).
//!
//!     cargo run -p examples --example tls
//!
//! A server shows its certificate to each client, and asks the client for one. This example makes an
//! authority and certificates on each run. A real program reads them from files, with
//! `TlsCertificate::from_pem_files`, and renews them while it runs.

use std::error::Error;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
use zeromq_async::{Context, Endpoint, PullSocket, PushSocket, RepSocket, ReqSocket, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// An authority that signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        Ok(Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?))
    }

    fn issue(&self, name: &str) -> Result<TlsCertificate> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([name.to_owned()])?.signed_by(&key, &*self.0)?;
        Ok(TlsCertificate::from_pem(certificate.pem(), key.serialize_pem())?)
    }

    fn roots(&self) -> Result<TlsRoots> {
        Ok(TlsRoots::from_pem(self.0.pem())?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (servers, users) = (Authority::new("Servers")?, Authority::new("Users")?);
    let server =
        TlsServer::new(servers.issue("127.0.0.1")?).require_client_certificates(users.roots()?);
    let client =
        TlsClient::new().roots(servers.roots()?).certificate(users.issue("alice.example")?);
    // The sockets of this context have both roles.
    let context = Context::builder().tls_server(server).tls_client(client).build();

    let mut rep = RepSocket::builder_in(&context).build();
    let mut req = ReqSocket::builder_in(&context).build();
    let endpoint = rep.bind("tls://127.0.0.1:*").await?;
    println!("server: bound to {endpoint}");
    req.connect(&endpoint)?;
    req.send("Is this encrypted?").await?;
    let (question, peer) = rep.recv_from().await?;
    let user = peer.info().user_id().unwrap_or("nobody");
    println!("server: {user} asks {:?}", question.to_str()?);
    rep.send("Yes").await?;
    println!("client: got {:?}", req.recv().await?.to_str()?);

    println!("done: {} bytes in 1000 messages over TLS", flood(&context).await?);

    // A client that trusts another authority does not connect, and its event says what to do.
    let stranger = TlsClient::new().roots(Authority::new("Strangers")?.roots()?);
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
async fn refusal(client: TlsClient, endpoint: &Endpoint) -> Result<String> {
    let req = ReqSocket::builder().tls_client(client).build();
    let mut events = req.events();
    req.connect(endpoint)?;
    loop {
        match events.next().await.ok_or("the socket ended")? {
            SocketEvent::HandshakeFailed { reason, .. } => return Ok(reason.to_string()),
            SocketEvent::HandshakeSucceeded { .. } => {
                return Err("the server accepted the connection".into());
            }
            _ => {}
        }
    }
}
