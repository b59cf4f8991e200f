//! Access to private parts for the fuzz targets in `tests/fuzz`. Not part of the public API.

use crate::pattern::SubscriptionTrie;

/// A trie of subscriptions. Subscribers are numbers.
#[derive(Debug)]
pub struct Subscriptions(SubscriptionTrie<u8>);

impl Subscriptions {
    /// Makes an empty trie.
    #[expect(clippy::new_without_default, reason = "for fuzzing only")]
    pub fn new() -> Self {
        Self(SubscriptionTrie::new())
    }

    /// Returns whether the subscription is new, and whether it is the first to its topic.
    pub fn subscribe(&mut self, topic: &[u8], subscriber: u8) -> (bool, bool) {
        let change = self.0.subscribe(topic, subscriber);
        (change.for_key, change.for_topic)
    }

    /// Returns whether there was such a subscription, and whether it was the last to its topic.
    pub fn cancel(&mut self, topic: &[u8], subscriber: u8) -> (bool, bool) {
        let change = self.0.cancel(topic, subscriber);
        (change.for_key, change.for_topic)
    }

    /// Removes a subscriber. Returns the topics that it alone had.
    pub fn remove(&mut self, subscriber: u8) -> Vec<Vec<u8>> {
        let mut topics = Vec::new();
        while self.0.remove_some(subscriber, false, |topic| topics.push(topic.to_vec())) {}
        topics
    }

    /// The subscribers of a message.
    pub fn matches(&mut self, message: &[u8]) -> Vec<u8> {
        let mut subscribers = Vec::new();
        self.0.matches(message, &mut subscribers);
        subscribers
    }

    /// The number of topics.
    pub fn topics(&self) -> usize {
        self.0.len()
    }
}
