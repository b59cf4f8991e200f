//! NOISE: authentication and encryption with handshakes of the Noise framework.
//!
//! The specification is `docs/noise.md`.
//!
//! ```text
//! XX: the client learns the server's key       IK: the client knows the server's key
//!   | -- NOISE   | e | ----------------> |       | -- NOISE   | e, es, s, ss | ----> | may it?
//!   | <- NOISE   | e, ee, s, es | ------ |       | <- NOISE   | e, ee, se, md | ---- |
//!   | may it?                            |       | -- READY   | md | --------------> |
//!   | -- NOISE   | s, se, md | --------> | may it?
//!   | <- READY   | md | ---------------- |
//!                                    md = metadata
//! ```
//!
//! Handshakes are those of `snow`. Its primitives are put in from outside, for three reasons: X25519
//! and ChaCha20-Poly1305 are then the same code that CURVE uses, which is several times faster;
//! nothing of a second cryptographic library is built; and randomness comes in as an argument.
//! Records are sealed and opened apart from it, since the two directions of a connection live in
//! different places.

pub(super) mod client;
mod exchange;
pub(super) mod record;
mod resolver;
pub(super) mod server;

use record::RecordKey;

use super::keys::{NoiseKeyPair, NoisePublicKey};
use super::{Result, own_metadata};
use crate::config::ConnectionConfig;
use crate::error::ProtocolError;
use crate::wire::{Command, MechanismName};

/// The order in which keys are shown and proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Neither side knows the other's key. Nobody but the two sides learns any key, and the server
    /// shows its own first.
    Xx,
    /// The client knows the server's key.
    Ik,
}

impl Pattern {
    pub(super) fn mechanism(self) -> MechanismName {
        match self {
            Self::Xx => MechanismName::NOISE_XX,
            Self::Ik => MechanismName::NOISE_IK,
        }
    }
}

/// What a NOISE client is set to: it begins the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseClient {
    pattern: Pattern,
    keys: NoiseKeyPair,
    server_key: Option<NoisePublicKey>,
}

impl NoiseClient {
    /// Makes a client of NOISE_XX that has these keys, and [asks](crate::Event::Authenticate) about
    /// the server's key before it shows its own.
    pub fn xx(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Xx, keys, server_key: None }
    }

    /// Makes a client of NOISE_XX that has these keys, and talks to the server that has the secret
    /// key to `server_key` and to no other.
    pub fn xx_pinned(keys: NoiseKeyPair, server_key: NoisePublicKey) -> Self {
        Self { pattern: Pattern::Xx, keys, server_key: Some(server_key) }
    }

    /// Makes a client of NOISE_IK that has these keys, and talks to the server that has the secret
    /// key to `server_key` and to no other. It is ready half a round trip earlier than NOISE_XX.
    pub fn ik(keys: NoiseKeyPair, server_key: NoisePublicKey) -> Self {
        Self { pattern: Pattern::Ik, keys, server_key: Some(server_key) }
    }

    /// The key that this client is known by.
    pub fn public_key(&self) -> &NoisePublicKey {
        self.keys.public_key()
    }

    /// The key that the server has to be known by.
    pub fn server_key(&self) -> Option<&NoisePublicKey> {
        self.server_key.as_ref()
    }

    pub(super) fn pattern(&self) -> Pattern {
        self.pattern
    }
}

/// What a NOISE server is set to: it answers the handshake, and [asks](crate::Event::Authenticate)
/// about each client by its public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseServer {
    pattern: Pattern,
    keys: NoiseKeyPair,
}

impl NoiseServer {
    /// Makes a server of NOISE_XX that has these keys.
    pub fn xx(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Xx, keys }
    }

    /// Makes a server of NOISE_IK that has these keys.
    pub fn ik(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Ik, keys }
    }

    /// The key that this server is known by.
    pub fn public_key(&self) -> &NoisePublicKey {
        self.keys.public_key()
    }

    pub(super) fn pattern(&self) -> Pattern {
        self.pattern
    }
}

/// READY: what this side says about itself, as its first record.
fn ready(key: &mut RecordKey, config: &ConnectionConfig) -> Result<Command> {
    let metadata = own_metadata(config);
    let (bytes, limit) = (metadata.len(), METADATA_MAX);
    let sealed = key.seal(&metadata).filter(|_| bytes <= limit);
    let data = sealed.ok_or(ProtocolError::MetadataTooLong { bytes, limit })?.into();
    Ok(Command::Ready { data })
}

/// The name of the command that handshake messages travel in.
const COMMAND: &str = "NOISE";

/// The bytes of a public key.
const KEY: usize = 32;

/// The most bytes of metadata that fit into any message of a handshake.
const METADATA_MAX: usize = 65_535 - 2 * (KEY + TAG);

/// The bytes that encryption adds: a tag, which comes last.
const TAG: usize = 16;
