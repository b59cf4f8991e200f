//! Security: mechanisms, keys, and those who decide who is let in.
//!
//! A mechanism is set where a socket is built, and both sides need the same:
//!
//! | mechanism | client | server | who knows whom | encrypts |
//! |---|---|---|---|---|
//! | NULL | | [`null_server`](crate::SocketBuilder::null_server) | nobody; by address at most | no |
//! | PLAIN | [`plain_client`](crate::SocketBuilder::plain_client) | [`plain_server`](crate::SocketBuilder::plain_server) | server the client, by a password sent in clear | no |
//! | CURVE | `curve_client` | `curve_server` | each the other, by its key | yes |
//! | NOISE_IK | `noise_client` | `noise_server` | each the other, by its key | yes |
//! | NOISE_XX | `noise_xx_client` | `noise_xx_server` | each learns the other's key, and asks about it | yes |
//!
//! CURVE and NOISE are there with the features of those names. CURVE is what libzmq speaks. NOISE,
//! which is between sockets of this crate so far (`docs/noise.md`), costs a fraction of it for small
//! messages, binds the greeting to the handshake, and changes keys as a connection ages.
//!
//! Which side binds has no bearing on which is the server. A server asks its [`Authenticator`] about
//! every peer before it is one: until then the peer has no queue, no message and no routing id.
//!
//! An authenticator is an async function, or a [`Zap`], which asks a handler that speaks 27/ZAP as
//! handlers for libzmq do. The other way round, a [`ZapHandler`] has an authenticator decide for all
//! who ask over ZAP.

#[cfg(feature = "curve")]
mod curve;
#[cfg(feature = "noise")]
mod noise;
mod zap;

#[cfg(feature = "curve")]
pub use curve::generate_curve_keys;
#[cfg(feature = "noise")]
pub use noise::generate_noise_keys;
pub use zap::{Zap, ZapDomainError, ZapError, ZapHandler, ZapReplyError};
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
