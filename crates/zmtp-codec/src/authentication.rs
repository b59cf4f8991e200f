//! Whether a peer may go on: the question a connection asks, and the answer it waits for.
//!
//! The questions and answers are those of 27/ZAP. Who answers them is no concern of this crate.

use std::fmt;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::metadata::Metadata;
use crate::secret;
use crate::wire::MechanismName;

/// Asks whether a peer may go on, by what it has shown of itself.
///
/// The connection waits until [`Connection::authenticate`](crate::Connection::authenticate) has
/// the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticationRequest {
    /// The security mechanism of the connection.
    pub mechanism: MechanismName,
    /// What the peer has shown.
    pub credentials: Credentials,
}

impl AuthenticationRequest {
    /// Makes a question of one's own, for whoever answers them.
    pub fn new(mechanism: MechanismName, credentials: Credentials) -> Self {
        Self { mechanism, credentials }
    }
}

/// What a peer has shown of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// NULL: nothing.
    None,
    /// PLAIN: a name and a password.
    Password {
        /// The name, up to 255 bytes.
        username: Bytes,
        /// The password, up to 255 bytes.
        password: Password,
    },
    /// CURVE and NOISE: a public key, and proof that the peer has the secret one.
    PublicKey([u8; 32]),
}

impl Credentials {
    /// The frames that a 27/ZAP request has them in.
    pub fn to_frames(&self) -> Vec<Bytes> {
        match self {
            Self::None => Vec::new(),
            Self::Password { username, password } => {
                vec![username.clone(), Bytes::copy_from_slice(password.expose())]
            }
            Self::PublicKey(key) => vec![Bytes::copy_from_slice(key)],
        }
    }

    /// Reads the frames of a 27/ZAP request; `None` where they are not those of the mechanism, or
    /// the mechanism is none of this crate's.
    pub fn from_frames<F: AsRef<[u8]>>(mechanism: MechanismName, frames: &[F]) -> Option<Self> {
        match (mechanism, frames) {
            (MechanismName::NULL, []) => Some(Self::None),
            (MechanismName::PLAIN, [username, password]) => {
                let (username, password) = (username.as_ref(), password.as_ref());
                let fit = username.len() <= 255 && password.len() <= 255;
                fit.then(|| Self::Password {
                    username: Bytes::copy_from_slice(username),
                    password: Password::new(password),
                })
            }
            (MechanismName::CURVE | MechanismName::NOISE, [key]) => {
                key.as_ref().try_into().ok().map(Self::PublicKey)
            }
            _ => None,
        }
    }
}

/// The answer to an [`AuthenticationRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The peer may go on (ZAP status 200).
    Allow {
        /// Who it is; empty where that does not matter.
        user_id: String,
        /// What else is known of it.
        metadata: Metadata,
    },
    /// The peer may not go on.
    Deny(DenyStatus),
}

impl Decision {
    /// Lets a peer in of whom nothing more is known.
    pub fn allow() -> Self {
        Self::allow_as("")
    }

    /// Lets a peer in as this user.
    pub fn allow_as(user_id: impl Into<String>) -> Self {
        Self::Allow { user_id: user_id.into(), metadata: Metadata::new() }
    }
}

/// Why a peer may not go on (27/ZAP, "Status Codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenyStatus {
    /// 300: nobody could tell just now. The connection is closed without a word, and the peer may
    /// try again.
    TemporaryError,
    /// 400: its credentials are not accepted. The peer is told so.
    AuthenticationFailure,
    /// 500: whoever decides is at fault. The peer is told so.
    InternalError,
}

impl DenyStatus {
    /// The status code.
    pub fn code(self) -> u16 {
        match self {
            Self::TemporaryError => 300,
            Self::AuthenticationFailure => 400,
            Self::InternalError => 500,
        }
    }

    /// The status that has this code.
    pub fn from_code(code: u16) -> Option<Self> {
        [Self::TemporaryError, Self::AuthenticationFailure, Self::InternalError]
            .into_iter()
            .find(|status| status.code() == code)
    }

    /// What the reason of an ERROR command says, where it is a status code, as from libzmq.
    pub fn from_reason(reason: &str) -> Option<Self> {
        Self::from_code(reason.parse().ok().filter(|_| reason.len() == 3)?)
    }
}

impl fmt::Display for DenyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self {
            Self::TemporaryError => "temporary error",
            Self::AuthenticationFailure => "authentication failure",
            Self::InternalError => "internal error",
        };
        write!(f, "{} {meaning}", self.code())
    }
}

/// A password, up to 255 bytes: not shown by `Debug`, compared in constant time, overwritten
/// when it is dropped.
///
/// PLAIN sends it in clear, so it is no secret to the network.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Makes a password of its bytes.
    ///
    /// ```
    /// use zmtp_codec::Password;
    ///
    /// assert!(Password::new("secret") == Password::new("secret"));
    /// ```
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(Zeroizing::new(bytes.as_ref().to_vec()))
    }

    /// The password itself.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        secret::equal(&self.0, &other.0)
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_status_parses_from_code_and_reason() {
        for status in [
            DenyStatus::TemporaryError,
            DenyStatus::AuthenticationFailure,
            DenyStatus::InternalError,
        ] {
            assert_eq!(DenyStatus::from_code(status.code()), Some(status));
            assert_eq!(DenyStatus::from_reason(&status.code().to_string()), Some(status));
        }
        for other in ["", "200", "0400", "+400", "4000", "no"] {
            assert_eq!(DenyStatus::from_reason(other), None, "{other}");
        }
    }

    #[test]
    fn credentials_round_trip_through_frames() {
        let password = Password::new(b"secret");
        for (mechanism, credentials) in [
            (MechanismName::NULL, Credentials::None),
            (MechanismName::PLAIN, Credentials::Password { username: "alice".into(), password }),
            (MechanismName::CURVE, Credentials::PublicKey([7; 32])),
            (MechanismName::NOISE, Credentials::PublicKey([8; 32])),
        ] {
            let frames = credentials.to_frames();
            assert_eq!(Credentials::from_frames(mechanism, &frames), Some(credentials));
        }
    }

    #[test]
    fn invalid_credential_frames_are_rejected() {
        let (short, long) = (vec![0; 31], vec![0; 256]);
        for (mechanism, frames) in [
            (MechanismName::NULL, vec![&short]),
            (MechanismName::PLAIN, vec![&short]),
            (MechanismName::PLAIN, vec![&short, &long]),
            (MechanismName::PLAIN, vec![&short, &short, &short]),
            (MechanismName::CURVE, vec![&short]),
            (MechanismName::CURVE, vec![]),
        ] {
            assert_eq!(Credentials::from_frames(mechanism, &frames), None, "{mechanism}");
        }
    }

    #[test]
    fn password_compares_and_hides_in_debug() {
        assert_eq!(Password::new(b"secret"), Password::new(b"secret"));
        assert_ne!(Password::new(b"secret"), Password::new(b"secreT"));
        assert_ne!(Password::new(b"secret"), Password::new(b"secret1"));
        assert_ne!(Password::new(b""), Password::new(b"s"));
        assert_eq!(format!("{:?}", Password::new(b"secret")), "Password(..)");
    }
}
