//! 45/ZWS: ZMTP over WebSocket.
//!
//! A connection begins with an HTTP upgrade, in which both sides agree on a [`Profile`]. Then each ZMTP
//! frame is one binary WebSocket message:
//!
//! ```text
//! | WebSocket header (2-14) | flags (1) | frame body |
//!
//! flags:  bit 0 MORE   bit 1 COMMAND   bits 2-7 zero
//! ```
//!
//! PING and PONG are control frames of WebSocket, and so is CLOSE, which ends a connection. The client
//! masks what it sends. Subscriptions are messages, as in ZMTP 3.0.
//!
//! [`Zws`] does it all. A web server that does the upgrade itself uses [`Upgrade`].

mod carrier;
mod close;
mod control;
mod error;
mod fault;
mod head;
mod header;
mod key;
mod mask;
mod preface;
mod profile;
mod reader;
mod refusal;
mod request;
mod response;
mod role;
mod writer;

pub use error::UpgradeError;
pub use fault::WebSocketFault;
pub use profile::Profile;
pub use refusal::Refusal;
pub use request::Upgrade;
pub use role::Role;

use carrier::carrier;
use preface::{ClientPreface, ServerPreface};

use super::{Framing, FramingContext, Result, Step};

/// The framing of 45/ZWS.
///
/// ```
/// use bytes::BytesMut;
/// use zmtp_codec::framing::zws::Zws;
/// use zmtp_codec::{Connection, ConnectionConfig, Event, Null, SocketType};
///
/// let entropy = [7; Zws::ENTROPY]; // from the operating system
/// let client = ConnectionConfig::new(SocketType::Req, Null);
/// let framing = Zws::client("example.org", "/feed", entropy);
/// let client = Connection::new(&client).with_framing(Box::new(framing));
/// let server = ConnectionConfig::new(SocketType::Rep, Null);
/// let server = Connection::new(&server).with_framing(Box::new(Zws::server(Some("/feed"))));
///
/// let (mut sides, mut ready) = ([client, server], 0);
/// let mut inputs = [BytesMut::new(), BytesMut::new()];
/// while ready < 2 {
///     for (side, other) in [(0, 1), (1, 0)] {
///         while let Some(bytes) = sides[side].poll_transmit() {
///             inputs[other].extend_from_slice(&bytes);
///         }
///         if let Some(Event::Ready(_)) = sides[other].handle_input(&mut inputs[other], 1)? {
///             ready += 1;
///         }
///     }
/// }
/// # Ok::<_, zmtp_codec::ProtocolError>(())
/// ```
#[derive(Debug)]
pub struct Zws(Start);

#[derive(Debug)]
enum Start {
    Client { host: String, path: String, nonce: [u8; 16], secret: [u8; 16] },
    Server { path: Option<Box<str>> },
    Upgraded { role: Role, profile: Profile, secret: [u8; 16] },
}

impl Zws {
    /// The random bytes that a client needs.
    pub const ENTROPY: usize = 32;

    /// The client: asks for an upgrade.
    ///
    /// `host` is the value of the Host header, with the port unless it is 80. `path` begins with a
    /// slash. `entropy` has unpredictable bytes, for the key of the upgrade and for masks.
    pub fn client(host: impl Into<String>, path: &str, entropy: [u8; Self::ENTROPY]) -> Self {
        let (nonce, secret) = split(entropy);
        Self(Start::Client { host: host.into(), path: path.into(), nonce, secret })
    }

    /// The server: answers a request for an upgrade at `path`, and any other with an HTTP error.
    /// Without a path, every path is served.
    pub fn server(path: Option<&str>) -> Self {
        Self(Start::Server { path: path.map(Into::into) })
    }

    /// The server of a connection that a web server has upgraded already.
    pub fn upgraded(upgrade: &Upgrade) -> Self {
        let (role, profile) = (Role::Server, upgrade.profile());
        Self(Start::Upgraded { role, profile, secret: [0; 16] })
    }

    /// The client of a connection that is upgraded already. The server chose `profile`.
    pub fn upgraded_client(profile: Profile, entropy: [u8; Self::ENTROPY]) -> Self {
        let (role, (_, secret)) = (Role::Client, split(entropy));
        Self(Start::Upgraded { role, profile, secret })
    }
}

fn split(entropy: [u8; Zws::ENTROPY]) -> ([u8; 16], [u8; 16]) {
    let mut halves = ([0; 16], [0; 16]);
    halves.0.copy_from_slice(&entropy[..16]);
    halves.1.copy_from_slice(&entropy[16..]);
    halves
}

impl Framing for Zws {
    fn start(self: Box<Self>, context: FramingContext, output: &mut Vec<u8>) -> Result<Step> {
        let mechanism = context.mechanism;
        if Profile::offered_with(mechanism).is_empty() {
            return Err(UpgradeError::NoSubProtocol(mechanism).into());
        }
        match self.0 {
            Start::Client { host, path, nonce, secret } => {
                let preface = ClientPreface::start(&host, &path, mechanism, nonce, secret, output)?;
                Ok(Step::Await(Box::new(preface)))
            }
            Start::Server { path } => {
                Ok(Step::Await(Box::new(ServerPreface::new(path, mechanism))))
            }
            Start::Upgraded { profile, .. } if !profile.suits(mechanism) => {
                Err(UpgradeError::Mechanism { profile, mechanism }.into())
            }
            Start::Upgraded { role, profile, secret } => {
                Ok(Step::Carry(carrier(role, profile, secret)))
            }
        }
    }
}
