//! A node of the trie: its label, who has subscribed to it, and its children.

use super::ROOT;

/// One prefix: what the labels from the root to here spell.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) label: Label,
    pub(super) keys: Keys,
    pub(super) children: Children,
    pub(super) parent: u32,
}

impl Node {
    pub(super) fn new(parent: u32, label: Label) -> Self {
        let (keys, children) = (Keys::Several(Vec::new()), Children::Few(Vec::new()));
        Self { label, keys, children, parent }
    }
}

/// What a node adds to its parent's prefix: in the node itself if it can be, for the cache's sake.
#[derive(Debug)]
pub(super) enum Label {
    Short { len: u8, octets: [u8; SHORT_LABEL] },
    Long(Box<[u8]>),
}

impl Label {
    pub(super) fn new(label: &[u8]) -> Self {
        match u8::try_from(label.len()) {
            Ok(len) if label.len() <= SHORT_LABEL => {
                let mut octets = [0; SHORT_LABEL];
                octets[..label.len()].copy_from_slice(label);
                Self::Short { len, octets }
            }
            _ => Self::Long(label.into()),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short { len, octets } => &octets[..usize::from(*len)],
            Self::Long(octets) => octets,
        }
    }
}

/// Who has subscribed to a node's topic, by index; one in the node itself.
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

    pub(super) fn push(&mut self, key: u32) {
        match self {
            Self::One(other) => *self = Self::Several(vec![*other, key]),
            Self::Several(keys) if keys.capacity() == 0 => *self = Self::One(key),
            Self::Several(keys) => keys.push(key),
        }
    }

    /// Takes one away, and says which is now in its place.
    pub(super) fn swap_remove(&mut self, place: usize) -> Option<u32> {
        match self {
            Self::One(_) => *self = Self::Several(Vec::new()),
            Self::Several(keys) => drop(keys.swap_remove(place)),
        }
        self.as_slice().get(place).copied()
    }
}

/// A node's children by the first octet of their labels.
#[derive(Debug)]
pub(super) enum Children {
    Few(Vec<(u8, u32)>),
    /// The root stands for none: it is nobody's child.
    Many(Box<[u32; 256]>),
}

impl Children {
    pub(super) fn get(&self, octet: u8) -> Option<u32> {
        match self {
            Self::Few(few) => few.iter().find(|(first, _)| *first == octet).map(|&(_, node)| node),
            Self::Many(many) => Some(many[usize::from(octet)]).filter(|&node| node != ROOT),
        }
    }

    pub(super) fn set(&mut self, octet: u8, node: u32) {
        match self {
            Self::Few(few) => match few.iter().position(|(first, _)| *first == octet) {
                Some(index) => few[index].1 = node,
                None if few.len() < FEW_CHILDREN => few.push((octet, node)),
                None => {
                    let mut many = Box::new([ROOT; 256]);
                    few.iter().for_each(|&(octet, node)| many[usize::from(octet)] = node);
                    many[usize::from(octet)] = node;
                    *self = Self::Many(many);
                }
            },
            Self::Many(many) => many[usize::from(octet)] = node,
        }
    }

    pub(super) fn unset(&mut self, octet: u8) {
        match self {
            Self::Few(few) => few.retain(|(first, _)| *first != octet),
            Self::Many(many) => {
                many[usize::from(octet)] = ROOT;
                let left =
                    (0..=u8::MAX).zip(many.iter().copied()).filter(|&(_, node)| node != ROOT);
                if left.clone().count() <= FEW_CHILDREN / 2 {
                    *self = Self::Few(left.collect());
                }
            }
        }
    }

    pub(super) fn first_two(&self) -> [Option<u32>; 2] {
        match self {
            Self::Few(few) => [0, 1].map(|index| few.get(index).map(|&(_, node)| node)),
            Self::Many(many) => {
                let mut nodes = many.iter().copied().filter(|&node| node != ROOT);
                [nodes.next(), nodes.next()]
            }
        }
    }
}

/// Octets of a label that fit in its node.
const SHORT_LABEL: usize = 22;

/// Children that are found by looking at one after the other.
const FEW_CHILDREN: usize = if cfg!(test) { 2 } else { 16 };
