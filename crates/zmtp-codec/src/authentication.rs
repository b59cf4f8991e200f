//! Requests to authenticate a peer, and decisions about them, as in 27/ZAP.

use std::fmt;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::metadata::Metadata;
use crate::secret;
use crate::wire::MechanismName;

/// A request to authenticate a peer.
///
/// The connection waits until [`Connection::authenticate`](crate::Connection::authenticate) is
/// called with a [`Decision`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticationRequest {
    /// The security mechanism of the connection.
    pub mechanism: MechanismName,
    /// The credentials of the peer.
    pub credentials: Credentials,
}

impl AuthenticationRequest {
    /// Makes a request.
    pub fn new(mechanism: MechanismName, credentials: Credentials) -> Self {
        Self { mechanism, credentials }
    }
}

/// The credentials of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// NULL: none.
    None,
    /// PLAIN: a user name and a password.
    Password {
        /// The user name, up to 255 bytes.
        username: Bytes,
        /// The password, up to 255 bytes.
        password: Password,
    },
    /// CURVE and NOISE: a public key that the peer has proven to own.
    PublicKey([u8; 32]),
}

impl Credentials {
    /// The credentials as frames of a 27/ZAP request.
    pub fn to_frames(&self) -> Vec<Bytes> {
        match self {
            Self::None => Vec::new(),
            Self::Password { username, password } => {
                vec![username.clone(), Bytes::copy_from_slice(password.expose())]
            }
            Self::PublicKey(key) => vec![Bytes::copy_from_slice(key)],
        }
    }

    /// Reads the frames of a 27/ZAP request; `None` if they do not fit the mechanism, or the
    /// mechanism is unknown.
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
    /// The peer is allowed in (ZAP status 200).
    Allow {
        /// The user id of the peer; may be empty.
        user_id: String,
        /// Further properties of the peer.
        metadata: Metadata,
    },
    /// The peer is denied.
    Deny(DenyStatus),
}

impl Decision {
    /// Allows a peer in, without a user id.
    pub fn allow() -> Self {
        Self::allow_as("")
    }

    /// Allows a peer in as this user.
    pub fn allow_as(user_id: impl Into<String>) -> Self {
        Self::Allow { user_id: user_id.into(), metadata: Metadata::new() }
    }
}

/// Why a peer is denied (27/ZAP, "Status Codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenyStatus {
    /// 300: no decision was possible. The connection is closed without an ERROR, and the peer may try
    /// again.
    TemporaryError,
    /// 400: the credentials are not accepted. The peer gets an ERROR.
    AuthenticationFailure,
    /// 500: the authenticator has failed. The peer gets an ERROR.
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

    /// The status with this code.
    pub fn from_code(code: u16) -> Option<Self> {
        [Self::TemporaryError, Self::AuthenticationFailure, Self::InternalError]
            .into_iter()
            .find(|status| status.code() == code)
    }

    /// The status in the reason of an ERROR command, if it is a status code as libzmq sends.
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

/// A password of up to 255 bytes. `Debug` hides it, comparison takes constant time, and it is
/// overwritten when dropped.
///
/// PLAIN sends it in clear: everyone on the network can read it.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Makes a password from its bytes.
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
