//! Security: mechanisms, keys, and those who decide who is let in.
//!
//! A mechanism is set where a socket is built, and both sides need the same:
//!
//! | mechanism | client | server | who knows whom | encrypts |
//! |---|---|---|---|---|
//! | NULL | | [`null_server`](crate::SocketBuilder::null_server) | nobody; by address at most | no |
//! | PLAIN | [`plain_client`](crate::SocketBuilder::plain_client) | [`plain_server`](crate::SocketBuilder::plain_server) | server the client, by a password sent in clear | no |
//! | CURVE | `curve_client` | `curve_server` | each the other, by its key | yes |
//!
//! Which side binds has no bearing on which is the server. A server asks its [`Authenticator`] about
//! every peer before it is one: until then the peer has no queue, no message and no routing id.

#[cfg(feature = "curve")]
mod curve;

#[cfg(feature = "curve")]
pub use curve::generate_curve_keys;
pub use zmtp::{
    AuthenticationRequest, Credentials, Decision, DenyStatus, Password, PlainClientError,
};
#[cfg(feature = "curve")]
pub use zmtp::{CurveKeyPair, CurvePublicKey, CurveSecretKey, KeyError};

pub use crate::authentication::{Attempt, Authenticator};
