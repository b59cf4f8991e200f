//! The topics of many subscribers: a radix trie of prefixes (29/PUBSUB).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use edge::{Beginning, Edge, Place, STRIDE, Spot};
use edge_table::{EdgeTable, Target};
use node::{Label, Node};

mod edge;
mod edge_table;
mod node;
#[cfg(test)]
mod tests;

/// Subscriptions of many subscribers, each to a set of topics; a topic matches every message that
/// begins with it.
///
/// An edge is up to eight bytes long, and one lookup in one table finds the node behind it. A match
/// among a million topics makes one or two lookups that miss the cache. A topic that ends with an
/// edge and has one subscriber, as most do, needs no node.
///
/// Nodes live in an arena, and every walk is a loop: remote peers choose how deep the trie is, and no
/// topic costs more lookups than it has bytes. A node with subscribers keeps its number, so
/// subscribers can remember their nodes, and the cost of a change does not depend on other
/// subscribers.
#[derive(Debug)]
pub(crate) struct SubscriptionTrie<K> {
    nodes: Vec<Node>,
    free_nodes: Vec<u32>,
    edges: EdgeTable,
    subscribers: Vec<Subscriber<K>>,
    free_subscribers: Vec<u32>,
    by_key: HashMap<K, u32>,
    topics: usize,
    /// The number of the last match, with which the marks of subscribers are compared.
    round: u64,
}

/// The effect of a subscription or cancellation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether the subscriber has one subscription more or less.
    pub(crate) for_key: bool,
    /// Whether it is the first subscription to the topic, or was the last.
    pub(crate) for_topic: bool,
}

impl<K: Copy + Eq + Hash> SubscriptionTrie<K> {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new(ROOT, Label::new(&[]))],
            free_nodes: Vec::new(),
            edges: EdgeTable::new(),
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

    /// Removes `topic` from the subscriptions of `key`.
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

    /// Removes some subscriptions of `key`, and returns whether there are more. Calls `on_topic` for
    /// each topic if `each`, and otherwise only for topics without other subscribers.
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

    /// Adds the subscribers that a message with this first frame matches to `keys`, each once.
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

    /// Removes a subscriber without subscriptions.
    fn forget(&mut self, key: K, subscriber: u32) {
        self.by_key.remove(&key);
        self.subscribers[subscriber as usize].places = HashMap::new();
        self.free_subscribers.push(subscriber);
    }

    /// Removes a subscriber from a place; returns whether it was the last.
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

/// The end of the path to a topic.
enum End {
    Node(u32),
    /// An edge with this one subscriber.
    Alone(Edge, u32),
    /// An edge that does not exist yet.
    Nothing(Edge),
}

impl<K: Copy + Eq + Hash> SubscriptionTrie<K> {
    fn label(&self, node: u32) -> &[u8] {
        self.nodes[node as usize].label.as_slice()
    }

    /// Finds the place of a topic, whether or not it has subscribers.
    fn find(&self, topic: &[u8]) -> Option<Place> {
        let (mut node, mut rest) = (ROOT, topic);
        while !rest.is_empty() {
            let edge = Edge::new(node, rest);
            match self.edges.get(&edge)? {
                Target::Alone(_) => return (rest.len() <= STRIDE).then(|| Place::edge(edge)),
                Target::Node(child) => {
                    rest = rest.strip_prefix(self.label(child))?;
                    node = child;
                }
            }
        }
        Some(Place::node(node))
    }

    /// Makes the path to a topic. The caller fills its end.
    fn reach(&mut self, topic: &[u8]) -> End {
        let (mut node, mut rest) = (ROOT, topic);
        while !rest.is_empty() {
            let edge = Edge::new(node, rest);
            let child = match self.edges.get(&edge) {
                None if rest.len() <= STRIDE => return End::Nothing(edge),
                Some(Target::Alone(other)) if rest.len() <= STRIDE => {
                    return End::Alone(edge, other);
                }
                None => {
                    let (label, after) = rest.split_at(rest.len().min(MAX_LABEL));
                    (node, rest) = (self.add(edge, label), after);
                    continue;
                }
                Some(Target::Alone(other)) => self.unfold(edge, other),
                Some(Target::Node(child)) => child,
            };
            let label = self.label(child);
            if label == rest {
                return End::Node(child);
            }
            let common = label.iter().zip(rest).take_while(|(ours, theirs)| ours == theirs).count();
            let strides = common - common % STRIDE;
            node = if strides == label.len() { child } else { self.split(child, strides) };
            rest = &rest[strides..];
        }
        End::Node(node)
    }

    fn add(&mut self, edge: Edge, label: &[u8]) -> u32 {
        let node = Node::new(edge.parent(), Label::new(label));
        let node = store(&mut self.nodes, &mut self.free_nodes, node);
        self.nodes[edge.parent() as usize].add_child(&edge);
        self.edges.set(edge, Target::Node(node));
        node
    }

    /// Turns an edge with a subscriber into a node.
    fn unfold(&mut self, edge: Edge, subscriber: u32) -> u32 {
        let mut node = Node::new(edge.parent(), Label::new(edge.bytes()));
        node.keys.push(subscriber);
        let node = store(&mut self.nodes, &mut self.free_nodes, node);
        self.edges.set(edge, Target::Node(node));
        let places = &mut self.subscribers[subscriber as usize].places;
        places.remove(&Place::edge(edge));
        places.insert(Place::node(node), 0);
        node
    }

    /// Puts a node above this one that takes over the first `at` bytes of its label: whole strides.
    fn split(&mut self, node: u32, at: usize) -> u32 {
        let Node { parent, label, .. } = &self.nodes[node as usize];
        let (upper, lower) = label.as_slice().split_at(at);
        let (edge, upper, lower) =
            (Edge::new(*parent, upper), Node::new(*parent, Label::new(upper)), Label::new(lower));
        let above = store(&mut self.nodes, &mut self.free_nodes, upper);
        self.edges.set(edge, Target::Node(above));
        let below = Edge::new(above, lower.as_slice());
        self.nodes[above as usize].add_child(&below);
        self.edges.set(below, Target::Node(node));
        self.nodes[node as usize].label = lower;
        self.nodes[node as usize].parent = above;
        above
    }

    /// Removes the nodes that no topic needs any more, from here upwards.
    fn prune(&mut self, from: Place) {
        let mut node = match from.spot() {
            Spot::Edge(edge) => edge.parent(),
            Spot::Node(node) => node,
        };
        while node != ROOT {
            let Node { parent, label, keys, children, .. } = &self.nodes[node as usize];
            let (parent, edge) = (*parent, Edge::new(*parent, label.as_slice()));
            if keys.len() > 0 {
                return;
            }
            if children.is_none() {
                self.edges.unset(&edge);
                self.nodes[parent as usize].remove_child(&edge);
            } else if !self.join(node, edge) {
                return;
            }
            self.nodes[node as usize] = Node::new(ROOT, Label::new(&[]));
            self.free_nodes.push(node);
            node = parent;
        }
        if self.topics == 0 {
            self.nodes.truncate(1);
            self.nodes.shrink_to(FEW_NODES);
            self.free_nodes = Vec::new();
            self.edges = EdgeTable::new();
        }
    }

    /// Replaces this node by its only child, if it has one and the label is not too long.
    fn join(&mut self, node: u32, edge: Edge) -> bool {
        let Some(below) = self.nodes[node as usize].only_child(node) else {
            return false;
        };
        let Some(Target::Node(child)) = self.edges.get(&below) else {
            return false;
        };
        let (upper, lower) = (self.label(node), self.label(child));
        if upper.len() + lower.len() > MAX_LABEL {
            return false;
        }
        let whole = Label::new(&[upper, lower].concat());
        self.edges.unset(&below);
        self.edges.set(edge, Target::Node(child));
        self.nodes[child as usize].label = whole;
        self.nodes[child as usize].parent = edge.parent();
        true
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
    /// The number of the last match that found it.
    mark: u64,
    /// The places of its topics, and its index among the `keys` of each.
    places: HashMap<Place, u32>,
}

/// The subscribers that a message matches, each once.
#[derive(Debug)]
struct Found<'a, K> {
    subscribers: &'a mut [Subscriber<K>],
    /// The number of this match.
    round: u64,
    keys: &'a mut Vec<K>,
    before: usize,
    /// The subscribers of the first node, not marked yet. Most messages match at one node only, where
    /// no subscriber is twice.
    unmarked: &'a [u32],
}

impl<'a, K: Copy> Found<'a, K> {
    fn new(subscribers: &'a mut [Subscriber<K>], round: u64, keys: &'a mut Vec<K>) -> Self {
        Self { subscribers, round, before: keys.len(), keys, unmarked: &[] }
    }

    #[inline]
    fn add(&mut self, subscriber: u32) {
        self.mark();
        let subscriber = &mut self.subscribers[subscriber as usize];
        if subscriber.mark != self.round {
            subscriber.mark = self.round;
            self.keys.push(subscriber.key);
        }
    }

    #[inline]
    fn add_all(&mut self, here: &'a [u32]) {
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

/// Stores a value in an arena, and returns its index.
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

/// How many subscriptions are removed together: work for a fraction of a millisecond.
const SOME: usize = if cfg!(test) { 8 } else { 512 };

/// The most values in an arena: an edge and its target have one more bit each.
const MOST: u32 = (1 << 31) - 1;

/// Bytes of the longest label; a longer prefix is a chain of nodes. It limits the copying when a short
/// topic splits a long label, or is cancelled and leaves two parts to join.
const MAX_LABEL: usize = if cfg!(test) { 16 } else { 4096 };

/// Room that an empty trie keeps.
const FEW_NODES: usize = 64;
