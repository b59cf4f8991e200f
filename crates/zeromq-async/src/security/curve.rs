//! Keys for CURVE.

use crate::random::entropy;

/// Makes a key pair for CURVE from the operating system's randomness (`zmq_curve_keypair`).
///
/// ```
/// use zeromq_async::ReqSocket;
/// use zeromq_async::security::generate_curve_keys;
///
/// let server = generate_curve_keys();
/// let req = ReqSocket::builder().curve_client(generate_curve_keys(), *server.public_key()).build();
/// # drop(req);
/// ```
///
/// # Panics
///
/// Where the operating system has no randomness to give, which on the systems of today does not
/// happen: no key is better than one that can be guessed.
pub fn generate_curve_keys() -> zmtp::CurveKeyPair {
    zmtp::CurveKeyPair::generate(entropy)
}
