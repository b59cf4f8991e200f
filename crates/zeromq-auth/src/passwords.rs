//! PLAIN: the users that are let in, and their passwords.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::{self, FromStr};
use std::sync::Arc;

use zeromq_async::security::{Credentials, Decision, DenyStatus, Password};

mod hash;
mod users;
mod verifier;

use super::from_file::{Format, FromFile, LineError, LineProblem};
use crate::text_file;
use hash::Hash;
pub use hash::HashError;
#[cfg(feature = "argon2")]
pub use hash::hash_password;
use parking_lot::Mutex;
use users::{Stored, Users};
use verifier::{Unavailable, Verifier};
use zeromq_async::security::{Attempt, Authenticator};

/// Lets in the users whose passwords are in it; their names are their user ids.
///
/// A password is clear text or, with the feature `argon2`, an Argon2 hash (a PHC string, as made by
/// `hash_password` and by the `argon2` command). Users can be added and removed at any time; who is
/// removed is refused at the next handshake and, if connected, stays so. Clones are the same users.
///
/// * Clear text is compared in constant time and wiped from memory when it is dropped.
/// * A hash is checked on Tokio's threads for blocking work: it takes tens of milliseconds and as
///   many MiB as the hash says, on purpose. No more than half of the processor's cores do so at
///   once ([`max_verifications`](Self::max_verifications)); the others wait their turn, within
///   their handshake timeouts.
/// * Every refusal takes the same time, whether the user is known or not, and whatever hash the user
///   has: one hash of each set of parameters is checked. Give all hashes the same parameters, and a
///   refusal costs what one hash does.
///
/// Names and passwords are bytes, and compared as such. A user id is text: a name that is not UTF-8
/// is its own user id with its other bytes written as `\xff`.
///
/// As text it has `user:password` a line. A password may have colons and spaces. Lines that are
/// empty or begin with `#` are skipped. What begins like a hash (`$argon2id$…`, `$2y$…`) and cannot
/// be checked is a faulty line, so that no hash becomes a password by mistake.
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
/// client.send("it is me").await?;
/// assert_eq!(server.recv().await?, "it is me");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Passwords {
    users: Arc<Mutex<Users>>,
    verifier: Verifier,
}

/// [`Passwords`] in a file, which is read again when it has changed.
///
/// ```
/// use zeromq_async::RepSocket;
/// use zeromq_auth::PasswordFile;
///
/// # let folder = std::env::temp_dir().join(format!("zmq-passwords-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("users");
/// std::fs::write(&path, "# who may connect\nalice:secret\n")?;
/// let rep = RepSocket::builder().plain_server(PasswordFile::open(&path)?).build();
/// # drop(rep);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type PasswordFile = FromFile<Passwords>;

impl Passwords {
    /// Lets nobody in.
    ///
    /// ```
    /// use zeromq_auth::Passwords;
    ///
    /// assert!(!Passwords::new().remove("anybody"));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a user in with this password, in place of any that the user had.
    ///
    /// PLAIN carries names and passwords of up to 255 bytes; longer ones never match.
    ///
    /// ```
    /// use zeromq_auth::Passwords;
    ///
    /// Passwords::new().insert("alice", "secret");
    /// ```
    pub fn insert(&self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) {
        let password = Stored::Clear(Password::new(password));
        self.with(|users| users.insert(user.as_ref(), password));
    }

    /// Lets a user in with the password that has this Argon2 hash, a PHC string.
    ///
    /// ```
    /// use zeromq_auth::{Passwords, hash_password};
    ///
    /// Passwords::new().insert_hash("alice", &hash_password("secret"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not such a hash.
    #[cfg(feature = "argon2")]
    pub fn insert_hash(&self, user: impl AsRef<[u8]>, hash: &str) -> Result<(), HashError> {
        let hash = Stored::Hashed(Hash::parse(hash)?);
        self.with(|users| users.insert(user.as_ref(), hash));
        Ok(())
    }

    /// Refuses a user from the next handshake on. Says whether the user was known.
    ///
    /// ```
    /// use zeromq_auth::Passwords;
    ///
    /// let users: Passwords = "alice:secret".parse()?;
    /// assert!(users.remove("alice"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&self, user: impl AsRef<[u8]>) -> bool {
        self.with(|users| users.remove(user.as_ref()))
    }

    /// How many hashes are checked at the same time, at least 1. Default: half as many as there
    /// are cores.
    ///
    /// ```
    /// use zeromq_auth::Passwords;
    ///
    /// let users = "alice:secret".parse::<Passwords>()?.max_verifications(2);
    /// # drop(users);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_verifications(mut self, count: usize) -> Self {
        self.verifier = Verifier::new(count);
        self
    }

    fn with<R>(&self, work: impl FnOnce(&mut Users) -> R) -> R {
        work(&mut self.users.lock())
    }

    fn add_line(&self, line: &[u8]) -> Result<(), LineProblem> {
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(LineProblem::NoColon)?;
        let (user, password) = (&line[..colon], &line[colon + 1..]);
        if user.is_empty() {
            return Err(LineProblem::NoUser);
        }
        let stored = match str::from_utf8(password) {
            Ok(text) if hash::looks_like_hash(text) => Stored::Hashed(Hash::parse(text)?),
            _ => Stored::Clear(Password::new(password)),
        };
        match self.with(|users| users.insert(user, stored)) {
            true => Err(LineProblem::UserTwice),
            false => Ok(()),
        }
    }

    /// Whether it is the user's password, found out in a time that does not tell whether there is
    /// such a user, nor which hash it has.
    async fn check(&self, user: &[u8], password: Password) -> Result<bool, Unavailable> {
        let question = self.with(|users| users.question(user));
        match question.stored {
            Some(Stored::Clear(known)) if known == password => Ok(true),
            Some(Stored::Hashed(hash)) => {
                self.verifier.verify(Some(hash), question.decoys, password).await
            }
            _ if question.decoys.is_empty() => Ok(false),
            // Whoever it is has failed, and hears of it when hashes would have been checked.
            _ => self.verifier.verify(None, question.decoys, password).await,
        }
    }
}

impl PasswordFile {
    /// How many hashes are checked at the same time, at least 1. Default: half as many as there
    /// are cores.
    ///
    /// ```
    /// use zeromq_auth::PasswordFile;
    ///
    /// # let folder = std::env::temp_dir().join(format!("zmq-limit-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("users");
    /// # std::fs::write(&path, "alice:secret\n")?;
    /// let users = PasswordFile::open(&path)?.max_verifications(2);
    /// # drop(users);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_verifications(self, count: usize) -> Self {
        self.adjust(|passwords| passwords.clone().max_verifications(count))
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
        text_file::each_line(text, |line| passwords.add_line(line))?;
        Ok(passwords)
    }

    fn succeed(self, predecessor: &Self) -> Self {
        Self { verifier: predecessor.verifier.clone(), ..self }
    }
}

impl Authenticator for Passwords {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(async move {
            let refused = DenyStatus::AuthenticationFailure;
            let Credentials::Password { username, password } = &attempt.request.credentials else {
                return attempt.deny(refused, "it shows no password");
            };
            let user = users::id_of(username);
            match self.check(username, password.clone()).await {
                Ok(true) => Decision::allow_as(user),
                Ok(false) => {
                    attempt.deny(refused, format!("no user {user:?} has the password it shows"))
                }
                Err(error) => attempt.deny(DenyStatus::TemporaryError, error),
            }
        })
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.with(|users| users.len());
        f.debug_struct("Passwords").field("users", &users).finish_non_exhaustive()
    }
}
