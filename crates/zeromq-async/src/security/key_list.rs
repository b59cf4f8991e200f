//! CURVE and NOISE: the public keys that are let in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::future::{Future, ready};
use std::path::Path;
use std::pin::Pin;
use std::str;
use std::str::FromStr;
use std::sync::Arc;

// Keys of both are of the same make, and so are their texts.
#[cfg(feature = "curve")]
use zmtp::CurvePublicKey as PublicKey;
#[cfg(not(feature = "curve"))]
use zmtp::NoisePublicKey as PublicKey;
use zmtp::{Credentials, Decision, DenyStatus};

use super::certificate::read_any;
use super::from_file::{FileError, Format, FromFile, LineError, LineProblem, members};
use crate::authentication::{Attempt, Authenticator};
use crate::security::text_file;
use crate::sync::Mutex;

/// Lets in the peers whose public keys are in it, and tells who they are.
///
/// A peer's user id is the one that its key was given, or else the key itself in Z85, as with
/// pyzmq. Keys can be added and removed at any time. A key that is removed is refused at the next
/// handshake; who is connected with it stays so. Clones are the same list.
///
/// As text it has a key a line, in Z85; behind that may come a user id, and ` #` with a comment.
/// Lines that are empty or begin with `#`, as no key does, are skipped.
///
#[cfg_attr(feature = "curve", doc = "```")]
#[cfg_attr(not(feature = "curve"), doc = "```ignore")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{KeyList, generate_curve_keys};
/// use zeromq_async::{PullSocket, PushSocket, SocketEvent};
///
/// let (server, alice) = (generate_curve_keys(), generate_curve_keys());
/// let server_key = *server.public_key();
/// let known = KeyList::new();
/// known.allow_as(*alice.public_key(), "alice");
///
/// let pull = PullSocket::builder().curve_server(server, known.clone()).build();
/// let mut events = pull.events();
/// let push = PushSocket::builder().curve_client(alice, server_key).build();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::HandshakeSucceeded { info, .. } = event {
///         assert_eq!(info.user_id(), Some("alice"));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct KeyList(Arc<Mutex<HashMap<[u8; 32], Decision>>>);

/// A [`KeyList`] in a file, or in a folder, which is read again when it has changed.
///
/// From a folder the [certificates](super::Certificate) are taken whose names end in `.key`: the rest
/// of the name is the user id, and the peer's metadata is the certificate's. Every question looks at
/// each of them, so for thousands a file is better.
///
#[cfg_attr(feature = "curve", doc = "```")]
#[cfg_attr(not(feature = "curve"), doc = "```ignore")]
/// use zeromq_async::RepSocket;
/// use zeromq_async::security::{KeyFile, generate_curve_keys};
///
/// # let folder = std::env::temp_dir().join(format!("zmq-keys-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("keys");
/// let alice = generate_curve_keys();
/// std::fs::write(&path, format!("# who may connect\n{} alice\n", alice.public_key()))?;
///
/// let server = generate_curve_keys();
/// let rep = RepSocket::builder().curve_server(server, KeyFile::open(&path)?).build();
/// # drop(rep);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type KeyFile = FromFile<KeyList>;

impl KeyList {
    /// A list that lets nobody in.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// assert!(KeyList::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in a peer with this key, whose user id is the key in Z85.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// let known = KeyList::new();
    /// known.allow([7; 32]); // a `CurvePublicKey` or `NoisePublicKey`, as a rule
    /// assert!(known.contains([7; 32]));
    /// ```
    pub fn allow(&self, key: impl Into<[u8; 32]>) {
        let key = key.into();
        self.allow_as(key, PublicKey::new(key).to_string());
    }

    /// Lets in a peer with this key as this user.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// let known = KeyList::new();
    /// known.allow_as([7; 32], "alice");
    /// ```
    pub fn allow_as(&self, key: impl Into<[u8; 32]>, user_id: impl Into<String>) {
        self.with(|keys| keys.insert(key.into(), Decision::allow_as(user_id)));
    }

    /// Refuses this key from the next handshake on. Says whether it was in the list.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// let known = KeyList::from_iter([[7; 32]]);
    /// assert!(known.remove([7; 32]) && !known.remove([7; 32]));
    /// ```
    pub fn remove(&self, key: impl Into<[u8; 32]>) -> bool {
        self.with(|keys| keys.remove(&key.into())).is_some()
    }

    /// Whether a peer with this key is let in.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// assert!(!KeyList::new().contains([7; 32]));
    /// ```
    pub fn contains(&self, key: impl Into<[u8; 32]>) -> bool {
        self.with(|keys| keys.contains_key(&key.into()))
    }

    /// How many keys are let in.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// assert_eq!(KeyList::from_iter([[7; 32]]).len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.with(|keys| keys.len())
    }

    /// Whether nobody is let in.
    ///
    /// ```
    /// use zeromq_async::security::KeyList;
    ///
    /// assert!("# nobody yet\n".parse::<KeyList>()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<[u8; 32], Decision>) -> R) -> R {
        work(&mut self.0.lock())
    }

    /// Lets a key in unless it is let in already.
    fn add(&self, key: [u8; 32], decision: Decision) -> Result<(), LineProblem> {
        self.with(|keys| match keys.entry(key) {
            Entry::Occupied(_) => Err(LineProblem::KeyTwice),
            Entry::Vacant(place) => {
                place.insert(decision);
                Ok(())
            }
        })
    }

    fn add_line(&self, line: &[u8]) -> Result<(), LineProblem> {
        let line = line.trim_ascii();
        // The first digit of a key stands for a part of 32 bits, and `#` would be more.
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (key, rest) = line.split_at(end);
        let key = text(key)?;
        let public_key: PublicKey = key.parse()?;
        let user_id = text(&rest[..comment_at(rest).unwrap_or(rest.len())])?.trim();
        let user_id = if user_id.is_empty() { key } else { user_id };
        self.add(public_key.into(), Decision::allow_as(user_id))
    }
}

/// Where the comment begins in what follows a key.
fn comment_at(rest: &[u8]) -> Option<usize> {
    rest.windows(2).position(|bytes| matches!(bytes, b" #" | b"\t#"))
}

fn text(bytes: &[u8]) -> Result<&str, LineProblem> {
    str::from_utf8(bytes).map_err(|_| LineProblem::NotUtf8)
}

impl<K: Into<[u8; 32]>> FromIterator<K> for KeyList {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let list = Self::new();
        keys.into_iter().for_each(|key| list.allow(key));
        list
    }
}

impl FromStr for KeyList {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        Self::parse(text.as_bytes())
    }
}

impl Format for KeyList {
    fn parse(text: &[u8]) -> Result<Self, LineError> {
        let list = Self::new();
        text_file::each_line(text, |line| list.add_line(line))?;
        Ok(list)
    }

    fn read(path: &Path) -> Result<Self, FileError> {
        if path.is_dir() {
            return Self::read_folder(path);
        }
        let text = text_file::read(path)?;
        Self::parse(&text).map_err(|source| FileError::Malformed { path: path.to_owned(), source })
    }
}

impl KeyList {
    /// Reads all certificates in a folder.
    fn read_folder(folder: &Path) -> Result<Self, FileError> {
        let list = Self::new();
        for path in members(folder)? {
            let (key, metadata) = read_any(&path)?;
            let Some(user_id) = path.file_stem().and_then(|stem| stem.to_str()) else {
                return Err(FileError::NameNotUtf8 { path });
            };
            let user_id = user_id.to_owned();
            let added = list.add(key, Decision::Allow { user_id, metadata });
            added.map_err(|_| FileError::KeyTwice { path })?;
        }
        Ok(list)
    }
}

impl Authenticator for KeyList {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        let decision = match attempt.request.credentials {
            Credentials::PublicKey(key) => self.with(|keys| keys.get(&key).cloned()).ok_or(key),
            _ => return Box::pin(ready(attempt.deny(REFUSED, "it shows no public key"))),
        };
        Box::pin(ready(decision.unwrap_or_else(|key| {
            let key = PublicKey::new(key);
            attempt.deny(REFUSED, format!("its key {key} is not in the list"))
        })))
    }
}

const REFUSED: DenyStatus = DenyStatus::AuthenticationFailure;

impl fmt::Debug for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyList").field("keys", &self.len()).finish_non_exhaustive()
    }
}
