//! Passwords that are kept as Argon2 hashes: PHC strings.

#[cfg(feature = "argon2")]
use std::sync::Arc;

#[cfg(feature = "argon2")]
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
#[cfg(feature = "argon2")]
use argon2::{Algorithm, Argon2, Params, PasswordHash};
use zeromq_async::security::Password;

use super::verifier::Unavailable;

/// Text is not a hash that a password can be checked against.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HashError(String);

/// Whether text is the hash of a password and not a password: `$argon2id$…`, `$2y$…`, `$6$…`.
pub(super) fn looks_like_hash(text: &str) -> bool {
    let name = text.strip_prefix('$').and_then(|rest| rest.split_once('$'));
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    name.is_some_and(|(name, _)| !name.is_empty() && is_name(name))
}

/// What it costs to check a password against a hash: two of the same cost take the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    algorithm: String,
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// A hash, with all that is needed to check a password against it.
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
            return Err(HashError("it has no salt or no hash".to_owned()));
        }
        Ok(Self(Arc::new(hash)))
    }

    /// What it costs to check a password.
    pub(super) fn cost(&self) -> Cost {
        let params = Params::try_from(&*self.0).unwrap_or_default();
        let algorithm = self.0.algorithm.as_str().to_owned();
        Cost { algorithm, memory: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }

    /// Whether it is the password's. This takes its time.
    pub(super) fn is_of(&self, password: &Password) -> Result<bool, Unavailable> {
        match Argon2::default().verify_password(password.expose(), &*self.0) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(Unavailable::new(error)),
        }
    }
}

/// Without the feature `argon2` there is none.
#[cfg(not(feature = "argon2"))]
#[derive(Clone)]
pub(super) enum Hash {}

#[cfg(not(feature = "argon2"))]
impl Hash {
    pub(super) fn parse(_: &str) -> Result<Self, HashError> {
        Err(HashError("zeromq-async is built without its feature argon2".to_owned()))
    }

    pub(super) fn cost(&self) -> Cost {
        match *self {}
    }

    pub(super) fn is_of(&self, _: &Password) -> Result<bool, Unavailable> {
        match *self {}
    }
}

/// Hashes a password with Argon2id, a new salt, and the parameters that OWASP recommends (19 MiB,
/// 2 passes, 1 lane), for a file of [`Passwords`](crate::Passwords).
///
/// It takes tens of milliseconds and blocks the thread meanwhile, on purpose.
///
/// ```
/// use zeromq_auth::{Passwords, hash_password};
///
/// let line = format!("alice:{}", hash_password("secret"));
/// assert!(line.starts_with("alice:$argon2id$v=19$m=19456,t=2,p=1$"));
/// let users: Passwords = line.parse()?;
/// # drop(users);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Where the operating system has no randomness or no memory to give.
#[cfg(feature = "argon2")]
pub fn hash_password(password: impl AsRef<[u8]>) -> String {
    let hash = Argon2::default().hash_password(password.as_ref());
    hash.expect("the operating system gives memory and randomness").to_string()
}
