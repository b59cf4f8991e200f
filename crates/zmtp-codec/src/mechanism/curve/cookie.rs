//! The cookie: the server's state of a handshake, stored by the client.
//!
//! ```text
//! cookie:   | random (16) | tag (16) | C' (32) | s' (32) |      the latter two encrypted with K
//! ```

use std::fmt;

use zeroize::Zeroizing;

use super::boxes::BoxKey;
use super::nonce;

/// The bytes of a cookie.
pub(super) const SIZE: usize = 16 + 16 + 32 + 32;

/// Seals and opens the cookie of one connection.
#[derive(Debug)]
pub(super) struct CookieKey(BoxKey);

/// The state of a server between HELLO and INITIATE.
pub(super) struct Cookie {
    /// C'.
    pub(super) client: [u8; 32],
    /// s'.
    pub(super) secret: Zeroizing<[u8; 32]>,
}

impl CookieKey {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(BoxKey::secret(key))
    }

    pub(super) fn seal(&self, cookie: &Cookie, random: &[u8; 16]) -> Vec<u8> {
        let sealed = self.0.seal(&nonce::cookie(random), &[&cookie.client, &cookie.secret[..]]);
        [&random[..], &sealed].concat()
    }

    pub(super) fn open(&self, cookie: &[u8; SIZE]) -> Option<Cookie> {
        let (random, sealed) = cookie.split_first_chunk()?;
        let opened = self.0.open(&nonce::cookie(random), sealed)?;
        let (client, secret) = opened.split_first_chunk()?;
        let secret = Zeroizing::new(<[u8; 32]>::try_from(secret).ok()?);
        Some(Cookie { client: *client, secret })
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(..)")
    }
}
