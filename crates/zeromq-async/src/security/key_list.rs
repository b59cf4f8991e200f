//! An authenticator for CURVE and NOISE: a list of accepted public keys.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

// Both keys have the same bytes and the same text.
#[cfg(feature = "curve")]
use zmtp::CurvePublicKey as PublicKey;
#[cfg(not(feature = "curve"))]
use zmtp::NoisePublicKey as PublicKey;
use zmtp::{Credentials, Decision, DenyStatus};

use crate::authentication::{Attempt, Authenticator};
use crate::sync::Mutex;

/// Accepts the peers with listed public keys.
///
/// Each key has a user id, by default the key in Z85, as with pyzmq. Keys can be added and removed at
/// any time. A removed key is refused at the next handshake, and connected peers stay connected. Clones
/// are the same list. `zeromq-auth` reads lists from files.
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
/// assert!(!known.contains(server_key));
///
/// let pull = PullSocket::builder().curve_server(server, known.clone()).build();
/// let mut events = pull.events();
/// let push = PushSocket::builder().curve_client(alice, server_key).build();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
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

impl KeyList {
    /// Makes an empty list, which accepts no peer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts a key. The user id is the key in Z85.
    pub fn allow(&self, key: impl Into<[u8; 32]>) {
        let key = key.into();
        self.allow_as(key, PublicKey::new(key).to_string());
    }

    /// Accepts a key as the given user.
    pub fn allow_as(&self, key: impl Into<[u8; 32]>, user_id: impl Into<String>) {
        self.with(|keys| keys.insert(key.into(), Decision::allow_as(user_id)));
    }

    /// Sets the decision for a key, and returns the one that it replaces.
    ///
    /// ```
    /// use zeromq_async::security::{Decision, KeyList};
    ///
    /// let known = KeyList::new();
    /// assert_eq!(known.insert([7; 32], Decision::allow_as("alice")), None);
    /// assert_eq!(known.insert([7; 32], Decision::allow()), Some(Decision::allow_as("alice")));
    /// ```
    pub fn insert(&self, key: impl Into<[u8; 32]>, decision: Decision) -> Option<Decision> {
        self.with(|keys| keys.insert(key.into(), decision))
    }

    /// Refuses a key from the next handshake on. False if it was not listed.
    pub fn remove(&self, key: impl Into<[u8; 32]>) -> bool {
        self.with(|keys| keys.remove(&key.into())).is_some()
    }

    /// Whether the key is listed.
    pub fn contains(&self, key: impl Into<[u8; 32]>) -> bool {
        self.with(|keys| keys.contains_key(&key.into()))
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.with(|keys| keys.len())
    }

    /// Whether no key is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<[u8; 32], Decision>) -> R) -> R {
        work(&mut self.0.lock())
    }
}

impl<K: Into<[u8; 32]>> FromIterator<K> for KeyList {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let list = Self::new();
        keys.into_iter().for_each(|key| list.allow(key));
        list
    }
}

impl Authenticator for KeyList {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        let decision = match attempt.request.credentials {
            Credentials::PublicKey(key) => self.with(|keys| keys.get(&key).cloned()).ok_or(key),
            _ => return Box::pin(ready(attempt.deny(REFUSED, "it has no public key"))),
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
