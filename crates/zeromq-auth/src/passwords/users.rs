//! The users and their stored passwords.

use std::collections::{BTreeMap, HashMap};
use std::str;

use zeromq_async::security::Password;

use super::hash::{Cost, Hash};

#[derive(Clone)]
pub(super) enum StoredPassword {
    Clear(Password),
    Hashed(Hash),
}

#[derive(Default)]
pub(super) struct Users {
    by_id: HashMap<String, User>,
    /// One hash of each cost that any user's hash has.
    hashes: BTreeMap<Cost, Hash>,
}

struct User {
    name: Vec<u8>,
    stored: StoredPassword,
}

/// The result of [`Users::lookup`].
pub(super) struct Lookup {
    /// The user's password; `None` for an unknown user.
    pub(super) stored: Option<StoredPassword>,
    /// Hashes to verify before a denial, so that every denial takes the same time.
    pub(super) decoys: Vec<Hash>,
}

impl Users {
    /// Adds or replaces a user. Returns whether the user existed.
    pub(super) fn insert(&mut self, name: &[u8], stored: StoredPassword) -> bool {
        if let StoredPassword::Hashed(hash) = &stored {
            self.hashes.entry(hash.cost()).or_insert_with(|| hash.clone());
        }
        let replaced = self.by_id.insert(id_of(name), User { name: name.to_owned(), stored });
        self.release_cost(replaced)
    }

    /// Removes a user. Returns whether the user existed.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        if self.find(name).is_none() {
            return false;
        }
        let removed = self.by_id.remove(&id_of(name));
        self.release_cost(removed)
    }

    pub(super) fn lookup(&self, name: &[u8]) -> Lookup {
        let stored = self.find(name).cloned();
        let own = match &stored {
            Some(StoredPassword::Hashed(hash)) => Some(hash.cost()),
            _ => None,
        };
        let others = self.hashes.iter().filter(|(cost, _)| Some(*cost) != own.as_ref());
        Lookup { stored, decoys: others.map(|(_, hash)| hash.clone()).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn find(&self, name: &[u8]) -> Option<&StoredPassword> {
        let user = self.by_id.get(&id_of(name))?;
        (user.name == name).then_some(&user.stored)
    }

    /// Drops the decoy for this user's cost if no other user has that cost. Returns whether there was
    /// a user.
    fn release_cost(&mut self, user: Option<User>) -> bool {
        let Some(User { stored, .. }) = user else { return false };
        if let StoredPassword::Hashed(hash) = stored {
            let cost = hash.cost();
            let has =
                |user: &User| matches!(&user.stored, StoredPassword::Hashed(h) if h.cost() == cost);
            if !self.by_id.values().any(has) {
                self.hashes.remove(&cost);
            }
        }
        true
    }
}

/// The user id for a name: the name itself, escaped if it is not UTF-8.
///
/// Two names can have the same id. Only one of them can be a user.
pub(super) fn id_of(name: &[u8]) -> String {
    match str::from_utf8(name) {
        Ok(text) => text.to_owned(),
        Err(_) => name.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear() -> StoredPassword {
        StoredPassword::Clear(Password::new("secret"))
    }

    #[test]
    fn names_are_compared_as_bytes() {
        let mut users = Users::default();
        users.insert(b"\xff", clear());
        for other in [&b"\xfe"[..], "\u{fffd}".as_bytes(), b"\\xff"] {
            assert!(users.lookup(other).stored.is_none(), "{other:?}");
            assert!(!users.remove(other), "{other:?}");
        }
        assert!(users.lookup(b"\xff").stored.is_some());
        assert!(users.insert(b"\\xff", clear()), "one user id is one user");
        assert!(users.lookup(b"\xff").stored.is_none());
    }

    /// The costs of all hashes that are verified for a wrong password.
    #[cfg(feature = "argon2")]
    fn work(users: &Users, name: &[u8]) -> Vec<Cost> {
        let Lookup { stored, decoys } = users.lookup(name);
        let own = stored.and_then(|stored| match stored {
            StoredPassword::Hashed(hash) => Some(hash),
            StoredPassword::Clear(_) => None,
        });
        let mut costs: Vec<_> = own.iter().chain(&decoys).map(Hash::cost).collect();
        costs.sort();
        costs
    }

    #[cfg(feature = "argon2")]
    #[test]
    fn every_denial_verifies_the_same_hashes() {
        let hash = |parameters: &str| {
            let text = format!("$argon2id$v=19${parameters}$c2FsdHNhbHQ${}", "A".repeat(43));
            StoredPassword::Hashed(Hash::parse(&text).expect("a hash"))
        };
        let mut users = Users::default();
        users.insert(b"cheap", hash("m=64,t=1,p=1"));
        users.insert(b"costly", hash("m=4096,t=1,p=1"));
        users.insert(b"as costly", hash("m=4096,t=1,p=1"));
        users.insert(b"long", hash("m=64,t=64,p=1"));
        users.insert(b"clear", clear());
        let expected = work(&users, b"unknown");
        assert_eq!(expected.len(), 3);
        for user in [&b"cheap"[..], b"costly", b"as costly", b"long", b"clear"] {
            assert!(work(&users, user) == expected, "{user:?}");
        }
        users.remove(b"costly");
        assert_eq!(work(&users, b"cheap").len(), 3);
        users.insert(b"as costly", clear());
        assert_eq!(work(&users, b"cheap").len(), 2);
        assert_eq!(work(&users, b"unknown").len(), 2);
    }
}
