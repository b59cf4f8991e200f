//! CURVE: authentication and encryption with elliptic-curve keys (25/ZMTP-CURVE, 26/CURVEZMQ).
//!
//! ```text
//! client: C, c                                              server: S, s
//!   | -- HELLO     | C' | Box[zeros](C'->S) | -------------------> |
//!   | <- WELCOME   | Box[S' + cookie](S->C') | ------------------- | forgets C' and s'
//!   | -- INITIATE  | cookie | Box[C + vouch + metadata](C'->S') -> | has them from the cookie
//!   |                                                              | may C?
//!   | <- READY     | Box[metadata](S'->C') | --------------------- |
//!   | <= MESSAGE   | Box[flags + frame](C'<->S') | ==============> |
//!
//! cookie = SecretBox[C' + s'](K)     vouch = Box[C' + S](C->S')
//! ```
//!
//! Upper-case keys are public, lower-case ones secret; those with a prime are made for this
//! connection and forgotten with it, so that nobody who learns `s` or `c` later can read what was
//! recorded today.
//!
//! The key of the cookie, `K`, is made for each connection, where 26/CURVEZMQ has one for all. So
//! an INITIATE opens on the one connection whose WELCOME it answers: whoever records a connection
//! and plays it again, INITIATE, records and all, gets no further than HELLO.

mod ahead;
mod boxes;
pub(super) mod client;
mod cookie;
mod nonce;
pub(super) mod record;
mod salsa20;
pub(super) mod server;
mod vouch;

use super::keys::{CurveKeyPair, CurvePublicKey};

/// What a CURVE client is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveClient {
    keys: CurveKeyPair,
    server_key: CurvePublicKey,
}

impl CurveClient {
    /// Makes a client that has these keys, and talks to the server that has the secret key to
    /// `server_key` and to no other.
    pub fn new(keys: CurveKeyPair, server_key: CurvePublicKey) -> Self {
        Self { keys, server_key }
    }

    /// The key that this client is known by.
    pub fn public_key(&self) -> &CurvePublicKey {
        self.keys.public_key()
    }

    /// The key that the server is known by.
    pub fn server_key(&self) -> &CurvePublicKey {
        &self.server_key
    }
}

/// What a CURVE server is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveServer {
    keys: CurveKeyPair,
}

impl CurveServer {
    /// Makes a server that has these keys, and [asks](crate::Event::Authenticate) about each
    /// client by its public key.
    pub fn new(keys: CurveKeyPair) -> Self {
        Self { keys }
    }

    /// The key that clients have to know.
    pub fn public_key(&self) -> &CurvePublicKey {
        self.keys.public_key()
    }
}
