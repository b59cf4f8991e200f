//! The randomness of one connection.

use std::fmt;

use zeroize::Zeroizing;

/// The random bytes of one connection. Overwritten when dropped.
///
/// They are drawn before the handshake starts, so that no step of it can fail for lack of entropy.
pub struct Seed(Zeroizing<[u8; Self::SIZE]>);

impl Seed {
    /// The bytes of a seed.
    pub const SIZE: usize = 96;

    pub(crate) fn draw(entropy: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut seed = Self(Zeroizing::new([0; Self::SIZE]));
        entropy(&mut seed.0[..]);
        seed
    }

    /// The `N` bytes from `START` on. Use no byte for two purposes.
    pub fn bytes<const START: usize, const N: usize>(&self) -> Zeroizing<[u8; N]> {
        const { assert!(START + N <= Self::SIZE) };
        let mut bytes = Zeroizing::new([0; N]);
        bytes.copy_from_slice(&self.0[START..START + N]);
        bytes
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
