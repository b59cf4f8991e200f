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

/// The bytes a box adds to what is in it: a tag, which comes first.
pub(super) const TAG: usize = 16;

/// What is needed of a cryptographic library, so that another can take the place of this one.
trait Nacl {
    /// The key that the owners of the two keys share, unless the public one is one of the few that
    /// make it the same for every secret.
    fn shared_key(public: &[u8; 32], secret: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>>;

    /// Encrypts `bytes` where they stand and makes their tag.
    fn seal(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8]) -> [u8; TAG];

    /// Decrypts `bytes` where they stand, or leaves them as they are where the tag is not theirs.
    #[must_use]
    fn open(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8], tag: &[u8; TAG]) -> bool;

    /// The key of Salsa20 for all nonces that begin with `front`.
    fn stream_key(key: &[u8; 32], front: &[u8; 16]) -> Zeroizing<[u8; 32]>;

    /// The tag of `bytes`, which are encrypted.
    fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG];

    /// Whether that is `tag`, found out in the same time whatever it is.
    #[must_use]
    fn has_tag(key: &[u8; 32], bytes: &[u8], tag: &[u8; TAG]) -> bool;
}

/// The library: see `docs/security.md` for why.
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

/// What boxes between two keys are sealed and opened with. Overwritten when dropped.
#[derive(Clone)]
pub(super) struct BoxKey(Zeroizing<[u8; 32]>);

impl BoxKey {
    /// The key between two others; `None` where the public one is unfit.
    pub(super) fn between(public: &[u8; 32], secret: &[u8; 32]) -> Option<Self> {
        Dryoc::shared_key(public, secret).map(Self)
    }

    /// A key that is shared with nobody.
    pub(super) fn secret(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// A box, its tag first.
    pub(super) fn seal(&self, nonce: &Nonce, parts: &[&[u8]]) -> Vec<u8> {
        let mut sealed = vec![0; TAG];
        // All at once: what is sealed may be secret, and is not to be left behind in other memory.
        sealed.reserve_exact(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| sealed.extend_from_slice(part));
        let (tag, bytes) = sealed.split_at_mut(TAG);
        tag.copy_from_slice(&self.seal_in_place(nonce, bytes));
        sealed
    }

    /// What is in a box; `None` where it does not open.
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

    /// What this key becomes in boxes for that purpose.
    pub(super) fn for_purpose(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        Dryoc::stream_key(&self.0, purpose.0)
    }
}

/// The tag of a box: of `bytes`, which are encrypted, by the bytes its keystream begins with.
#[inline]
pub(super) fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG] {
    Dryoc::tag(key, bytes)
}

/// Whether that is `tag`.
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
