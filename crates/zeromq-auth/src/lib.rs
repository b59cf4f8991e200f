//! Decides which peers connect to `zeromq-async` sockets.
//!
//! Each type here is an [`Authenticator`](zeromq_async::security::Authenticator). Give one to
//! `plain_server`, `curve_server` or another server method of a socket's builder:
//!
//! | authenticator | allows |
//! |---|---|
//! | `KeyFile` | the keys in a file or folder, which is read again when it changes |
//! | [`Passwords`], [`PasswordFile`] | users with their passwords, in clear or hashed |
//! | [`AddressRules`] | networks, and over ipc users and groups |
//! | [`and`](AuthenticatorExt::and), [`or`](AuthenticatorExt::or) | what both allow; what either allows |
//! | [`service_authenticator`] | what a tower service allows |
//! | [`Zap`] | what a handler allows that speaks 27/ZAP, as handlers for libzmq do |
//!
//! A [`ZapHandler`] works the other way round: it answers ZAP requests by asking an authenticator.
//! `Certificate`s keep keys in files that CZMQ and pyzmq read as well.
//!
//! # Features
//!
//! `curve` and `noise` add keys and certificates for those mechanisms. `argon2` adds hashed
//! passwords.

#![forbid(unsafe_code)]

mod address_rules;
#[cfg(any(feature = "curve", feature = "noise"))]
mod certificate;
mod combination;
mod from_file;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(feature = "curve", feature = "noise"))]
mod key_file;
mod passwords;
mod service;
mod text_file;
mod zap;

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
pub use from_file::{FileError, FromFile, LineError, LineProblem, ReadFile};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use key_file::{KeyFile, parse_keys};
#[cfg(feature = "argon2")]
pub use passwords::hash_password;
pub use passwords::{HashError, PasswordFile, Passwords};
pub use service::{AuthenticatorService, ServiceAuthenticator, service_authenticator};
pub use text_file::read_text_file;
pub use zap::{Zap, ZapDomainError, ZapError, ZapHandler, ZapReplyError};

#[cfg(all(doctest, feature = "argon2", feature = "curve"))]
#[doc = include_str!("../../../docs/security-guide.md")]
struct SecurityGuide;
