//! Security: mechanisms, keys, and the authenticator that decides which peers connect.
//!
//! A mechanism is set where a socket is built. Both sides need the same one:
//!
//! | mechanism | client | server | who knows whom | encrypts |
//! |---|---|---|---|---|
//! | NULL | | [`null_server`](crate::SocketBuilder::null_server) | no one; the address at most | no |
//! | PLAIN | [`plain_client`](crate::SocketBuilder::plain_client) | [`plain_server`](crate::SocketBuilder::plain_server) | the server knows the client, by a password sent in clear | no |
//! | CURVE | `curve_client` | `curve_server` | each knows the other's key | yes |
//! | NOISE_IK | `noise_client` | `noise_server` | each knows the other's key | yes |
//! | NOISE_XX | `noise_xx_client` | `noise_xx_server` | each learns the other's key, and asks about it | yes |
//!
//! CURVE and NOISE need the features of those names. libzmq speaks CURVE. NOISE is between sockets
//! of this crate so far (`docs/noise.md`). It costs a fraction of CURVE for small messages, binds
//! the greeting to the handshake, and changes keys as a connection ages.
//!
//! Either side may bind; the server is the one that decides. A server asks its [`Authenticator`]
//! about each peer before the peer gets a queue, a routing id, or can send a message.
//!
//! An authenticator is any async function from an [`Attempt`] to a [`Decision`], or a `KeyList` of
//! public keys. The crate `zeromq-auth` has more: key files and certificates, passwords, address
//! rules, ZAP handlers, and tower services.

#[cfg(feature = "curve")]
mod curve;
#[cfg(any(feature = "curve", feature = "noise"))]
mod key_list;
#[cfg(feature = "noise")]
mod noise;

#[cfg(feature = "curve")]
pub use curve::generate_curve_keys;
#[cfg(any(feature = "curve", feature = "noise"))]
pub use key_list::KeyList;
#[cfg(feature = "noise")]
pub use noise::generate_noise_keys;
#[cfg(any(feature = "curve", feature = "noise"))]
pub use zmtp::KeyError;
pub use zmtp::{
    AuthenticationRequest, Credentials, Decision, DenyStatus, Password, PlainClientError,
};
#[cfg(feature = "curve")]
pub use zmtp::{CurveKeyPair, CurvePublicKey, CurveSecretKey};
#[cfg(feature = "noise")]
pub use zmtp::{NoiseKeyPair, NoisePublicKey, NoiseSecretKey};

pub use crate::authentication::{Attempt, Authenticator};
