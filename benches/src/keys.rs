//! The keys of all contestants. They are constants, so that processes need not exchange them.

use zmtp_codec::{CurveKeyPair, CurveSecretKey, NoiseKeyPair, NoiseSecretKey};

/// The CURVE keys of the side that binds.
pub(crate) fn curve_server() -> CurveKeyPair {
    CurveSecretKey::new(SERVER).into()
}

/// The CURVE keys of the side that connects.
pub(crate) fn curve_client() -> CurveKeyPair {
    CurveSecretKey::new(CLIENT).into()
}

/// The NOISE keys of the side that binds.
pub(crate) fn noise_server() -> NoiseKeyPair {
    NoiseSecretKey::new(SERVER).into()
}

/// The NOISE keys of the side that connects.
pub(crate) fn noise_client() -> NoiseKeyPair {
    NoiseSecretKey::new(CLIENT).into()
}

const SERVER: [u8; 32] = [7; 32];
const CLIENT: [u8; 32] = [13; 32];
