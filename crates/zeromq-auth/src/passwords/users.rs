//! The users, and what is kept of their passwords.

use std::collections::{BTreeMap, HashMap};
use std::str;

use zeromq_async::security::Password;

use super::hash::{Cost, Hash};

/// What is kept of a password.
#[derive(Clone)]
pub(super) enum Stored {
    Clear(Password),
    Hashed(Hash),
}

/// The users by their ids.
#[derive(Default)]
pub(super) struct Users {
    by_id: HashMap<String, User>,
    /// One hash of each cost that any of them has.
    hashes: BTreeMap<Cost, Hash>,
}

struct User {
    name: Vec<u8>,
    stored: Stored,
}

/// What there is to check where somebody wants in.
pub(super) struct Question {
    /// What is kept of the user, if there is such a one.
    pub(super) stored: Option<Stored>,
    /// The hashes that are checked besides, so that a refusal takes the same time for all.
    pub(super) decoys: Vec<Hash>,
}

impl Users {
    /// Whether there was a user of this name before.
    pub(super) fn insert(&mut self, name: &[u8], stored: Stored) -> bool {
        if let Stored::Hashed(hash) = &stored {
            self.hashes.entry(hash.cost()).or_insert_with(|| hash.clone());
        }
        let replaced = self.by_id.insert(id_of(name), User { name: name.to_owned(), stored });
        self.forget(replaced)
    }

    /// Whether there was such a user.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let id = id_of(name);
        if self.find(name).is_none() {
            return false;
        }
        let removed = self.by_id.remove(&id);
        self.forget(removed)
    }

    pub(super) fn question(&self, name: &[u8]) -> Question {
        let stored = self.find(name).cloned();
        let own = match &stored {
            Some(Stored::Hashed(hash)) => Some(hash.cost()),
            _ => None,
        };
        let others = self.hashes.iter().filter(|(cost, _)| Some(*cost) != own.as_ref());
        Question { stored, decoys: others.map(|(_, hash)| hash.clone()).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn find(&self, name: &[u8]) -> Option<&Stored> {
        let user = self.by_id.get(&id_of(name))?;
        (user.name == name).then_some(&user.stored)
    }

    /// Forgets the cost of a hash that nobody has any more. Whether there was a user at all.
    fn forget(&mut self, user: Option<User>) -> bool {
        let Some(User { stored, .. }) = user else { return false };
        if let Stored::Hashed(hash) = stored {
            let cost = hash.cost();
            let has = |user: &User| matches!(&user.stored, Stored::Hashed(h) if h.cost() == cost);
            if !self.by_id.values().any(has) {
                self.hashes.remove(&cost);
            }
        }
        true
    }
}

/// The user id of who has this name: the name itself, with what is not text made visible. Two names
/// may have one id, and only one of them may be a user.
pub(super) fn id_of(name: &[u8]) -> String {
    match str::from_utf8(name) {
        Ok(text) => text.to_owned(),
        Err(_) => name.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear() -> Stored {
        Stored::Clear(Password::new("secret"))
    }

    #[test]
    fn names_are_compared_as_bytes() {
        let mut users = Users::default();
        users.insert(b"\xff", clear());
        for other in [&b"\xfe"[..], "\u{fffd}".as_bytes(), b"\\xff"] {
            assert!(users.question(other).stored.is_none(), "{other:?}");
            assert!(!users.remove(other), "{other:?}");
        }
        assert!(users.question(b"\xff").stored.is_some());
        assert!(users.insert(b"\\xff", clear()), "one user id is one user");
        assert!(users.question(b"\xff").stored.is_none());
    }

    /// What is checked, all told, where the password is wrong.
    #[cfg(feature = "argon2")]
    fn work(users: &Users, name: &[u8]) -> Vec<Cost> {
        let Question { stored, decoys } = users.question(name);
        let own = stored.and_then(|stored| match stored {
            Stored::Hashed(hash) => Some(hash),
            Stored::Clear(_) => None,
        });
        let mut costs: Vec<_> = own.iter().chain(&decoys).map(Hash::cost).collect();
        costs.sort();
        costs
    }

    #[cfg(feature = "argon2")]
    #[test]
    fn every_refusal_checks_the_same_hashes() {
        let hash = |parameters: &str| {
            let text = format!("$argon2id$v=19${parameters}$c2FsdHNhbHQ${}", "A".repeat(43));
            Stored::Hashed(Hash::parse(&text).expect("a hash"))
        };
        let mut users = Users::default();
        users.insert(b"cheap", hash("m=64,t=1,p=1"));
        users.insert(b"costly", hash("m=4096,t=1,p=1"));
        users.insert(b"as costly", hash("m=4096,t=1,p=1"));
        users.insert(b"long", hash("m=64,t=64,p=1"));
        users.insert(b"clear", clear());
        let expected = work(&users, b"nobody");
        assert_eq!(expected.len(), 3);
        for user in [&b"cheap"[..], b"costly", b"as costly", b"long", b"clear"] {
            assert!(work(&users, user) == expected, "{user:?}");
        }
        users.remove(b"costly");
        assert_eq!(work(&users, b"cheap").len(), 3);
        users.insert(b"as costly", clear());
        assert_eq!(work(&users, b"cheap").len(), 2);
        assert_eq!(work(&users, b"nobody").len(), 2);
    }
}
