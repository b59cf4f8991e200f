//! The way to a topic: found, made, and taken away again when nobody needs it.

use std::hash::Hash;

use super::edge::{Edge, Place, STRIDE, Spot};
use super::edges::{Edges, Target};
use super::node::{Label, Node};
use super::{MAX_LABEL, ROOT, SubscriptionTrie, store};

/// Where the way to a topic ends.
pub(super) enum End {
    Node(u32),
    /// At this subscriber.
    Alone(Edge, u32),
    /// Where nothing is as yet.
    Nothing(Edge),
}

impl<K: Copy + Eq + Hash> SubscriptionTrie<K> {
    pub(super) fn label(&self, node: u32) -> &[u8] {
        self.nodes[node as usize].label.as_slice()
    }

    /// Where a topic is, or would be if it were one; not if there is no way to it.
    pub(super) fn find(&self, topic: &[u8]) -> Option<Place> {
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

    /// Makes the way to a topic. Its end is for the caller to fill.
    pub(super) fn reach(&mut self, topic: &[u8]) -> End {
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

    /// Makes a node of an edge with a subscriber.
    pub(super) fn unfold(&mut self, edge: Edge, subscriber: u32) -> u32 {
        let mut node = Node::new(edge.parent(), Label::new(edge.bytes()));
        node.keys.push(subscriber);
        let node = store(&mut self.nodes, &mut self.free_nodes, node);
        self.edges.set(edge, Target::Node(node));
        let places = &mut self.subscribers[subscriber as usize].places;
        places.remove(&Place::edge(edge));
        places.insert(Place::node(node), 0);
        node
    }

    /// Puts a node above this one that takes over so many bytes of its label: whole strides.
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

    /// Takes away what no topic needs any more, from here upwards.
    pub(super) fn prune(&mut self, from: Place) {
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
            self.edges = Edges::new();
        }
    }

    /// Has the only child of this node take its place, if that can be.
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

/// Room that an empty trie keeps.
const FEW_NODES: usize = 64;
