//! Authentication for `zeromq-async` sockets.
//!
//! Each type in this table is an [`Authenticator`](zeromq_async::security::Authenticator). Pass it
//! to `plain_server`, `curve_server` or another server method of a socket builder.
//!
//! | authenticator | allows |
//! |---|---|
//! | `KeyFile` | the public keys in a file or folder |
//! | [`Passwords`], [`PasswordFile`] | users with passwords, in clear text or hashed |
//! | [`AddressRules`] | IP networks, and processes, users and groups over ipc |
//! | [`and`](AuthenticatorExt::and), [`or`](AuthenticatorExt::or) | peers that both, or either, of two authenticators allow |
//! | [`service_authenticator`] | peers that a tower service allows |
//! | [`Zap`] | peers that a ZAP handler (27/ZAP) allows |
//!
//! A [`ZapHandler`] does the reverse of [`Zap`]: it answers ZAP requests with an authenticator.
//! `Certificate`s store keys in the file format of CZMQ and pyzmq.
//!
//! # Features
//!
//! `curve` and `noise` add key files and certificates for those mechanisms. `argon2` adds hashed
//! passwords. None is enabled by default.

#![forbid(unsafe_code)]

mod address_rules;
#[cfg(any(feature = "curve", feature = "noise"))]
mod certificate;
mod combination;
mod error;
mod file_stamp;
mod from_file;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod ip_network;
#[cfg(any(feature = "curve", feature = "noise"))]
mod key_file;
mod passwords;
mod service;
mod text_file;
mod zap;

pub use address_rules::{AddressRules, PeerRange};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use certificate::{Certificate, CertificateKeyPair, CertificateKeys, PropertyError};
#[cfg(feature = "curve")]
pub use certificate::{CurveCertificate, CurveSecretCertificate};
#[cfg(feature = "noise")]
pub use certificate::{NoiseCertificate, NoiseSecretCertificate};
pub use combination::{And, AuthenticatorExt, Or};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use error::CertificateError;
pub use error::{FileError, LineError, LineProblem};
pub use from_file::{FromFile, ReadFile};
pub use ip_network::{IpNetwork, IpNetworkError};
#[cfg(any(feature = "curve", feature = "noise"))]
pub use key_file::{KeyFile, parse_keys};
#[cfg(feature = "argon2")]
pub use passwords::hash_password;
pub use passwords::{HashError, PasswordFile, Passwords};
pub use service::{AuthenticatorService, ServiceAuthenticator, service_authenticator};
pub use text_file::read_text_file;
pub use zap::{Zap, ZapDomainError, ZapError, ZapHandler, ZapReplyError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "argon2", feature = "curve"))]
#[doc = include_str!("../../../docs/security-guide.md")]
struct SecurityGuide;
