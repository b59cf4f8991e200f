//! The configuration of QUIC.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt};

use crate::tls::{TlsClient, TlsConfigError, TlsServer};

/// The protocol inside TLS: the profile of omq-tokio.
pub(super) const ALPN: &[u8] = b"omq-zmtp/1";

/// The two streams of a connection.
const STREAMS: u32 = 2;

/// Bytes of the data stream that a side buffers before it is read.
const STREAM_WINDOW: u32 = 1 << 20;

/// Bytes of all streams: liveness records pass while the data stream is full.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW + STREAM_WINDOW / 4;

/// After this silence a connection has ended. The smaller one of both sides counts.
const IDLE: Duration = Duration::from_secs(30);

/// A packet is sent after this silence.
const KEEP_ALIVE: Duration = Duration::from_secs(8);

/// The most connections with a waiting first packet, and their bytes.
const MAX_INCOMING: usize = 1024;
const INCOMING_BYTES: u64 = 16 * 1024;
const ALL_INCOMING_BYTES: u64 = 8 << 20;

/// The largest UDP payload received. Each endpoint has a receive buffer for 64 of them.
const MAX_PAYLOAD: u16 = 1500;

pub(super) async fn server(server: &TlsServer) -> Result<ServerConfig, TlsConfigError> {
    let mut tls = (*server.config().await?).clone();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.max_early_data_size = 0;
    let crypto = QuicServerConfig::try_from(tls)
        .map_err(|error| TlsConfigError::malformed("TLS for QUIC", error))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport(STREAMS)))
        .migration(false)
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(ALL_INCOMING_BYTES);
    Ok(config)
}

pub(super) async fn client(client: &TlsClient) -> io::Result<ClientConfig> {
    let mut tls = (*client.config().await?).clone();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = false;
    let crypto = QuicClientConfig::try_from(tls)
        .map_err(|error| TlsConfigError::malformed("TLS for QUIC", error))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport(0)));
    Ok(config)
}

/// A peer may open this many streams, and send no datagrams.
fn transport(streams: u32) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(streams.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(CONNECTION_WINDOW.into())
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
        .keep_alive_interval(Some(KEEP_ALIVE));
    config
}

pub(super) fn endpoint() -> EndpointConfig {
    let mut config = EndpointConfig::default();
    // 1,200 bytes are the least that QUIC allows.
    let _ = config.max_udp_payload_size(MAX_PAYLOAD);
    config
}
