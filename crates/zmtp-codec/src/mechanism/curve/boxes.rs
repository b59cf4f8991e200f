//! NaCl's boxes: X25519, XSalsa20 and Poly1305.

use std::fmt;

use dryoc::classic::crypto_box::{
    crypto_box_beforenm, crypto_box_detached_afternm_inplace,
    crypto_box_open_detached_afternm_inplace,
};
use dryoc::classic::crypto_core::crypto_core_hsalsa20;
use dryoc::classic::crypto_onetimeauth::{crypto_onetimeauth, crypto_onetimeauth_verify};
use zeroize::Zeroizing;

use super::nonce::{Nonce, Purpose};

/// The bytes that a box adds: a tag, in front.
pub(super) const TAG: usize = 16;

/// The functions of a cryptographic library, so that it can be replaced.
trait Nacl {
    /// The shared key of two key pairs; `None` if the public key has a low order.
    fn shared_key(public: &[u8; 32], secret: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>>;

    /// Encrypts `bytes` in place. Returns their tag.
    fn seal(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8]) -> [u8; TAG];

    /// Decrypts `bytes` in place. Leaves them unchanged if the tag is wrong.
    #[must_use]
    fn open(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8], tag: &[u8; TAG]) -> bool;

    /// The key of Salsa20 for all nonces that start with `front`.
    fn stream_key(key: &[u8; 32], front: &[u8; 16]) -> Zeroizing<[u8; 32]>;

    /// The tag of encrypted `bytes`.
    fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG];

    /// Whether `tag` is the tag of `bytes`, in constant time.
    #[must_use]
    fn has_tag(key: &[u8; 32], bytes: &[u8], tag: &[u8; TAG]) -> bool;
}

/// `docs/security.md` says why this library.
struct Dryoc;

impl Nacl for Dryoc {
    fn shared_key(public: &[u8; 32], secret: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        crypto_box_beforenm(public, secret).ok().map(Zeroizing::new)
    }

    #[inline]
    fn seal(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        crypto_box_detached_afternm_inplace(bytes, &mut tag, nonce, key);
        tag
    }

    #[inline]
    fn open(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        crypto_box_open_detached_afternm_inplace(bytes, tag, nonce, key).is_ok()
    }

    fn stream_key(key: &[u8; 32], front: &[u8; 16]) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        crypto_core_hsalsa20(&mut derived, front, key, None);
        derived
    }

    #[inline]
    fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        crypto_onetimeauth(&mut tag, bytes, key);
        tag
    }

    #[inline]
    fn has_tag(key: &[u8; 32], bytes: &[u8], tag: &[u8; TAG]) -> bool {
        crypto_onetimeauth_verify(tag, bytes, key).is_ok()
    }
}

/// The key of boxes. Overwritten when dropped.
#[derive(Clone)]
pub(super) struct BoxKey(Zeroizing<[u8; 32]>);

impl BoxKey {
    /// The shared key of two key pairs; `None` if the public key has a low order.
    pub(super) fn between(public: &[u8; 32], secret: &[u8; 32]) -> Option<Self> {
        Dryoc::shared_key(public, secret).map(Self)
    }

    /// A key of one side alone.
    pub(super) fn secret(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// Makes a box of the concatenated parts.
    pub(super) fn seal(&self, nonce: &Nonce, parts: &[&[u8]]) -> Vec<u8> {
        let mut sealed = vec![0; TAG];
        // Growing would leave copies of secrets in freed memory.
        sealed.reserve_exact(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| sealed.extend_from_slice(part));
        let (tag, bytes) = sealed.split_at_mut(TAG);
        tag.copy_from_slice(&self.seal_in_place(nonce, bytes));
        sealed
    }

    /// Opens a box; `None` if it cannot be decrypted.
    pub(super) fn open(&self, nonce: &Nonce, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (tag, bytes) = sealed.split_first_chunk()?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        self.open_in_place(nonce, &mut bytes, tag).then_some(bytes)
    }

    #[inline]
    pub(super) fn seal_in_place(&self, nonce: &Nonce, bytes: &mut [u8]) -> [u8; TAG] {
        Dryoc::seal(&self.0, nonce, bytes)
    }

    #[inline]
    #[must_use]
    pub(super) fn open_in_place(&self, nonce: &Nonce, bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        Dryoc::open(&self.0, nonce, bytes, tag)
    }

    /// The key of Salsa20 for boxes with this purpose.
    pub(super) fn for_purpose(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        Dryoc::stream_key(&self.0, purpose.0)
    }
}

/// The tag of encrypted `bytes`. `key` is the start of the keystream.
#[inline]
pub(super) fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG] {
    Dryoc::tag(key, bytes)
}

/// Whether `tag` is the tag of encrypted `bytes`.
#[inline]
#[must_use]
pub(super) fn has_tag(key: &[u8; 32], bytes: &[u8], tag: &[u8; TAG]) -> bool {
    Dryoc::has_tag(key, bytes, tag)
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxKey(..)")
    }
}

#[cfg(test)]
mod tests;
