//! Keys for NOISE.

use crate::random::entropy;

/// Makes a key pair for NOISE from the operating system's randomness.
///
/// ```
/// use zeromq_async::ReqSocket;
/// use zeromq_async::security::generate_noise_keys;
///
/// let server = generate_noise_keys();
/// let req = ReqSocket::builder().noise_client(generate_noise_keys(), *server.public_key()).build();
/// # drop(req);
/// ```
///
/// # Panics
///
/// Where the operating system has no randomness to give, which on the systems of today does not
/// happen: no key is better than one that can be guessed.
pub fn generate_noise_keys() -> zmtp::NoiseKeyPair {
    zmtp::NoiseKeyPair::generate(entropy)
}
