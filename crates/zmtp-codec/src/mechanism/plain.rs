//! PLAIN: a name and a password, in clear (24/ZMTP-PLAIN).
//!
//! ```text
//! client                                         server
//!   | -- HELLO     | len | name | len | password | -> |
//!   |                                                 | may it?
//!   | <- WELCOME ------------------------------------ |
//!   | -- INITIATE  | metadata | --------------------> |
//!   | <- READY     | metadata | --------------------- |
//! ```

pub(super) mod client;
pub(super) mod server;

use bytes::Bytes;

use crate::authentication::Password;

/// What a PLAIN client shows.
///
/// ```
/// use zmtp_codec::{Mechanism, PlainClient};
///
/// let mechanism = Mechanism::PlainClient(PlainClient::new("admin", "secret")?);
/// assert!(!format!("{mechanism:?}").contains("secret"));
/// # Ok::<_, zmtp_codec::PlainClientError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainClient {
    username: Bytes,
    password: Password,
}

/// A name or password is too long for PLAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainClientError {
    /// A name of more than 255 bytes.
    #[error("user name has {0} bytes, and 255 are the most that PLAIN can send")]
    UsernameTooLong(usize),
    /// A password of more than 255 bytes.
    #[error("password has {0} bytes, and 255 are the most that PLAIN can send")]
    PasswordTooLong(usize),
}

impl PlainClient {
    /// Makes a client of this name and password.
    ///
    /// # Errors
    ///
    /// When either has more than 255 bytes.
    pub fn new(
        username: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, PlainClientError> {
        let (username, password) = (username.as_ref(), password.as_ref());
        if username.len() > FIELD_MAX {
            return Err(PlainClientError::UsernameTooLong(username.len()));
        }
        if password.len() > FIELD_MAX {
            return Err(PlainClientError::PasswordTooLong(password.len()));
        }
        let (username, password) = (Bytes::copy_from_slice(username), Password::new(password));
        Ok(Self { username, password })
    }

    /// The name.
    pub fn username(&self) -> &Bytes {
        &self.username
    }
}

/// What one byte of length can announce.
const FIELD_MAX: usize = 255;
