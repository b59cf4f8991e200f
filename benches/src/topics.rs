//! Any number of topics, and messages with them.

use crate::order::Order;

/// The topics of an order. All have the same length, and none is a prefix of another.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    count: u64,
    in_use: u64,
    /// The index of the next topic in use.
    next: u64,
    message: Vec<u8>,
}

impl Topics {
    pub(crate) fn new(order: &Order) -> Self {
        let mut message = order.bytes();
        message.resize(order.size.max(LENGTH), 0);
        let count = order.topics.max(1);
        let in_use = order.topics_in_use.clamp(1, count);
        Self { count: count as u64, in_use: in_use as u64, next: 0, message }
    }

    /// All topics.
    pub(crate) fn all(&self) -> impl Iterator<Item = [u8; LENGTH]> + use<> {
        (0..self.count).map(topic)
    }

    /// A message with the next topic in use. The topics in use are spread over all topics. The
    /// order is pseudo-random, so that caches and branch predictors do not help.
    #[inline]
    pub(crate) fn message(&mut self) -> &[u8] {
        self.next = (self.next + STEP) % self.in_use;
        let number = self.next * (self.count / self.in_use);
        self.message[..LENGTH].copy_from_slice(&topic(number));
        &self.message
    }
}

fn topic(number: u64) -> [u8; LENGTH] {
    let mut topic = *PREFIX;
    let mut rest = number;
    for digit in topic[FIRST_DIGIT..LENGTH - 1].iter_mut().rev() {
        *digit = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
    }
    topic
}

const PREFIX: &[u8; LENGTH] = b"topic/0000000/";
const FIRST_DIGIT: usize = 6;
const LENGTH: usize = 14;

/// A prime, so that the sequence visits all topics.
const STEP: u64 = 611_953;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::order::Role;

    fn topics(count: usize, in_use: usize) -> Topics {
        let mut order = Order::new(Role::XPub, "");
        (order.topics, order.topics_in_use) = (count, in_use);
        Topics::new(&order)
    }

    #[test]
    fn every_topic_in_use_is_published() {
        for (count, in_use) in [(1, 1), (1000, 1000), (1_000_000, 1000)] {
            let mut topics = topics(count, in_use);
            let all: HashSet<[u8; LENGTH]> = topics.all().collect();
            let published: HashSet<[u8; LENGTH]> =
                (0..in_use).map(|_| *topics.message().first_chunk().unwrap()).collect();
            assert_eq!((all.len(), published.len()), (count, in_use));
            assert!(published.is_subset(&all));
        }
    }

    #[test]
    fn message_size_follows_the_order() {
        assert_eq!(topics(1000, 1000).message().len(), 64);
        assert_eq!(topic(1_234_567), *b"topic/1234567/");
    }
}
