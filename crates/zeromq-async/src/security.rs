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
//! An authenticator is any async function from an [`Attempt`] to a [`Decision`], or one of these:
//!
//! | authenticator | lets in |
//! |---|---|
//! | `KeyList`, `KeyFile` | the holders of keys in a list, or in a file that is read again when it changes |
//! | [`Passwords`], [`PasswordFile`] | users with their passwords, in clear or hashed |
//! | [`AddressRules`] | by network, and over ipc by user and group |
//! | [`and`](AuthenticatorExt::and), [`or`](AuthenticatorExt::or) | whom both let in; whom either lets in |
//! | [`service_authenticator`] | whom a tower service lets in |
//! | [`Zap`] | whom a handler lets in that speaks 27/ZAP, as handlers for libzmq do |
//!
//! Keys are kept in files as `Certificate`s, which CZMQ and pyzmq read as well.
//!
//! The other way round, a [`ZapHandler`] has an authenticator decide for all who ask over ZAP.

mod address_rules;
#[cfg(any(feature = "curve", feature = "noise"))]
mod certificate;
mod combination;
#[cfg(feature = "curve")]
mod curve;
mod from_file;
#[cfg(any(feature = "curve", feature = "noise"))]
mod key_list;
#[cfg(feature = "noise")]
mod noise;
mod passwords;
mod service;
mod text_file;
mod zap;
#[cfg(feature = "__fuzzing")]
pub(crate) use zap::frames as zap_frames;

pub use address_rules::{AddressRules, IpNetwork, IpNetworkError, PeerRange};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use certificate::{
    Certificate, CertificateError, CertificateKeyPair, CertificateKeys, PropertyError,
};
#[cfg(feature = "curve")]
pub use certificate::{CurveCertificate, CurveSecretCertificate};
#[cfg(feature = "noise")]
pub use certificate::{NoiseCertificate, NoiseSecretCertificate};
pub use combination::{And, AuthenticatorExt, Or};
#[cfg(feature = "curve")]
pub use curve::generate_curve_keys;
pub use from_file::{FileError, FromFile, LineError, LineProblem, ReadFile};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use key_list::{KeyFile, KeyList};
#[cfg(feature = "noise")]
pub use noise::generate_noise_keys;
#[cfg(feature = "argon2")]
pub use passwords::hash_password;
pub use passwords::{HashError, PasswordFile, Passwords};
pub use service::{AuthenticatorService, ServiceAuthenticator, service_authenticator};
pub use text_file::read_text_file;
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
