//! Those whom a message is for, each once.

use super::Subscriber;

#[derive(Debug)]
pub(super) struct Found<'a, K> {
    subscribers: &'a mut [Subscriber<K>],
    /// Which match this is.
    round: u64,
    keys: &'a mut Vec<K>,
    before: usize,
    /// Most messages match at one node, where nobody can be twice: marks are for the others.
    unmarked: &'a [u32],
}

impl<'a, K: Copy> Found<'a, K> {
    pub(super) fn new(
        subscribers: &'a mut [Subscriber<K>],
        round: u64,
        keys: &'a mut Vec<K>,
    ) -> Self {
        Self { subscribers, round, before: keys.len(), keys, unmarked: &[] }
    }

    #[inline]
    pub(super) fn add(&mut self, subscriber: u32) {
        self.mark();
        let subscriber = &mut self.subscribers[subscriber as usize];
        if subscriber.mark != self.round {
            subscriber.mark = self.round;
            self.keys.push(subscriber.key);
        }
    }

    #[inline]
    pub(super) fn add_all(&mut self, here: &'a [u32]) {
        if self.keys.len() == self.before {
            self.keys.extend(here.iter().map(|&index| self.subscribers[index as usize].key));
            self.unmarked = here;
        } else {
            here.iter().for_each(|&subscriber| self.add(subscriber));
        }
    }

    fn mark(&mut self) {
        for &index in std::mem::take(&mut self.unmarked) {
            self.subscribers[index as usize].mark = self.round;
        }
    }
}
