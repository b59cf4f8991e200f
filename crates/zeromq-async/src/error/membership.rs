//! Errors of joining and leaving groups.

use zmtp::{Group, GroupError};

use super::Unsupported;

/// A DISH could not join or leave a group.
///
/// ```
/// use zeromq_async::{DishSocket, MembershipError};
///
/// let dish = DishSocket::new();
/// dish.join("news")?;
/// assert!(matches!(dish.join("news"), Err(MembershipError::AlreadyJoined(_))));
/// assert!(matches!(dish.leave("sport"), Err(MembershipError::NotJoined(_))));
/// # Ok::<(), MembershipError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// It is in the group already (libzmq's `EINVAL`).
    #[error("the socket has joined the group \"{0}\" already")]
    AlreadyJoined(Group),
    /// It is not in the group (libzmq's `EINVAL`).
    #[error("the socket has not joined the group \"{0}\"")]
    NotJoined(Group),
    /// The text is no name of a group.
    #[error(transparent)]
    InvalidGroup(#[from] GroupError),
    /// The type of this [`AnySocket`](crate::AnySocket) has no groups.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}
