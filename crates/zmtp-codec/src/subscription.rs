//! What a subscriber tells a publisher.

use bytes::Bytes;

/// Interest in a topic, begun or ended.
///
/// A topic matches every message whose first frame starts with it; the empty topic matches all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Send messages on this topic from now on.
    Subscribe(Bytes),
    /// Send none any more, unless another topic matches them.
    Cancel(Bytes),
}

impl Subscription {
    /// The topic it is about.
    pub fn topic(&self) -> &Bytes {
        match self {
            Self::Subscribe(topic) | Self::Cancel(topic) => topic,
        }
    }
}
