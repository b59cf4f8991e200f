//! Who has subscribed to which topics: a radix trie of prefixes (29/PUBSUB).

use std::collections::HashMap;
use std::hash::Hash;

use node::{Label, Node};

mod node;
#[cfg(test)]
mod tests;

/// Subscriptions of many subscribers, each to a set of topics; a topic matches every message that
/// begins with it.
///
/// Nodes live in an arena, and every walk is a loop: how deep the trie goes is for remote peers to
/// choose. A node with subscribers keeps its place for as long as it has one, so subscribers can
/// remember their nodes, and what a subscriber does costs no more for there being others.
#[derive(Debug)]
pub(crate) struct SubscriptionTrie<K> {
    nodes: Vec<Node>,
    free_nodes: Vec<u32>,
    subscribers: Vec<Subscriber<K>>,
    free_subscribers: Vec<u32>,
    by_key: HashMap<K, u32>,
    topics: usize,
    /// The number of the last match; what the marks of subscribers are compared with.
    round: u64,
}

/// What a request has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether the subscriber has one subscription more, or less.
    pub(crate) for_key: bool,
    /// Whether it is the first to the topic, or was the last.
    pub(crate) for_topic: bool,
}

impl<K: Copy + Eq + Hash> SubscriptionTrie<K> {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new(ROOT, Label::new(&[]))],
            free_nodes: Vec::new(),
            subscribers: Vec::new(),
            free_subscribers: Vec::new(),
            by_key: HashMap::new(),
            topics: 0,
            round: 0,
        }
    }

    /// Adds `topic` to the subscriptions of `key`.
    pub(crate) fn subscribe(&mut self, topic: &[u8], key: K) -> Change {
        let node = self.find_or_insert(topic);
        let subscriber = self.subscriber(key);
        let keys = &mut self.nodes[node as usize].keys;
        let places = &mut self.subscribers[subscriber as usize].places;
        if places.contains_key(&node) {
            return Change::default();
        }
        places.insert(node, keys.as_slice().len());
        keys.push(subscriber);
        let for_topic = keys.as_slice().len() == 1;
        self.topics += usize::from(for_topic);
        Change { for_key: true, for_topic }
    }

    /// Takes `topic` from the subscriptions of `key`, if it is one.
    pub(crate) fn cancel(&mut self, topic: &[u8], key: K) -> Change {
        let Some(&subscriber) = self.by_key.get(&key) else {
            return Change::default();
        };
        let Some(node) = self.find(topic) else {
            return Change::default();
        };
        let places = &mut self.subscribers[subscriber as usize].places;
        let Some(place) = places.remove(&node) else {
            return Change::default();
        };
        if places.is_empty() {
            self.forget(key, subscriber);
        }
        let for_topic = self.vacate(node, place);
        self.prune(node);
        Change { for_key: true, for_topic }
    }

    /// Takes away all subscriptions of `key`, and tells `on_last` which topics were its alone.
    pub(crate) fn remove(&mut self, key: K, on_last: impl FnMut(&[u8])) {
        self.remove_told(key, false, on_last);
    }

    /// The same, and tells `on_each` of every topic, whoever else is subscribed to it.
    pub(crate) fn remove_each(&mut self, key: K, on_each: impl FnMut(&[u8])) {
        self.remove_told(key, true, on_each);
    }

    fn remove_told(&mut self, key: K, each: bool, mut on_topic: impl FnMut(&[u8])) {
        let Some(&subscriber) = self.by_key.get(&key) else {
            return;
        };
        for (node, place) in std::mem::take(&mut self.subscribers[subscriber as usize].places) {
            let was_last = self.vacate(node, place);
            if was_last || each {
                on_topic(&self.topic(node));
            }
            if was_last {
                self.prune(node);
            }
        }
        self.forget(key, subscriber);
    }

    /// Adds to `keys` those with a subscription that a message with this first frame matches, each
    /// once.
    pub(crate) fn matches(&mut self, topic: &[u8], keys: &mut Vec<K>) {
        self.round += 1;
        let (subscribers, round) = (&mut self.subscribers, self.round);
        // Most messages match at one node, where nobody can be twice: marks are for the others.
        let (before, mut unmarked) = (keys.len(), &[][..]);
        let mut node = &self.nodes[ROOT as usize];
        let mut rest = topic;
        loop {
            let here = node.keys.as_slice();
            if keys.len() == before {
                keys.extend(here.iter().map(|&index| subscribers[index as usize].key));
                unmarked = here;
            } else if !here.is_empty() {
                for &index in std::mem::take(&mut unmarked) {
                    subscribers[index as usize].mark = round;
                }
                for &index in here {
                    let subscriber = &mut subscribers[index as usize];
                    if subscriber.mark != round {
                        subscriber.mark = round;
                        keys.push(subscriber.key);
                    }
                }
            }
            let Some(child) = rest.first().and_then(|&octet| node.children.get(octet)) else {
                return;
            };
            node = &self.nodes[child as usize];
            let Some(after) = rest.strip_prefix(node.label.as_slice()) else {
                return;
            };
            rest = after;
        }
    }

    /// How many different topics there are.
    pub(crate) fn len(&self) -> usize {
        self.topics
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.topics == 0
    }

    /// The subscriptions of `key`, in no order.
    #[cfg(test)]
    pub(crate) fn topics_of(&self, key: K) -> impl Iterator<Item = Vec<u8>> {
        let subscriber = self.by_key.get(&key).map(|&index| &self.subscribers[index as usize]);
        let nodes = subscriber.into_iter().flat_map(|subscriber| subscriber.places.keys());
        nodes.map(|&node| self.topic(node))
    }

    fn subscriber(&mut self, key: K) -> u32 {
        *self.by_key.entry(key).or_insert_with(|| {
            let subscriber = Subscriber { key, mark: 0, places: HashMap::new() };
            store(&mut self.subscribers, &mut self.free_subscribers, subscriber)
        })
    }

    /// Lets go of a subscriber without subscriptions.
    fn forget(&mut self, key: K, subscriber: u32) {
        self.by_key.remove(&key);
        self.subscribers[subscriber as usize].places = HashMap::new();
        self.free_subscribers.push(subscriber);
    }

    /// Takes the subscriber at `place` from the node; says whether it was the last.
    fn vacate(&mut self, node: u32, place: usize) -> bool {
        let keys = &mut self.nodes[node as usize].keys;
        if let Some(moved) = keys.swap_remove(place) {
            self.subscribers[moved as usize].places.insert(node, place);
        }
        let was_last = keys.as_slice().is_empty();
        self.topics -= usize::from(was_last);
        was_last
    }

    fn topic(&self, mut node: u32) -> Vec<u8> {
        let mut labels = Vec::new();
        while node != ROOT {
            labels.push(self.nodes[node as usize].label.as_slice());
            node = self.nodes[node as usize].parent;
        }
        labels.reverse();
        labels.concat()
    }

    fn find(&self, topic: &[u8]) -> Option<u32> {
        let (mut node, mut rest) = (ROOT, topic);
        while let Some(&octet) = rest.first() {
            node = self.nodes[node as usize].children.get(octet)?;
            rest = rest.strip_prefix(self.nodes[node as usize].label.as_slice())?;
        }
        Some(node)
    }

    fn find_or_insert(&mut self, topic: &[u8]) -> u32 {
        let (mut node, mut rest) = (ROOT, topic);
        while let Some(&octet) = rest.first() {
            let Some(child) = self.nodes[node as usize].children.get(octet) else {
                let labels = rest.chunks(MAX_LABEL).map(Label::new);
                return labels.fold(node, |node, label| self.add(node, label));
            };
            let label = self.nodes[child as usize].label.as_slice();
            let common = label.iter().zip(rest).take_while(|(ours, theirs)| ours == theirs).count();
            node = if common == label.len() { child } else { self.split(child, common) };
            rest = &rest[common..];
        }
        node
    }

    fn add(&mut self, parent: u32, label: Label) -> u32 {
        let octet = label.as_slice()[0];
        let node = store(&mut self.nodes, &mut self.free_nodes, Node::new(parent, label));
        self.nodes[parent as usize].children.set(octet, node);
        node
    }

    /// Puts a node above this one that takes over the first `at` octets of its label.
    fn split(&mut self, node: u32, at: usize) -> u32 {
        let Node { parent, label, .. } = &self.nodes[node as usize];
        let (upper, lower) = label.as_slice().split_at(at);
        let (octet, upper, lower) = (lower[0], Label::new(upper), Label::new(lower));
        let above = self.add(*parent, upper);
        self.nodes[above as usize].children.set(octet, node);
        self.nodes[node as usize].label = lower;
        self.nodes[node as usize].parent = above;
        above
    }

    /// Takes away what no topic needs any more, from `node` upwards.
    fn prune(&mut self, mut node: u32) {
        while node != ROOT {
            let Node { parent, label, keys, children } = &self.nodes[node as usize];
            let (parent, octet) = (*parent, label.as_slice()[0]);
            if !keys.as_slice().is_empty() {
                return;
            }
            match children.first_two() {
                [None, _] => self.nodes[parent as usize].children.unset(octet),
                [Some(child), None] => {
                    let lower = self.nodes[child as usize].label.as_slice();
                    if label.as_slice().len() + lower.len() > MAX_LABEL {
                        return;
                    }
                    let whole = Label::new(&[label.as_slice(), lower].concat());
                    self.nodes[child as usize].label = whole;
                    self.nodes[child as usize].parent = parent;
                    self.nodes[parent as usize].children.set(octet, child);
                }
                [Some(_), Some(_)] => return,
            }
            self.nodes[node as usize] = Node::new(ROOT, Label::new(&[]));
            self.free_nodes.push(node);
            node = parent;
        }
        if self.topics == 0 {
            self.nodes.truncate(1);
            self.nodes.shrink_to(FEW_NODES);
            self.free_nodes = Vec::new();
        }
    }
}

impl<K: Copy + Eq + Hash> Default for SubscriptionTrie<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
struct Subscriber<K> {
    key: K,
    /// The last match that found it.
    mark: u64,
    /// Its nodes, and where in the `keys` of each it is.
    places: HashMap<u32, usize>,
}

/// Stores in an arena, and says where.
fn store<T>(arena: &mut Vec<T>, free: &mut Vec<u32>, value: T) -> u32 {
    if let Some(index) = free.pop() {
        arena[index as usize] = value;
        return index;
    }
    arena.push(value);
    u32::try_from(arena.len() - 1).expect("memory ends before 2^32 nodes do")
}

const ROOT: u32 = 0;

/// Octets of the longest label; a longer prefix is a chain of nodes. It bounds what is copied when a
/// short topic splits a long label, or is cancelled and leaves two halves to join.
const MAX_LABEL: usize = if cfg!(test) { 4 } else { 4096 };

/// Room that an empty trie keeps.
const FEW_NODES: usize = 64;
