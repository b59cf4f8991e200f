//! One side of a handshake, with arbitrary bytes after a valid greeting.

use zmtp_codec::wire::Greeting;
use zmtp_codec::{
    Connection, ConnectionConfig, CurveClient, CurveKeyPair, CurveSecretKey, CurveServer, Limits,
    Mechanism, NoiseClient, NoiseKeyPair, NoiseSecretKey, NoiseServer, Null, PlainClient,
    PlainServer, SocketType,
};

use crate::connection::{check_pieces, small_limits};
use crate::input::Input;

/// The two sides of a mechanism. Their random numbers are always the same, so that recorded
/// handshakes stay valid.
pub(crate) struct Sides {
    pub(crate) client: ConnectionConfig,
    pub(crate) server: ConnectionConfig,
}

impl Sides {
    fn of(client: impl Mechanism + 'static, server: impl Mechanism + 'static) -> Self {
        let client = ConnectionConfig::new(SocketType::Dealer, client);
        let server = ConnectionConfig::new(SocketType::Router, server);
        Self {
            client: client.with_limits(small_limits()),
            server: server.with_limits(small_limits()),
        }
    }

    pub(crate) fn null() -> Self {
        Self::of(Null, Null)
    }

    pub(crate) fn plain() -> Self {
        let client = PlainClient::new("name", "password").expect("short enough");
        Self::of(client, PlainServer)
    }

    pub(crate) fn curve() -> Self {
        let keys = |byte| CurveKeyPair::from(CurveSecretKey::new([byte; 32]));
        let client = CurveClient::new(keys(1), *keys(2).public_key());
        Self::of(client, CurveServer::new(keys(2)))
    }

    pub(crate) fn noise(pattern: u8) -> Self {
        let keys = |byte| NoiseKeyPair::from(NoiseSecretKey::new([byte; 32]));
        let server_key = *keys(2).public_key();
        let (client, server) = match pattern % 3 {
            0 => (NoiseClient::xx(keys(1)), NoiseServer::xx(keys(2))),
            1 => (NoiseClient::xx_pinned(keys(1), server_key), NoiseServer::xx(keys(2))),
            _ => (NoiseClient::ik(keys(1), server_key), NoiseServer::ik(keys(2))),
        };
        Self::of(client, server)
    }

    /// The same sides with the default limits.
    pub(crate) fn unlimited(&self) -> Self {
        let (client, server) = (self.client.clone(), self.server.clone());
        Self {
            client: client.with_limits(Limits::default()),
            server: server.with_limits(Limits::default()),
        }
    }

    pub(crate) fn client(&self) -> Connection {
        Connection::with_entropy(&self.client, |bytes| bytes.fill(3))
    }

    pub(crate) fn server(&self) -> Connection {
        Connection::with_entropy(&self.server, |bytes| bytes.fill(4))
    }
}

/// Feeds one side a valid greeting and then these bytes, as a whole and in pieces.
fn tell(make: impl Fn() -> Connection, other: &ConnectionConfig, bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let sizes = [1 + input.below(64), 1 + input.below(256)];
    let greeting =
        Greeting::new(other.mechanism.name()).with_as_server(other.mechanism.is_server());
    let written = [&Greeting::OPENING[..], &greeting.rest(), input.rest()].concat();
    check_pieces(make, &written, &sizes);
}

/// NULL.
pub fn null(bytes: &[u8]) {
    let sides = Sides::null();
    tell(|| sides.server(), &sides.client, bytes);
}

/// PLAIN, the client.
pub fn plain_client(bytes: &[u8]) {
    let sides = Sides::plain();
    tell(|| sides.client(), &sides.server, bytes);
}

/// PLAIN, the server.
pub fn plain_server(bytes: &[u8]) {
    let sides = Sides::plain();
    tell(|| sides.server(), &sides.client, bytes);
}

/// CURVE, the client.
pub fn curve_client(bytes: &[u8]) {
    let sides = Sides::curve();
    tell(|| sides.client(), &sides.server, bytes);
}

/// CURVE, the server.
pub fn curve_server(bytes: &[u8]) {
    let sides = Sides::curve();
    tell(|| sides.server(), &sides.client, bytes);
}

/// NOISE, the client, in any pattern.
pub fn noise_client(bytes: &[u8]) {
    let (pattern, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let sides = Sides::noise(*pattern);
    tell(|| sides.client(), &sides.server, bytes);
}

/// NOISE, the server, in any pattern.
pub fn noise_server(bytes: &[u8]) {
    let (pattern, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let sides = Sides::noise(*pattern);
    tell(|| sides.server(), &sides.client, bytes);
}
