//! The greeting: the 64 bytes each side of a connection starts with.
//!
//! ```text
//! 0        1         9    10     11     12          32         33       64
//! | FF     | padding | 7F | 03   | 01   | mechanism | as-server | filler |
//! '--- signature --------'  major  minor
//! '--- opening, sent first ------' '--- rest, sent once the peer's opening is here ---'
//! ```
//!
//! It is sent in two parts. ZMTP 1.0 and 2.0 peers read the bytes behind the major version
//! differently, and two peers that wait for a whole greeting first would deadlock.

use std::fmt;

/// The greeting of a ZMTP 3 peer.
///
/// ```
/// use zmtp_codec::wire::{Greeting, MechanismName};
///
/// let greeting = Greeting::new(MechanismName::NULL);
/// let wire = [&Greeting::OPENING[..], &greeting.rest()].concat();
/// assert_eq!(wire.len(), Greeting::SIZE);
/// assert_eq!(Greeting::decode(&wire), Ok(Some(greeting)));
///
/// let refused = Greeting::decode(b"GET / HTTP/1.1").unwrap_err();
/// assert!(refused.to_string().starts_with("peer's first byte is 0x47"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    version: (u8, u8),
    mechanism: MechanismName,
    as_server: bool,
}

/// The peer speaks another protocol, or an old version of ZMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedVersion {
    /// The first byte is not that of ZMTP 2.0 or newer.
    #[error(
        "peer's first byte is {0:#04x} where ZMTP has 0xff: it is not a ZeroMQ peer, \
         or one from before ZeroMQ 3, which `allow_zmtp_1` lets in"
    )]
    NotZmtp(u8),
    /// The peer speaks ZMTP 2.0, which has no security, and this side requires some.
    #[error(
        "peer speaks ZMTP 2.0, which has no security, and this side requires it: \
         3.0 or newer (ZeroMQ 4.0 or newer) is needed"
    )]
    NoSecurity,
    /// The signature is that of a ZMTP 1.0 peer with a long identity.
    #[error(
        "peer's signature ends in {0:#04x} where ZMTP 3 has 0x7f: it speaks ZMTP 1.0, \
         which `allow_zmtp_1` lets in; otherwise 3.0 or newer is needed"
    )]
    Unversioned(u8),
    /// The peer announces a major version below 3, and not 1, which is ZMTP 2.0.
    #[error("peer announces ZMTP revision {0}, and 3 or newer (ZeroMQ 4.0 or newer) is needed")]
    TooOld(u8),
}

impl Greeting {
    /// The bytes of a greeting.
    pub const SIZE: usize = 64;

    /// The first bytes of a connection: the signature and the major version.
    pub const OPENING: [u8; 11] = [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3];

    /// Makes the greeting of a client, or of a mechanism without roles.
    pub const fn new(mechanism: MechanismName) -> Self {
        Self { version: (3, 1), mechanism, as_server: false }
    }

    /// Sets whether this side has the server role.
    pub const fn with_as_server(self, as_server: bool) -> Self {
        Self { as_server, ..self }
    }

    /// The bytes behind the [opening](Self::OPENING). They are sent after the peer's opening arrived.
    pub fn rest(&self) -> [u8; Self::SIZE - Self::OPENING.len()] {
        let mut rest = [0; Self::SIZE - Self::OPENING.len()];
        let (minor, after) = rest.split_at_mut(1);
        minor.copy_from_slice(&[self.version.1]);
        let (mechanism, after) = after.split_at_mut(MechanismName::SIZE);
        mechanism.copy_from_slice(&self.mechanism.0);
        after[0] = u8::from(self.as_server);
        rest
    }

    /// The whole greeting.
    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let (opening, rest) = bytes.split_at_mut(Self::OPENING.len());
        opening.copy_from_slice(&Self::OPENING);
        rest.copy_from_slice(&self.rest());
        bytes
    }

    /// Checks the part of the peer's opening in `bytes`. Returns whether it is complete.
    ///
    /// The padding is ignored: libzmq puts the length of its identity there.
    ///
    /// # Errors
    ///
    /// As soon as the bytes cannot be those of a ZMTP 3 peer.
    pub fn check_opening(bytes: &[u8]) -> Result<bool, UnsupportedVersion> {
        match bytes.first() {
            None | Some(0xff) => {}
            Some(&first) => return Err(UnsupportedVersion::NotZmtp(first)),
        }
        match bytes.get(SIGNATURE_END) {
            Some(&end) if end & 1 == 0 => return Err(UnsupportedVersion::Unversioned(end)),
            _ => {}
        }
        match bytes.get(MAJOR) {
            None => Ok(false),
            Some(&major) if major < 3 => Err(UnsupportedVersion::TooOld(major)),
            Some(_) => Ok(true),
        }
    }

    /// Decodes the greeting at the front of `bytes`; `Ok(None)` if it is incomplete.
    ///
    /// # Errors
    ///
    /// As soon as the bytes cannot be those of a ZMTP 3 peer.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, UnsupportedVersion> {
        Self::check_opening(bytes)?;
        let Some(bytes) = bytes.first_chunk::<{ Self::SIZE }>() else {
            return Ok(None);
        };
        let mut mechanism = [0; MechanismName::SIZE];
        mechanism.copy_from_slice(&bytes[MECHANISM..MECHANISM + MechanismName::SIZE]);
        let version = (bytes[MAJOR], bytes[MAJOR + 1]);
        let as_server = bytes[AS_SERVER] & 1 != 0;
        Ok(Some(Self { version, mechanism: MechanismName(mechanism), as_server }))
    }

    /// The version to speak with the sender of this greeting: 3.0 or 3.1.
    ///
    /// A peer that announces a newer version must speak 3.1.
    pub fn negotiated_version(&self) -> (u8, u8) {
        if self.version < (3, 1) { (3, 0) } else { (3, 1) }
    }

    /// The security mechanism announced.
    pub fn mechanism(&self) -> MechanismName {
        self.mechanism
    }

    /// Whether the sender announces the server role.
    ///
    /// libzmq never does, so PLAIN and CURVE ignore it.
    pub fn as_server(&self) -> bool {
        self.as_server
    }
}

/// The name of a security mechanism in a greeting: 20 bytes, padded with zeros.
///
/// ```
/// # use zmtp_codec::wire::MechanismName;
/// assert_eq!(MechanismName::NULL.to_string(), "NULL");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MechanismName([u8; Self::SIZE]);

impl MechanismName {
    /// No security.
    pub const NULL: Self = Self::padded(b"NULL");

    /// User name and password, in clear.
    pub const PLAIN: Self = Self::padded(b"PLAIN");

    /// Encryption and authentication with elliptic-curve keys.
    pub const CURVE: Self = Self::padded(b"CURVE");

    /// Encryption and authentication in the XX pattern of the Noise framework: see `docs/noise.md`.
    pub const NOISE_XX: Self = Self::padded(b"NOISE_XX");

    /// Encryption and authentication in the IK pattern of the Noise framework.
    pub const NOISE_IK: Self = Self::padded(b"NOISE_IK");

    /// The name of all mechanisms of the Noise framework in authentication requests.
    pub const NOISE: Self = Self::padded(b"NOISE");

    const SIZE: usize = 20;

    const fn padded(name: &[u8]) -> Self {
        let mut bytes = [0; Self::SIZE];
        bytes.split_at_mut(name.len()).0.copy_from_slice(name);
        Self(bytes)
    }

    /// Makes a name from 1 to 20 bytes without zeros.
    pub fn from_slice(name: &[u8]) -> Option<Self> {
        let fits = (1..=Self::SIZE).contains(&name.len()) && !name.contains(&0);
        fits.then(|| Self::padded(name))
    }

    /// The bytes of the name, without the padding.
    pub fn as_slice(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for MechanismName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Logs and terminals show the names of peers: no control characters.
        self.as_slice().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for MechanismName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MechanismName({self})")
    }
}

/// The last byte of the signature.
const SIGNATURE_END: usize = 9;
const MAJOR: usize = 10;
const MECHANISM: usize = 12;
const AS_SERVER: usize = MECHANISM + MechanismName::SIZE;

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(major: u8, minor: u8) -> Vec<u8> {
        let mut wire =
            [&Greeting::OPENING[..], &Greeting::new(MechanismName::NULL).rest()].concat();
        (wire[10], wire[11]) = (major, minor);
        wire
    }

    #[test]
    fn mechanism_name_has_1_to_20_bytes() {
        assert_eq!(MechanismName::from_slice(b"CURVE"), Some(MechanismName::CURVE));
        let longest = MechanismName::from_slice(&[b'x'; 20]).unwrap();
        assert_eq!(longest.as_slice(), [b'x'; 20]);
        for none in [&b""[..], b"a\0", &[b'x'; 21]] {
            assert_eq!(MechanismName::from_slice(none), None);
        }
    }

    #[test]
    fn lower_version_is_negotiated() {
        let negotiated = |major, minor| {
            Greeting::decode(&greeting(major, minor)).unwrap().unwrap().negotiated_version()
        };
        assert_eq!(negotiated(3, 0), (3, 0));
        assert_eq!(negotiated(3, 1), (3, 1));
        assert_eq!(negotiated(3, 7), (3, 1));
        assert_eq!(negotiated(4, 0), (3, 1));
        assert_eq!(negotiated(255, 255), (3, 1));
    }

    #[test]
    fn padding_role_and_filler_are_ignored() {
        let mut wire = greeting(3, 1);
        wire[1..9].fill(0xaa);
        wire[9] = 0x01;
        wire[32..].fill(0xff);
        let greeting = Greeting::decode(&wire).unwrap().unwrap();
        assert_eq!(greeting.mechanism(), MechanismName::NULL);
    }

    #[test]
    fn other_protocols_are_detected_early() {
        assert_eq!(Greeting::decode(b"GET /"), Err(UnsupportedVersion::NotZmtp(b'G')));
        let long_identity = [0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(Greeting::decode(&long_identity), Err(UnsupportedVersion::Unversioned(0)));
        for major in 0..3 {
            let opening = &greeting(major, 0)[..11];
            assert_eq!(Greeting::decode(opening), Err(UnsupportedVersion::TooOld(major)));
        }
    }

    #[test]
    fn partial_greeting_needs_more_input() {
        let wire = greeting(3, 1);
        for len in 0..Greeting::SIZE {
            assert_eq!(Greeting::decode(&wire[..len]), Ok(None));
            assert_eq!(Greeting::check_opening(&wire[..len]), Ok(len > 10));
        }
    }

    #[test]
    fn mechanism_name_is_escaped_on_display() {
        let mut wire = greeting(3, 1);
        wire[12..32].fill(0x1b);
        let name = Greeting::decode(&wire).unwrap().unwrap().mechanism();
        assert_eq!(name.to_string(), r"\x1b".repeat(20));
    }
}
