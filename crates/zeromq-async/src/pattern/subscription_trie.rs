//! Who has subscribed to which topics: a radix trie of prefixes (29/PUBSUB).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use edge::{Beginning, Place, STRIDE, Spot};
use edges::{Edges, Target};
use found::Found;
use node::{Label, Node};
use paths::End;

mod edge;
mod edges;
mod found;
mod node;
mod paths;
#[cfg(test)]
mod tests;

/// Subscriptions of many subscribers, each to a set of topics; a topic matches every message that
/// begins with it.
///
/// A walk passes eight bytes at a look, or as few as the topics end with that are there, and all
/// looks are into one table: to a topic among a million lead a look or two that no cache answers.
/// A topic that ends with an edge and has one subscriber, as most do, is nothing but that.
///
/// Nodes live in an arena, and every walk is a loop: how deep the trie goes is for remote peers to
/// choose, and no topic costs more looks than it has bytes. A node with subscribers keeps its
/// number for as long as it has one, so subscribers can remember their nodes, and what a
/// subscriber does costs no more for there being others.
#[derive(Debug)]
pub(crate) struct SubscriptionTrie<K> {
    nodes: Vec<Node>,
    free_nodes: Vec<u32>,
    edges: Edges,
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
            edges: Edges::new(),
            subscribers: Vec::new(),
            free_subscribers: Vec::new(),
            by_key: HashMap::new(),
            topics: 0,
            round: 0,
        }
    }

    /// Adds `topic` to the subscriptions of `key`.
    pub(crate) fn subscribe(&mut self, topic: &[u8], key: K) -> Change {
        let subscriber = self.subscriber(key);
        let node = match self.reach(topic) {
            End::Node(node) => node,
            End::Alone(_, other) if other == subscriber => return Change::default(),
            End::Alone(edge, other) => self.unfold(edge, other),
            End::Nothing(edge) => {
                self.edges.set(edge, Target::Alone(subscriber));
                self.nodes[edge.parent() as usize].add_child(&edge);
                self.subscribers[subscriber as usize].places.insert(Place::edge(edge), 0);
                self.topics += 1;
                return Change { for_key: true, for_topic: true };
            }
        };
        let keys = &mut self.nodes[node as usize].keys;
        let Entry::Vacant(entry) =
            self.subscribers[subscriber as usize].places.entry(Place::node(node))
        else {
            return Change::default();
        };
        entry.insert(keys.len());
        keys.push(subscriber);
        let for_topic = keys.len() == 1;
        self.topics += usize::from(for_topic);
        Change { for_key: true, for_topic }
    }

    /// Takes `topic` from the subscriptions of `key`, if it is one.
    pub(crate) fn cancel(&mut self, topic: &[u8], key: K) -> Change {
        let Some(&subscriber) = self.by_key.get(&key) else {
            return Change::default();
        };
        let Some(place) = self.find(topic) else {
            return Change::default();
        };
        let places = &mut self.subscribers[subscriber as usize].places;
        let Some(index) = places.remove(&place) else {
            return Change::default();
        };
        if places.is_empty() {
            self.forget(key, subscriber);
        }
        let for_topic = self.vacate(place, index);
        self.prune(place);
        Change { for_key: true, for_topic }
    }

    /// Takes away some subscriptions of `key`, and says whether there are more. Tells `on_topic` of
    /// each, or of those that were its alone.
    pub(crate) fn remove_some(
        &mut self,
        key: K,
        each: bool,
        mut on_topic: impl FnMut(&[u8]),
    ) -> bool {
        let Some(&subscriber) = self.by_key.get(&key) else {
            return false;
        };
        let places = &self.subscribers[subscriber as usize].places;
        let some: Vec<_> =
            places.iter().take(SOME).map(|(place, index)| (*place, *index)).collect();
        for (place, index) in some {
            self.subscribers[subscriber as usize].places.remove(&place);
            let was_last = self.vacate(place, index);
            if was_last || each {
                on_topic(&self.topic(place));
            }
            if was_last {
                self.prune(place);
            }
        }
        let is_done = self.subscribers[subscriber as usize].places.is_empty();
        if is_done {
            self.forget(key, subscriber);
        }
        !is_done
    }

    /// Adds to `keys` those with a subscription that a message with this first frame matches, each
    /// once.
    pub(crate) fn matches(&mut self, topic: &[u8], keys: &mut Vec<K>) {
        self.round += 1;
        let Self { nodes, edges, subscribers, round, .. } = self;
        let mut found = Found::new(subscribers, *round, keys);
        let (mut index, mut rest) = (ROOT, topic);
        loop {
            let node = &nodes[index as usize];
            found.add_all(node.keys.as_slice());
            if node.lengths.is_empty() {
                return;
            }
            let beginning = Beginning::of(rest);
            let mut below = None;
            for len in node.lengths.up_to(beginning.len()) {
                match edges.get(&beginning.edge(index, len)) {
                    Some(Target::Alone(subscriber)) => found.add(subscriber),
                    Some(Target::Node(child)) if len < STRIDE => {
                        found.add_all(nodes[child as usize].keys.as_slice());
                    }
                    Some(Target::Node(child)) => below = Some(child),
                    None => {}
                }
            }
            let Some(child) = below else { return };
            let Some(after) = rest.strip_prefix(nodes[child as usize].label.as_slice()) else {
                return;
            };
            (index, rest) = (child, after);
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
        let places = subscriber.into_iter().flat_map(|subscriber| subscriber.places.keys());
        places.map(|&place| self.topic(place))
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

    /// Takes a subscriber from its place; says whether it was the last.
    fn vacate(&mut self, place: Place, index: u32) -> bool {
        let was_last = match place.spot() {
            Spot::Edge(edge) => {
                self.edges.unset(&edge);
                self.nodes[edge.parent() as usize].remove_child(&edge);
                true
            }
            Spot::Node(node) => {
                let keys = &mut self.nodes[node as usize].keys;
                if let Some(moved) = keys.swap_remove(index) {
                    self.subscribers[moved as usize].places.insert(place, index);
                }
                keys.len() == 0
            }
        };
        self.topics -= usize::from(was_last);
        was_last
    }

    fn topic(&self, place: Place) -> Vec<u8> {
        let spot = place.spot();
        let (mut node, last) = match &spot {
            Spot::Edge(edge) => (edge.parent(), edge.bytes()),
            Spot::Node(node) => (*node, &[][..]),
        };
        let mut labels = vec![last];
        while node != ROOT {
            labels.push(self.label(node));
            node = self.nodes[node as usize].parent;
        }
        labels.reverse();
        labels.concat()
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
    /// Where its topics are, and where among the `keys` of each it is.
    places: HashMap<Place, u32>,
}

/// Stores in an arena, and says where.
fn store<T>(arena: &mut Vec<T>, free: &mut Vec<u32>, value: T) -> u32 {
    if let Some(index) = free.pop() {
        arena[index as usize] = value;
        return index;
    }
    arena.push(value);
    let index = u32::try_from(arena.len() - 1).ok().filter(|&index| index < MOST);
    index.expect("memory ends before 2^31 nodes do")
}

const ROOT: u32 = 0;

/// How many subscriptions are taken away together: a fraction of a millisecond's work.
const SOME: usize = if cfg!(test) { 8 } else { 512 };

/// What is in an arena, at most: an edge and its target have one more bit each.
const MOST: u32 = (1 << 31) - 1;

/// Bytes of the longest label; a longer prefix is a chain of nodes. It bounds what is copied when a
/// short topic splits a long label, or is cancelled and leaves two halves to join.
const MAX_LABEL: usize = if cfg!(test) { 16 } else { 4096 };
