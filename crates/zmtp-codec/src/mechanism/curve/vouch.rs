//! The vouch: a client proves with its long-term key that it owns its short-term key.
//!
//! ```text
//! vouch:   | random (16) | tag (16) | C' (32) | S (32) |      the latter two boxed from C to S'
//! ```
//!
//! It contains S, so that a server cannot impersonate the client at another server.

use super::boxes::BoxKey;
use super::nonce;

/// The bytes of a vouch.
pub(super) const SIZE: usize = 16 + 16 + 32 + 32;

/// Makes a vouch for the short-term key `client`, to the server that is known by `server`.
pub(super) fn seal(
    key: &BoxKey,
    client: &[u8; 32],
    server: &[u8; 32],
    random: &[u8; 16],
) -> Vec<u8> {
    [&random[..], &key.seal(&nonce::vouch(random), &[client, server])].concat()
}

/// Opens a vouch: C' and S.
pub(super) fn open(key: &BoxKey, vouch: &[u8; SIZE]) -> Option<([u8; 32], [u8; 32])> {
    let (random, sealed) = vouch.split_first_chunk()?;
    let opened = key.open(&nonce::vouch(random), sealed)?;
    let (client, server) = opened.split_first_chunk()?;
    Some((*client, server.try_into().ok()?))
}
