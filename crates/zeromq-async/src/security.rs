//! Security: mechanisms, keys, and the authenticator that decides which peers connect.
//!
//! A mechanism is set where a socket is built. Both sides need the same one:
//!
//! | mechanism | client | server | authentication | encrypts |
//! |---|---|---|---|---|
//! | NULL | | [`null_server`](crate::SocketBuilder::null_server) | by address at most | no |
//! | PLAIN | [`plain_client`](crate::SocketBuilder::plain_client) | [`plain_server`](crate::SocketBuilder::plain_server) | of the client, by an unencrypted password | no |
//! | CURVE | `curve_client` | `curve_server` | of both, by keys they know | yes |
//! | NOISE_IK | `noise_client` | `noise_server` | of both, by keys they know | yes |
//! | NOISE_XX | `noise_xx_client` | `noise_xx_server` | of both, by keys they learn and check | yes |
//! | your own | [`mechanism`](crate::SocketBuilder::mechanism) | [`mechanism_with_authenticator`](crate::SocketBuilder::mechanism_with_authenticator) | by the [`Mechanism`] and your authenticator | as you choose |
//!
//! CURVE and NOISE need the features of those names. libzmq supports CURVE. So far only sockets of
//! this crate support NOISE (`docs/noise.md`). For small messages NOISE costs a fraction of CURVE.
//! It also protects the greeting, and replaces its keys during a connection.
//!
//! Either side may bind. The server of the mechanism decides about the peer. It asks its
//! [`Authenticator`] before the peer gets a queue or a routing id, and before the peer can send a
//! message.
//!
//! An authenticator is any async function from an [`Attempt`] to a [`Decision`], or a `KeyList` of
//! public keys. The crate `zeromq-auth` has more: key files and certificates, passwords, address
//! rules, ZAP handlers, and tower services.

#[cfg(any(feature = "curve", feature = "noise"))]
mod key_list;

#[cfg(any(feature = "curve", feature = "noise"))]
pub use key_list::KeyList;
#[cfg(any(feature = "curve", feature = "noise"))]
pub use zmtp::KeyError;
pub use zmtp::{
    AuthenticationRequest, Credentials, Decision, DenyStatus, Mechanism, Password, PlainClientError,
};
#[cfg(feature = "curve")]
pub use zmtp::{CurveKeyPair, CurvePublicKey, CurveSecretKey};
#[cfg(feature = "noise")]
pub use zmtp::{NoiseKeyPair, NoisePublicKey, NoiseSecretKey};

pub use crate::authentication::{Attempt, Authenticator};

/// Generates a CURVE key pair from the operating system's randomness (`zmq_curve_keypair`).
///
/// ```
/// use zeromq_async::security::generate_curve_keys;
///
/// let (client, server) = (generate_curve_keys(), generate_curve_keys());
/// assert_ne!(client.public_key(), server.public_key());
/// ```
///
/// # Panics
///
/// If the operating system has no randomness, because a guessable key is worse than none. Current
/// systems always have some.
#[cfg(feature = "curve")]
pub fn generate_curve_keys() -> CurveKeyPair {
    CurveKeyPair::generate(crate::random::entropy)
}

/// Generates a NOISE key pair from the operating system's randomness.
///
/// ```
/// use zeromq_async::security::generate_noise_keys;
///
/// let (client, server) = (generate_noise_keys(), generate_noise_keys());
/// assert_ne!(client.public_key(), server.public_key());
/// ```
///
/// # Panics
///
/// If the operating system has no randomness, because a guessable key is worse than none. Current
/// systems always have some.
#[cfg(feature = "noise")]
pub fn generate_noise_keys() -> NoiseKeyPair {
    NoiseKeyPair::generate(crate::random::entropy)
}
