//! Users and passwords for PLAIN.

use std::fmt;
use std::str::{self, FromStr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use zeromq_async::security::{Attempt, Authenticator, Credentials, Decision, DenyStatus, Password};

mod hash;
mod users;
mod verifier;

use crate::error::{LineError, LineProblem};
use crate::from_file::{Format, FromFile};
use crate::text_file;
pub use hash::HashError;
#[cfg(feature = "argon2")]
pub use hash::hash_password;
use hash::{Hash, VerifyError};
use users::{StoredPassword, Users};
use verifier::Verifier;

/// Allows users with the right password. The user's name is the user id.
///
/// A password is stored as clear text or, with the feature `argon2`, as an Argon2 hash: a PHC string
/// as printed by `hash_password` or the `argon2` command. Users can be added and removed at any
/// time. A removed user is denied at the next handshake and stays connected until then. Clones share
/// the users.
///
/// * Clear text is compared in constant time and wiped from memory when it is dropped.
/// * A hash is verified on Tokio's blocking threads. This takes tens of milliseconds and as much
///   memory as the hash's parameters say. The number of concurrent verifications is limited
///   ([`max_verifications`](Self::max_verifications)); others wait, up to their handshake timeouts.
/// * Every denial takes the same time, whether or not the user exists: one hash for each set of
///   parameters in use is verified. Use the same parameters for all hashes, so that a denial costs
///   only one verification.
///
/// Names and passwords are compared as bytes. User ids are text: in the user id of a name that is
/// not UTF-8, each byte outside of printable ASCII is written as `\xff`.
///
/// The text form has one `user:password` per line. The password may contain colons and spaces. Empty
/// lines and lines that begin with `#` are ignored. A password that looks like a hash
/// (`$argon2id$…`, `$2y$…`) but cannot be verified is an error, so that a hash is never taken for
/// clear text.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::Passwords;
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let users = Passwords::new();
/// users.insert("alice", "secret");
/// let mut server = RepSocket::builder().plain_server(users.clone()).build();
/// let mut client = ReqSocket::builder().plain_client("alice", "secret")?.build();
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("hello").await?;
/// let (_, peer) = server.recv_from().await?;
/// assert_eq!(peer.info().user_id(), Some("alice"));
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Passwords {
    users: Arc<Mutex<Users>>,
    verifier: Verifier,
}

/// [`Passwords`] in a file, which is reloaded when it changes. [`FromFile`] has an example.
pub type PasswordFile = FromFile<Passwords>;

impl Passwords {
    /// Creates an empty list, which denies every user.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user, or replaces the user's password.
    ///
    /// PLAIN carries names and passwords of up to 255 bytes; longer ones never match.
    pub fn insert(&self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) {
        let password = StoredPassword::Clear(Password::new(password));
        self.users.lock().insert(user.as_ref(), password);
    }

    /// Adds a user with the Argon2 hash of the password, or replaces the user's password.
    ///
    /// # Errors
    ///
    /// The text is not an Argon2 PHC string.
    #[cfg(feature = "argon2")]
    pub fn insert_hash(&self, user: impl AsRef<[u8]>, hash: &str) -> Result<(), HashError> {
        let hash = StoredPassword::Hashed(Hash::parse(hash)?);
        self.users.lock().insert(user.as_ref(), hash);
        Ok(())
    }

    /// Removes a user. Returns whether the user existed.
    pub fn remove(&self, user: impl AsRef<[u8]>) -> bool {
        self.users.lock().remove(user.as_ref())
    }

    /// Limits the number of hashes that are verified concurrently. The minimum is 1. Default: half
    /// the number of cores.
    #[must_use]
    pub fn max_verifications(mut self, count: usize) -> Self {
        self.verifier = Verifier::new(count);
        self
    }

    fn parse_line(&self, line: &[u8]) -> Result<(), LineProblem> {
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(LineProblem::NoColon)?;
        let (user, password) = (&line[..colon], &line[colon + 1..]);
        if user.is_empty() {
            return Err(LineProblem::NoUser);
        }
        let stored = match str::from_utf8(password) {
            Ok(text) if hash::looks_like_hash(text) => StoredPassword::Hashed(Hash::parse(text)?),
            _ => StoredPassword::Clear(Password::new(password)),
        };
        match self.users.lock().insert(user, stored) {
            true => Err(LineProblem::UserTwice),
            false => Ok(()),
        }
    }

    /// Whether the password is right. The time of a denial reveals neither whether the user exists
    /// nor which hash the user has.
    async fn check(&self, user: &[u8], password: Password) -> Result<bool, VerifyError> {
        let lookup = self.users.lock().lookup(user);
        let hash = match lookup.stored {
            Some(StoredPassword::Clear(clear)) if clear == password => return Ok(true),
            Some(StoredPassword::Hashed(hash)) => Some(hash),
            _ if lookup.decoys.is_empty() => return Ok(false),
            _ => None,
        };
        self.verifier.verify(hash, lookup.decoys, password).await
    }
}

impl PasswordFile {
    /// Limits the number of hashes that are verified concurrently. The minimum is 1. Default: half
    /// the number of cores.
    #[must_use]
    pub fn max_verifications(self, count: usize) -> Self {
        self.configure(|passwords| passwords.clone().max_verifications(count))
    }
}

impl FromStr for Passwords {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        Self::parse(text.as_bytes())
    }
}

impl Format for Passwords {
    fn parse(text: &[u8]) -> Result<Self, LineError> {
        let passwords = Self::new();
        text_file::each_line(text, |line| passwords.parse_line(line))?;
        Ok(passwords)
    }

    fn with_settings_of(self, previous: &Self) -> Self {
        Self { verifier: previous.verifier.clone(), ..self }
    }
}

impl Authenticator for Passwords {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
        Box::pin(async move {
            let failure = DenyStatus::AuthenticationFailure;
            let Credentials::Password { username, password } = &attempt.request.credentials else {
                return attempt.deny(failure, "the peer sent no password");
            };
            let user = users::id_of(username);
            match self.check(username, password.clone()).await {
                Ok(true) => Decision::allow_as(user),
                Ok(false) => {
                    attempt.deny(failure, format!("unknown user or wrong password: {user:?}"))
                }
                Err(error) => attempt.deny(DenyStatus::TemporaryError, error),
            }
        })
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.users.lock().len();
        f.debug_struct("Passwords").field("users", &users).finish_non_exhaustive()
    }
}
