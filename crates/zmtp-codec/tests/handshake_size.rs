//! The limit on the size of a handshake.

mod support;

use std::sync::Arc;

use support::{Pair, end, pair};
use zmtp_codec::{
    ConnectionConfig, LimitExceeded, Limits, Mechanism, Metadata, Null, PlainClient, PlainServer,
    ProtocolError, SocketType,
};
#[cfg(feature = "curve")]
use zmtp_codec::{CurveClient, CurveSecretKey, CurveServer};
#[cfg(feature = "noise")]
use zmtp_codec::{NoiseClient, NoiseSecretKey, NoiseServer};

/// Both sides of each mechanism.
fn mechanisms() -> Vec<(Arc<dyn Mechanism>, Arc<dyn Mechanism>)> {
    let plain = PlainClient::new("a".repeat(255), "b".repeat(255)).expect("as long as they may be");
    let mut mechanisms = vec![both(Null, Null), both(plain, PlainServer)];
    #[cfg(feature = "curve")]
    mechanisms.push({
        let keys = |byte| CurveSecretKey::new([byte; 32]).into();
        let server = CurveServer::new(keys(2));
        both(CurveClient::new(keys(1), *server.public_key()), server)
    });
    #[cfg(feature = "noise")]
    mechanisms.push({
        let keys = |byte| NoiseSecretKey::new([byte; 32]).into();
        both(NoiseClient::xx(keys(1)), NoiseServer::xx(keys(2)))
    });
    mechanisms
}

fn both(
    client: impl Mechanism + 'static,
    server: impl Mechanism + 'static,
) -> (Arc<dyn Mechanism>, Arc<dyn Mechanism>) {
    (Arc::new(client), Arc::new(server))
}

/// As much metadata as the default limits allow.
fn metadata() -> Metadata {
    let others = b"\x0bSocket-Type\0\0\0\x04PUSH\x06X-Long\0\0\0\0".len();
    let mut metadata = Metadata::new();
    let value = vec![0; Limits::default().max_metadata_size - others];
    metadata.insert("X-Long", value).expect("a good property");
    metadata
}

fn sides(mechanisms: (Arc<dyn Mechanism>, Arc<dyn Mechanism>), limit: usize) -> Pair {
    let mut limits = Limits::default();
    limits.max_handshake_size = limit;
    let (client, server) = mechanisms;
    let client = ConnectionConfig::new(SocketType::Push, client).with_metadata(metadata());
    let server = ConnectionConfig::new(SocketType::Pull, server).with_limits(limits);
    pair(&client, &server)
}

/// The bytes of the client's whole handshake.
fn size(mechanisms: (Arc<dyn Mechanism>, Arc<dyn Mechanism>)) -> usize {
    let mut pair = sides(mechanisms, usize::MAX);
    let mut bytes = 0;
    loop {
        let sent = pair.ends[0].sent();
        bytes += sent.len();
        pair.ends[1].read(&sent);
        if !pair.deliver(1, 0) && sent.is_empty() {
            return bytes;
        }
    }
}

#[test]
fn largest_handshakes_fit_the_default_limit() {
    for mechanisms in mechanisms() {
        let name = mechanisms.0.name();
        let pair = sides(mechanisms, Limits::default().max_handshake_size).ready();
        assert_eq!(
            pair.ends[1].peer().metadata().get("X-Long"),
            metadata().get("X-Long"),
            "{name}"
        );
    }
}

#[test]
fn handshake_size_limit_is_exact() {
    for mechanisms in mechanisms() {
        let size = size(mechanisms.clone());
        sides(mechanisms.clone(), size).ready();
        let mut beyond = sides(mechanisms, size - 1);
        beyond.drive();
        let announced = size as u64;
        let expected = LimitExceeded::HandshakeSize { announced, limit: size - 1 };
        assert_eq!(beyond.ends[1].error, Some(expected.into()));
    }
}

#[test]
fn oversized_handshake_is_rejected_by_header() {
    let mut limits = Limits::default();
    limits.max_handshake_size = 64 + 9 + 300;
    let config = ConnectionConfig::new(SocketType::Pull, Null).with_limits(limits);
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9..16].copy_from_slice(b"\x7f\x03\x01NULL");
    for (size, refused) in [(300_u64, false), (301, true)] {
        let mut server = end(&config);
        server.read(&greeting);
        server.read(&[&[6][..], &size.to_be_bytes()].concat());
        let is_it = matches!(
            server.error,
            Some(ProtocolError::LimitExceeded(LimitExceeded::HandshakeSize { .. }))
        );
        assert_eq!(is_it, refused, "{size}: {:?}", server.error);
    }
}
