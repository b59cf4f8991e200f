//! NOISE: authentication and encryption with handshakes of the Noise framework.
//!
//! The specification is `docs/noise.md`.
//!
//! ```text
//! XX: the client learns the server's key       IK: the client knows the server's key
//!   | -- NOISE   | e | ----------------> |       | -- NOISE   | e, es, s, ss | ----> | decision
//!   | <- NOISE   | e, ee, s, es | ------ |       | <- NOISE   | e, ee, se, md | ---- |
//!   | decision                            |       | -- READY   | md | --------------> |
//!   | -- NOISE   | s, se, md | --------> | decision
//!   | <- READY   | md | ---------------- |
//!                                    md = metadata
//! ```
//!
//! Handshakes are those of `snow`. Its primitives are put in from outside, for three reasons: X25519
//! and ChaCha20-Poly1305 are then the same code that CURVE uses, which is several times faster;
//! nothing of a second cryptographic library is built; and randomness comes in as an argument.
//! Records are sealed and opened apart from it, since the two directions of a connection live in
//! different places.

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
