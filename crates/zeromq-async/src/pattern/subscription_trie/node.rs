//! A node of the trie: its label, its subscribers, and the edges to its children.

use super::edge::{Edge, STRIDE};

/// One prefix: the labels from the root to here, joined.
#[derive(Debug)]
pub(super) struct Node {
    /// Whole strides, if there are children.
    pub(super) label: Label,
    pub(super) keys: Keys,
    pub(super) children: Option<Box<Children>>,
    /// The lengths of the edges to the children.
    pub(super) lengths: Lengths,
    pub(super) parent: u32,
}

impl Node {
    pub(super) fn new(parent: u32, label: Label) -> Self {
        let (keys, lengths) = (Keys::Several(Vec::new()), Lengths(0));
        Self { label, keys, children: None, lengths, parent }
    }

    pub(super) fn add_child(&mut self, edge: &Edge) {
        let children = self.children.get_or_insert_default();
        children.by_length[edge.len() - 1] += 1;
        children.all ^= edge.bits();
        self.lengths.0 |= 1 << (edge.len() - 1);
    }

    pub(super) fn remove_child(&mut self, edge: &Edge) {
        let Some(children) = &mut self.children else { return };
        let count = &mut children.by_length[edge.len() - 1];
        *count -= 1;
        if *count == 0 {
            self.lengths.0 &= !(1 << (edge.len() - 1));
        }
        children.all ^= edge.bits();
        if self.lengths.0 == 0 {
            self.children = None;
        }
    }

    /// The edge to the only child, if there is exactly one. `node` is the number of this node.
    pub(super) fn only_child(&self, node: u32) -> Option<Edge> {
        let children = self.children.as_ref()?;
        let count: u64 = children.by_length.iter().map(|&count| u64::from(count)).sum();
        let whole = children.by_length[STRIDE - 1] == 1;
        (count == 1).then(|| Edge::from_bits(node, children.all, whole))
    }
}

/// A summary of a node's children, which are found by their edges.
#[derive(Debug, Default)]
pub(super) struct Children {
    by_length: [u32; STRIDE],
    /// The exclusive or of the bits of all edges: the bits of the only one, if one is left.
    all: u64,
}

/// A set of the lengths of edges, a bit each, the lowest for one byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths(u8);

impl Lengths {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lengths up to `most`, ascending.
    #[inline]
    pub(super) fn up_to(self, most: usize) -> impl Iterator<Item = usize> {
        let mut left = u32::from(self.0) & ((1 << most) - 1);
        std::iter::from_fn(move || {
            let length = (left != 0).then(|| left.trailing_zeros() as usize + 1);
            left &= left.wrapping_sub(1);
            length
        })
    }
}

/// The bytes that a node adds to its parent's prefix. Short ones are in the node, for the cache.
#[derive(Debug)]
pub(super) enum Label {
    Short { len: u8, bytes: [u8; SHORT_LABEL] },
    Long(Box<[u8]>),
}

impl Label {
    pub(super) fn new(label: &[u8]) -> Self {
        match u8::try_from(label.len()) {
            Ok(len) if label.len() <= SHORT_LABEL => {
                let mut bytes = [0; SHORT_LABEL];
                bytes[..label.len()].copy_from_slice(label);
                Self::Short { len, bytes }
            }
            _ => Self::Long(label.into()),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(bytes) => bytes,
        }
    }
}

/// The subscribers of a node's topic, by index. A single one is in the node.
#[derive(Debug)]
pub(super) enum Keys {
    One(u32),
    Several(Vec<u32>),
}

impl Keys {
    pub(super) fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.as_slice().len()).expect("there are fewer subscribers")
    }

    pub(super) fn push(&mut self, key: u32) {
        match self {
            Self::One(other) => *self = Self::Several(vec![*other, key]),
            Self::Several(keys) if keys.capacity() == 0 => *self = Self::One(key),
            Self::Several(keys) => keys.push(key),
        }
    }

    /// Removes a subscriber, and returns the one that is now in its place.
    pub(super) fn swap_remove(&mut self, index: u32) -> Option<u32> {
        match self {
            Self::One(_) => *self = Self::Several(Vec::new()),
            Self::Several(keys) => drop(keys.swap_remove(index as usize)),
        }
        self.as_slice().get(index as usize).copied()
    }
}

/// Bytes of a label that fit in its node.
const SHORT_LABEL: usize = 22;
