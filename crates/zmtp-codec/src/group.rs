//! Groups: what a RADIO sends to and a DISH joins (48/RADIO-DISH).

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

use crate::message::Frame;

/// The name of a group: 0 to 255 bytes, none of them zero (48/RADIO-DISH, "Group").
///
/// ```
/// use zmtp_codec::{Group, GroupError};
///
/// let group = Group::new("weather")?;
/// assert_eq!(&group[..], b"weather");
/// assert_eq!(Group::new("a\0b"), Err(GroupError::Zero));
/// assert_eq!(Group::new(vec![b'x'; 256]), Err(GroupError::TooLong(256)));
/// # Ok::<_, GroupError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(Frame);

/// The bytes cannot be the name of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// It has more than 255 bytes.
    #[error("the name of a group has at most 255 bytes, not {0}")]
    TooLong(usize),
    /// It contains a zero byte.
    #[error("the name of a group contains no zero byte")]
    Zero,
}

impl Group {
    /// The most bytes a name can have.
    pub const MAX: usize = 255;

    /// Makes a group from the bytes of its name.
    ///
    /// # Errors
    ///
    /// If there are more than [`MAX`](Self::MAX) bytes, or one is zero.
    pub fn new(name: impl Into<Frame>) -> Result<Self, GroupError> {
        let name = name.into();
        match name.len() {
            0..=Self::MAX if name.contains(&0) => Err(GroupError::Zero),
            0..=Self::MAX => Ok(Self(name)),
            length => Err(GroupError::TooLong(length)),
        }
    }

    /// The name as a frame.
    pub fn into_frame(self) -> Frame {
        self.0
    }

    /// The bytes of the name.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }
}

impl Deref for Group {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Group {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for Group {
    fn borrow(&self) -> &[u8] {
        self
    }
}

/// As its bytes, which it can be looked up by.
impl Hash for Group {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

impl TryFrom<&[u8]> for Group {
    type Error = GroupError;

    fn try_from(name: &[u8]) -> Result<Self, GroupError> {
        Self::new(Frame::copy_from_slice(name))
    }
}

impl TryFrom<&str> for Group {
    type Error = GroupError;

    fn try_from(name: &str) -> Result<Self, GroupError> {
        Self::try_from(name.as_bytes())
    }
}

impl TryFrom<String> for Group {
    type Error = GroupError;

    fn try_from(name: String) -> Result<Self, GroupError> {
        Self::new(name)
    }
}

impl TryFrom<Frame> for Group {
    type Error = GroupError;

    fn try_from(name: Frame) -> Result<Self, GroupError> {
        Self::new(name)
    }
}

impl From<&Group> for Group {
    fn from(group: &Group) -> Self {
        group.clone()
    }
}

impl From<Group> for Frame {
    fn from(group: Group) -> Self {
        group.0
    }
}

/// For calls that accept text or a [`Group`].
impl From<Infallible> for GroupError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl PartialEq<str> for Group {
    fn eq(&self, other: &str) -> bool {
        self[..] == *other.as_bytes()
    }
}

impl PartialEq<&str> for Group {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({self})")
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.escape_ascii().fmt(f)
    }
}

/// A DISH joins or leaves a group, and tells the RADIOs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// Send messages of this group from now on.
    Join(Group),
    /// Send no more messages of this group.
    Leave(Group),
}

impl Membership {
    /// The group.
    pub fn group(&self) -> &Group {
        match self {
            Self::Join(group) | Self::Leave(group) => group,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn long_and_zero_groups_are_rejected() {
        assert!(Group::new("").is_ok());
        assert!(Group::new(vec![1; 255]).is_ok());
        assert_eq!(Group::new(vec![1; 256]), Err(GroupError::TooLong(256)));
        assert_eq!(Group::try_from("\0"), Err(GroupError::Zero));
        assert_eq!(Group::try_from("a\n").unwrap().to_string(), r"a\n");
    }

    #[test]
    fn groups_are_found_by_their_bytes() {
        let groups = HashSet::from([Group::new("a").unwrap(), Group::new(vec![7; 200]).unwrap()]);
        assert!(groups.contains(&b"a"[..]));
        assert!(groups.contains(&[7; 200][..]));
        assert!(!groups.contains(&b""[..]));
    }
}
