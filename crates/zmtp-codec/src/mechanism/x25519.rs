//! X25519, the key exchange of CURVE and NOISE.

#[cfg(feature = "noise")]
use dryoc::classic::crypto_core::crypto_scalarmult;
use dryoc::classic::crypto_core::crypto_scalarmult_base;

/// The public key of a secret key.
pub(super) fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    let mut public = [0; 32];
    crypto_scalarmult_base(&mut public, secret);
    public
}

/// The shared secret of two key pairs; `None` if the public key has a low order.
#[cfg(feature = "noise")]
pub(super) fn shared_secret(
    public: &[u8; 32],
    secret: &[u8; 32],
) -> Option<zeroize::Zeroizing<[u8; 32]>> {
    let mut shared = zeroize::Zeroizing::new([0; 32]);
    crypto_scalarmult(&mut shared, secret, public).ok()?;
    Some(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_keys_match_the_specification() {
        // RFC 7748, section 6.1: Alice's key.
        let secret = [
            0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2,
            0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5,
            0x1d, 0xb9, 0x2c, 0x2a,
        ];
        let public = [
            0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e,
            0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e,
            0xaa, 0x9b, 0x4e, 0x6a,
        ];
        assert_eq!(public_key(&secret), public);
    }
}
