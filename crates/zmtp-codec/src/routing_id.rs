//! Routing ids: the names by which a ROUTER addresses its peers.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// A routing id that a user chose: 1 to 255 bytes, not starting with zero.
///
/// A socket that announces one keeps its name at a ROUTER across reconnections. A ROUTER generates
/// ids that start with zero for peers without one.
///
/// ```
/// use zmtp_codec::{RoutingId, RoutingIdError};
///
/// let id = RoutingId::new("worker-1")?;
/// assert_eq!(&id[..], b"worker-1");
/// assert_eq!(RoutingId::new(vec![b'x'; 256]), Err(RoutingIdError::TooLong(256)));
/// # Ok::<_, RoutingIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoutingId(Bytes);

/// The bytes cannot be a routing id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoutingIdError {
    /// It has no bytes.
    #[error("a routing id has at least 1 byte")]
    Empty,
    /// It has more than 255 bytes.
    #[error("a routing id has at most 255 bytes, not {0}")]
    TooLong(usize),
    /// It starts with zero, which is reserved for generated ids.
    #[error("a routing id may not start with a zero byte")]
    LeadingZero,
}

impl RoutingId {
    /// The most bytes a routing id can have.
    pub const MAX: usize = 255;

    /// Makes a routing id from its bytes.
    ///
    /// # Errors
    ///
    /// If there are no bytes, more than [`MAX`](Self::MAX), or the first is zero.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, RoutingIdError> {
        let bytes = bytes.into();
        match bytes.first() {
            None => Err(RoutingIdError::Empty),
            Some(_) if bytes.len() > Self::MAX => Err(RoutingIdError::TooLong(bytes.len())),
            Some(0) => Err(RoutingIdError::LeadingZero),
            Some(_) => Ok(Self(bytes)),
        }
    }

    /// The bytes of the id.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for RoutingId {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for RoutingId {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl TryFrom<&[u8]> for RoutingId {
    type Error = RoutingIdError;

    fn try_from(bytes: &[u8]) -> Result<Self, RoutingIdError> {
        Self::new(Bytes::copy_from_slice(bytes))
    }
}

impl TryFrom<&str> for RoutingId {
    type Error = RoutingIdError;

    fn try_from(text: &str) -> Result<Self, RoutingIdError> {
        Self::try_from(text.as_bytes())
    }
}

impl From<RoutingId> for Bytes {
    fn from(id: RoutingId) -> Self {
        id.0
    }
}

impl fmt::Debug for RoutingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoutingId({self})")
    }
}

impl fmt::Display for RoutingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.escape_ascii().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_routing_ids_are_rejected() {
        assert_eq!(RoutingId::new(""), Err(RoutingIdError::Empty));
        assert_eq!(RoutingId::try_from("\0a"), Err(RoutingIdError::LeadingZero));
        assert!(RoutingId::new(vec![1; 255]).is_ok());
        assert_eq!(RoutingId::new(vec![0; 256]), Err(RoutingIdError::TooLong(256)));
        assert_eq!(RoutingId::try_from("a\n").unwrap().to_string(), r"a\n");
    }
}
