//! Doors into private parts, for the fuzz targets in `tests/fuzz`. Nobody else may count on them.

use crate::pattern::SubscriptionTrie;

/// A trie of subscriptions, with numbers for subscribers.
#[derive(Debug)]
pub struct Subscriptions(SubscriptionTrie<u8>);

impl Subscriptions {
    /// Makes one without subscriptions.
    #[expect(clippy::new_without_default, reason = "for fuzzing alone")]
    pub fn new() -> Self {
        Self(SubscriptionTrie::new())
    }

    /// Says whether the subscription is new, and the first to its topic.
    pub fn subscribe(&mut self, topic: &[u8], subscriber: u8) -> (bool, bool) {
        let change = self.0.subscribe(topic, subscriber);
        (change.for_key, change.for_topic)
    }

    /// Says whether there was such a subscription, and whether it was the last to its topic.
    pub fn cancel(&mut self, topic: &[u8], subscriber: u8) -> (bool, bool) {
        let change = self.0.cancel(topic, subscriber);
        (change.for_key, change.for_topic)
    }

    /// Says which topics were the subscriber's alone.
    pub fn remove(&mut self, subscriber: u8) -> Vec<Vec<u8>> {
        let mut topics = Vec::new();
        while self.0.remove_some(subscriber, false, |topic| topics.push(topic.to_vec())) {}
        topics
    }

    /// The subscribers that a message matches.
    pub fn matches(&mut self, message: &[u8]) -> Vec<u8> {
        let mut subscribers = Vec::new();
        self.0.matches(message, &mut subscribers);
        subscribers
    }

    /// How many different topics there are.
    pub fn topics(&self) -> usize {
        self.0.len()
    }
}
