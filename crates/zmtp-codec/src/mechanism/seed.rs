//! The randomness of one connection.

use std::fmt;

use zeroize::Zeroizing;

/// Random bytes for the parts of a handshake that need them, drawn before it begins so that
/// nothing in it can fail for want of them. Overwritten when dropped.
pub(crate) struct Seed(Zeroizing<[u8; Self::SIZE]>);

// Without a mechanism that needs randomness nothing is taken from a seed.
#[cfg_attr(not(feature = "__cipher"), expect(dead_code))]
impl Seed {
    const SIZE: usize = 32 + 32 + 16 + 16;

    pub(crate) fn draw(entropy: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut seed = Self(Zeroizing::new([0; Self::SIZE]));
        entropy(&mut seed.0[..]);
        seed
    }

    /// The secret key of this connection.
    pub(super) fn secret_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.part(0))
    }

    /// The key of the cookie of a CURVE server.
    #[cfg(feature = "curve")]
    pub(super) fn cookie_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.part(32))
    }

    /// The random part of a first long nonce.
    #[cfg(feature = "curve")]
    pub(super) fn first_nonce(&self) -> [u8; 16] {
        self.part(64)
    }

    /// The random part of a second long nonce.
    #[cfg(feature = "curve")]
    pub(super) fn second_nonce(&self) -> [u8; 16] {
        self.part(80)
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        // Every part lies within the seed, so the default is never taken.
        self.0.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
