//! Argon2 hashes of passwords, as PHC strings.

use std::fmt::Display;
#[cfg(feature = "argon2")]
use std::sync::Arc;

#[cfg(feature = "argon2")]
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
#[cfg(feature = "argon2")]
use argon2::{Algorithm, Argon2, Params, PasswordHash};
use zeromq_async::security::Password;

/// Text is not a hash that a password can be verified against.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HashError(String);

/// A password could not be verified. The peer may try again.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be verified now: {0}")]
pub(super) struct VerifyError(String);

impl VerifyError {
    pub(super) fn new(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

/// Whether text has the form of a password hash: `$argon2id$…`, `$2y$…`, `$6$…`.
pub(super) fn looks_like_hash(text: &str) -> bool {
    let name = text.strip_prefix('$').and_then(|rest| rest.split_once('$'));
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    name.is_some_and(|(name, _)| !name.is_empty() && is_name(name))
}

/// The parameters that determine how long a verification takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    algorithm: String,
    memory: u32,
    passes: u32,
    lanes: u32,
}

#[cfg(feature = "argon2")]
#[derive(Clone)]
pub(super) struct Hash(Arc<PasswordHash>);

#[cfg(feature = "argon2")]
impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        let hash = PasswordHash::new(text).map_err(|error| HashError(error.to_string()))?;
        Algorithm::try_from(hash.algorithm.as_str())
            .map_err(|_| HashError(format!("{} is not Argon2", hash.algorithm)))?;
        Params::try_from(&hash).map_err(|error| HashError(error.to_string()))?;
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(HashError("the salt or the hash is missing".to_owned()));
        }
        Ok(Self(Arc::new(hash)))
    }

    pub(super) fn cost(&self) -> Cost {
        let params = Params::try_from(&*self.0).unwrap_or_default();
        let algorithm = self.0.algorithm.as_str().to_owned();
        Cost { algorithm, memory: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }

    /// Whether this is the password's hash. Blocks the thread, typically for tens of milliseconds.
    pub(super) fn matches(&self, password: &Password) -> Result<bool, VerifyError> {
        match Argon2::default().verify_password(password.expose(), &*self.0) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(VerifyError::new(error)),
        }
    }
}

/// Without the feature `argon2` no hash exists.
#[cfg(not(feature = "argon2"))]
#[derive(Clone)]
pub(super) enum Hash {}

#[cfg(not(feature = "argon2"))]
impl Hash {
    pub(super) fn parse(_: &str) -> Result<Self, HashError> {
        Err(HashError("zeromq-auth was built without its feature argon2".to_owned()))
    }

    pub(super) fn cost(&self) -> Cost {
        match *self {}
    }

    pub(super) fn matches(&self, _: &Password) -> Result<bool, VerifyError> {
        match *self {}
    }
}

/// Hashes a password for [`Passwords`](crate::Passwords).
///
/// The hash is Argon2id with a new salt and the parameters that OWASP recommends: 19 MiB, 2 passes,
/// 1 lane. This blocks the thread for tens of milliseconds.
///
/// ```
/// use zeromq_auth::{Passwords, hash_password};
///
/// let line = format!("alice:{}", hash_password("secret"));
/// assert!(line.starts_with("alice:$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert!(line.parse::<Passwords>().is_ok());
/// ```
///
/// # Panics
///
/// The operating system provides no randomness or no memory.
#[cfg(feature = "argon2")]
pub fn hash_password(password: impl AsRef<[u8]>) -> String {
    let hash = Argon2::default().hash_password(password.as_ref());
    hash.expect("the operating system provides memory and randomness").to_string()
}
