//! The sub-protocols of 45/ZWS.

use std::fmt;

use crate::wire::MechanismName;

/// A WebSocket sub-protocol of 45/ZWS: which bytes follow the upgrade.
///
/// ```
/// use zmtp_codec::framing::zws::Profile;
/// use zmtp_codec::wire::MechanismName;
///
/// assert_eq!(Profile::Bare.to_string(), "ZWS2.0");
/// assert_eq!(Profile::Mechanism(MechanismName::CURVE).to_string(), "ZWS2.0/CURVE");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// `ZWS2.0`: each side sends its routing id, then messages. There is no security, and neither side
    /// learns the other's socket type.
    ///
    /// A browser can offer no other name, because the others have a slash.
    Bare,
    /// `ZWS2.0/NULL` and so on: the handshake of a security mechanism, then messages.
    Mechanism(MechanismName),
}

impl Profile {
    /// The profiles that a client with this mechanism offers, in the order of preference of libzmq. None
    /// if a header cannot hold the name of the mechanism, or it encrypts no frames.
    pub(super) fn offered_with(mechanism: MechanismName) -> Vec<Self> {
        if [MechanismName::NOISE_IK, MechanismName::NOISE_XX].contains(&mechanism) {
            // NOISE encrypts a stream of bytes, and its prologue has both greetings.
            return Vec::new();
        }
        let mut offered = vec![Self::Mechanism(mechanism)];
        if mechanism == MechanismName::NULL {
            offered.push(Self::Bare);
        }
        offered.retain(|profile| profile.fits_header());
        offered
    }

    /// The profile of the first of these names that suits the mechanism.
    pub(super) fn find_in<'a>(
        mut names: impl Iterator<Item = &'a [u8]>,
        mechanism: MechanismName,
    ) -> Option<Self> {
        let ours = Self::offered_with(mechanism);
        let ours: Vec<_> = ours.iter().map(|profile| (profile.to_string(), *profile)).collect();
        names.find_map(|name| {
            let (_, profile) = ours.iter().find(|(ours, _)| ours.as_bytes() == name)?;
            Some(*profile)
        })
    }

    /// Whether a socket with this mechanism speaks the profile.
    pub(super) fn suits(self, mechanism: MechanismName) -> bool {
        Self::offered_with(mechanism).contains(&self)
    }

    /// Whether a list in a header can hold the name.
    fn fits_header(self) -> bool {
        match self {
            Self::Bare => true,
            Self::Mechanism(mechanism) => {
                mechanism.as_slice().iter().all(|&byte| byte.is_ascii_graphic() && byte != b',')
            }
        }
    }
}

/// The name in `Sec-WebSocket-Protocol`.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare => f.write_str("ZWS2.0"),
            Self::Mechanism(mechanism) => write!(f, "ZWS2.0/{mechanism}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_null_has_the_bare_profile() {
        let offered = |mechanism| {
            let offered = Profile::offered_with(mechanism);
            offered.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(offered(MechanismName::NULL), ["ZWS2.0/NULL", "ZWS2.0"]);
        assert_eq!(offered(MechanismName::PLAIN), ["ZWS2.0/PLAIN"]);
        assert_eq!(offered(MechanismName::CURVE), ["ZWS2.0/CURVE"]);
        assert_eq!(offered(MechanismName::NOISE_IK), Vec::<String>::new());
        let odd = MechanismName::from_slice(b"A,\x01").unwrap();
        assert_eq!(offered(odd), Vec::<String>::new());
    }

    #[test]
    fn profile_is_found_if_it_suits() {
        let find = |name: &[u8], mechanism| Profile::find_in([name].into_iter(), mechanism);
        assert_eq!(find(b"ZWS2.0", MechanismName::NULL), Some(Profile::Bare));
        for (name, mechanism) in [
            (&b"ZWS2.0"[..], MechanismName::CURVE),
            (b"ZWS2.0/NULL", MechanismName::PLAIN),
            (b"zws2.0", MechanismName::NULL),
            (b"", MechanismName::NULL),
        ] {
            assert_eq!(find(name, mechanism), None);
        }
    }
}
