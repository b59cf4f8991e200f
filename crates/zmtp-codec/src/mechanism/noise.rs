//! NOISE: authentication and encryption with handshakes of the Noise framework.
//!
//! The specification is `docs/noise.md`.
//!
//! ```text
//! XX: the server sends its key                 IK: the client knows the server's key
//!   | -- NOISE   | e | ----------------> |       | -- NOISE   | e, es, s, ss | ----> | decision
//!   | <- NOISE   | e, ee, s, es | ------ |       | <- NOISE   | e, ee, se, md | ---- |
//!   | decision                           |       | -- READY   | md | --------------> |
//!   | -- NOISE   | s, se, md | --------> | decision
//!   | <- READY   | md | ---------------- |
//!                                    md = metadata
//! ```
//!
//! `snow` runs the handshakes, with primitives from `resolver.rs`: X25519 and ChaCha20-Poly1305 are the
//! same code as in CURVE, which is several times faster and needs no second cryptographic library, and
//! randomness is an argument. Records do not use `snow`, because the two directions of a connection
//! are separate.

mod client;
mod exchange;
mod record;
mod resolver;
mod server;

pub use client::NoiseClient;
pub use server::NoiseServer;

use crate::wire::MechanismName;

/// The handshake pattern: the order in which keys are sent and proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    /// Neither side knows the other's key. Observers learn no key, and the server sends its own
    /// first.
    Xx,
    /// The client knows the server's key.
    Ik,
}

impl Pattern {
    fn mechanism(self) -> MechanismName {
        match self {
            Self::Xx => MechanismName::NOISE_XX,
            Self::Ik => MechanismName::NOISE_IK,
        }
    }
}

/// The name of the command that carries handshake messages.
const COMMAND: &str = "NOISE";

/// The bytes of a public key.
const KEY: usize = 32;

/// The most bytes of metadata that fit into any handshake message.
const METADATA_MAX: usize = 65_535 - 2 * (KEY + TAG);

/// The bytes of a tag, which follows everything encrypted.
const TAG: usize = 16;
