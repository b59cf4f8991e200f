//! Subscriptions: what a subscriber tells a publisher.

use bytes::Bytes;

/// The start or end of interest in a topic.
///
/// A topic matches a message if the first frame starts with it. The empty topic matches all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Send messages on this topic from now on.
    Subscribe(Bytes),
    /// Stop sending messages on this topic, unless another topic matches them.
    Cancel(Bytes),
}

impl Subscription {
    /// The topic.
    pub fn topic(&self) -> &Bytes {
        match self {
            Self::Subscribe(topic) | Self::Cancel(topic) => topic,
        }
    }
}
