//! The routing id of a peer of a SERVER or a PEER.

use std::fmt;
use std::num::NonZeroU32;

use zmtp::Frame;

/// The routing id by which a SERVER or a PEER addresses a peer (41/CLISRV, 51/P2P).
///
/// It is a number that is never 0, and is not on the wire. The socket gives each peer the next one,
/// from a random one on. A peer that the socket connects to keeps its id over all connections; a peer
/// that connected and comes again has another.
///
/// ```
/// use zeromq_async::RouteId;
///
/// let id = RouteId::new(7).unwrap();
/// assert_eq!((id.get(), id.to_string()), (7, "7".to_owned()));
/// assert_eq!(RouteId::new(0), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(NonZeroU32);

impl RouteId {
    /// The id of this number (`zmq_msg_set_routing_id`). `None` for 0.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number (`zmq_msg_routing_id`).
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// As the label of a peer.
    pub(crate) fn to_label(self) -> Frame {
        Frame::from(self.get().to_be_bytes())
    }

    /// From the label of a peer.
    pub(crate) fn from_label(label: &[u8]) -> Option<Self> {
        Self::new(u32::from_be_bytes(label.try_into().ok()?))
    }
}

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
