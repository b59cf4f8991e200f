//! A peer of QUIC alone, which does what a test says.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, RecvStream, SendStream, ServerConfig};
use support::authority::{Authority, HOST, Issued};
use support::hostile::{greeting, ready};
use support::within;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeromq_async::Endpoint;

pub(crate) const ALPN: &[u8] = b"omq-zmtp/1";
pub(crate) const PREFACE: &[u8] = b"OMQL\x01\0\0\0";

pub(crate) fn address(endpoint: &Endpoint) -> SocketAddr {
    endpoint.to_string().trim_start_matches("quic://").parse().unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn client_config(authority: &Authority, alpn: &[u8]) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.to_vec()];
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

pub(crate) fn server_config(issued: &Issued, alpn: &[u8]) -> ServerConfig {
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![alpn.to_vec()];
    ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
}

/// Connects in QUIC.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    authority: &Authority,
    alpn: &[u8],
) -> Result<(quinn::Endpoint, Connection), quinn::ConnectionError> {
    let local = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let config = client_config(authority, alpn);
    let connecting = local.connect_with(config, address(endpoint), HOST).unwrap();
    Ok((local, within("QUIC", connecting).await?))
}

/// A raw client of a socket, with both streams.
pub(crate) struct RawClient {
    pub(crate) connection: Connection,
    pub(crate) data: (SendStream, RecvStream),
    pub(crate) liveness: (SendStream, RecvStream),
    _local: quinn::Endpoint,
}

impl RawClient {
    /// Connects, and opens both streams.
    pub(crate) async fn open(endpoint: &Endpoint, authority: &Authority, preface: &[u8]) -> Self {
        let (local, connection) = connect(endpoint, authority, ALPN).await.unwrap();
        let data = connection.open_bi().await.unwrap();
        let mut liveness = connection.open_bi().await.unwrap();
        liveness.0.write_all(preface).await.unwrap();
        Self { connection, data, liveness, _local: local }
    }

    /// Connects as a PUSH, and completes the handshake of ZMTP.
    pub(crate) async fn push(endpoint: &Endpoint, authority: &Authority) -> Self {
        let mut client = Self::open(endpoint, authority, PREFACE).await;
        let mut preface = [0; 8];
        within("the preface", client.liveness.1.read_exact(&mut preface)).await.unwrap();
        assert_eq!(preface, PREFACE);
        let hello = [greeting(1, "NULL"), ready("PUSH")].concat();
        client.data.0.write_all(&hello).await.unwrap();
        client
    }

    /// The code with which the peer closes the connection.
    pub(crate) async fn closed(&self) -> u64 {
        match within("the connection to end", self.connection.closed()).await {
            quinn::ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
            other => panic!("{other}"),
        }
    }
}
