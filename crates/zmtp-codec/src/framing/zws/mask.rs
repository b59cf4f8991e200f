//! Masks: the client combines each payload with a key by exclusive or (RFC 6455 §5.3).

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

/// The key of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MaskKey(pub(super) [u8; 4]);

impl MaskKey {
    /// Masks or unmasks the next bytes of a payload. Its first byte goes with the first of the key.
    #[inline]
    pub(super) fn apply(self, bytes: &mut [u8]) {
        let Self([a, b, c, d]) = self;
        let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, rest) = bytes.as_chunks_mut();
        for bytes in words {
            *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(word.to_ne_bytes()) {
            *byte ^= key;
        }
    }

    /// The key for the bytes behind the first `count`.
    #[inline]
    pub(super) fn rotated(self, count: usize) -> Self {
        let bits = [0, 8, 16, 24][count % 4];
        Self(u32::from_be_bytes(self.0).rotate_left(bits).to_be_bytes())
    }
}

/// Makes the keys of one connection.
///
/// A web page must not know which bytes it makes a browser send (RFC 6455 §10.3), so a key must not
/// follow from those before it. Two keys are a SipHash of a counter, with 16 secret bytes.
#[derive(Clone)]
pub(super) struct MaskKeys {
    secret: DefaultHasher,
    pairs: u64,
    /// The second key of the last pair.
    spare: Option<MaskKey>,
}

impl MaskKeys {
    pub(super) fn new(secret: [u8; 16]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&secret);
        Self { secret: hasher, pairs: 0, spare: None }
    }

    #[inline]
    pub(super) fn next_key(&mut self) -> MaskKey {
        self.spare.take().unwrap_or_else(|| self.next_pair())
    }

    fn next_pair(&mut self) -> MaskKey {
        let mut hasher = self.secret.clone();
        hasher.write_u64(self.pairs);
        self.pairs = self.pairs.wrapping_add(1);
        let [a, b, c, d, e, f, g, h] = hasher.finish().to_ne_bytes();
        self.spare = Some(MaskKey([e, f, g, h]));
        MaskKey([a, b, c, d])
    }
}

impl fmt::Debug for MaskKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_as_in_rfc_6455() {
        // §5.7: a masked "Hello".
        let mut bytes = *b"Hello";
        MaskKey([0x37, 0xfa, 0x21, 0x3d]).apply(&mut bytes);
        assert_eq!(bytes, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn pieces_are_masked_like_the_whole() {
        let key = MaskKey([1, 2, 3, 4]);
        let plain: Vec<u8> = (0..100).collect();
        let mut whole = plain.clone();
        key.apply(&mut whole);
        for at in 0..plain.len() {
            let mut pieces = plain.clone();
            let (front, back) = pieces.split_at_mut(at);
            key.apply(front);
            key.rotated(at).apply(back);
            assert_eq!(pieces, whole, "split at {at}");
        }
        let slow: Vec<u8> =
            plain.iter().enumerate().map(|(at, byte)| byte ^ key.0[at % 4]).collect();
        assert_eq!(whole, slow);
    }

    #[test]
    fn keys_depend_on_secret_and_frame() {
        let keys = |secret| {
            let mut keys = MaskKeys::new([secret; 16]);
            std::array::from_fn::<_, 100, _>(|_| keys.next_key().0)
        };
        let all: std::collections::HashSet<_> = keys(1).into_iter().chain(keys(2)).collect();
        assert!(all.len() >= 198, "{} of 200", all.len());
        assert_eq!(keys(1), keys(1));
    }
}
