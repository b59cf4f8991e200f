//! Chains, formats and versions of certificates, and what the operating system trusts.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::authority::{ANY_TLS_PORT, Authority, HOST};
use support::{event, within};
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
use zeromq_async::{PullSocket, PushSocket, SocketEvent};

async fn passes(server: TlsServer, client: TlsClient) {
    let mut pull = PullSocket::builder().tls_server(server).build();
    let mut push = PushSocket::builder().tls_client(client).build();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    push.send("hello").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "hello");
}

fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

#[tokio::test]
async fn chain_reaches_the_root_over_an_intermediate() {
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(authority_parameters(), key()).unwrap();
    let middle = CertifiedIssuer::signed_by(authority_parameters(), key(), &root).unwrap();
    let own = key();
    let leaf = CertificateParams::new([HOST.to_owned()]).unwrap().signed_by(&own, &middle).unwrap();
    let chain = leaf.pem() + &middle.pem();
    let server = TlsServer::new(TlsCertificate::from_pem(chain, own.serialize_pem()).unwrap());
    passes(server, TlsClient::new().roots(TlsRoots::from_pem(root.pem()).unwrap())).await;
}

#[tokio::test]
async fn der_serves_like_pem() {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
    let (der, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
    let server = TlsServer::new(TlsCertificate::from_der([der.clone()], key).unwrap());
    passes(server, TlsClient::new().roots(TlsRoots::from_der([der]).unwrap())).await;
    assert!(TlsCertificate::from_der([[7u8; 3]], [1, 2, 3]).is_err());
    assert!(TlsRoots::from_der(Vec::<Vec<u8>>::new()).is_err());
}

#[tokio::test]
async fn unknown_server_is_refused_by_default() {
    let pull = PullSocket::builder().tls_server(Authority::new().server()).build();
    let push = PushSocket::new(); // trusts what the operating system trusts
    let mut events = push.events();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    let line = event(&mut events, "a refusal", |event| match &event {
        // Without certificates of the system, the attempt to connect fails.
        SocketEvent::HandshakeFailed { .. } | SocketEvent::ConnectFailed { .. } => {
            Some(event.to_string())
        }
        SocketEvent::HandshakeSucceeded { .. } => panic!("a stranger was trusted"),
        _ => None,
    })
    .await;
    let (untrusted, empty) = ("no authority that this side trusts", "ca-certificates");
    assert!(line.contains(untrusted) || line.contains(empty), "{line}");
}
