//! An edge of the trie: where it begins, and its bytes.

/// Bytes of the longest edge, which one lookup finds.
pub(super) const STRIDE: usize = 8;

/// A node, and up to [`STRIDE`] bytes below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Edge {
    /// An edge shorter than a stride has its length in the last byte.
    bytes: [u8; STRIDE],
    /// The node, doubled, and whether the bytes are a whole stride.
    parent: u32,
}

impl Edge {
    /// No edge of a trie: the arena has fewer nodes.
    pub(super) const NONE: Self = Self { bytes: [0; STRIDE], parent: u32::MAX };

    /// The edge that a label below this node begins with.
    pub(super) fn new(parent: u32, label: &[u8]) -> Self {
        let beginning = Beginning::of(label);
        beginning.edge(parent, beginning.len)
    }

    /// The edge with these [`bits`](Self::bits).
    #[inline]
    pub(super) fn from_bits(parent: u32, bits: u64, whole: bool) -> Self {
        Self { bytes: bits.to_le_bytes(), parent: parent << 1 | u32::from(whole) }
    }

    /// The bytes as a number: different for each edge of one length below one node.
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        u64::from_le_bytes(self.bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        if self.parent & 1 == 1 { STRIDE } else { usize::from(self.bytes[STRIDE - 1]) }
    }

    pub(super) fn parent(&self) -> u32 {
        self.parent >> 1
    }

    /// The whole edge, in numbers below 2^32.
    #[inline]
    pub(super) fn words(&self) -> [u64; 3] {
        let bits = self.bits();
        [bits & u64::from(u32::MAX), bits >> 32, u64::from(self.parent)]
    }
}

/// The first bytes of a topic that is looked up, one stride at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning {
    bytes: u64,
    len: usize,
}

impl Beginning {
    #[inline]
    pub(super) fn of(rest: &[u8]) -> Self {
        if let Some(bytes) = rest.first_chunk() {
            return Self { bytes: u64::from_le_bytes(*bytes), len: STRIDE };
        }
        let mut bytes = [0; STRIDE];
        bytes[..rest.len()].copy_from_slice(rest);
        Self { bytes: u64::from_le_bytes(bytes), len: rest.len() }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The edge of the first `len` bytes; `len` is at most the number there is.
    #[inline]
    pub(super) fn edge(&self, parent: u32, len: usize) -> Edge {
        if len == STRIDE {
            return Edge::from_bits(parent, self.bytes, true);
        }
        let bytes = self.bytes & ((1 << (8 * len)) - 1);
        Edge::from_bits(parent, bytes | (len as u64) << 56, false)
    }
}

/// The place of a topic in the trie, packed: a subscriber may have a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place(Edge);

/// The place of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    /// The end of an edge that leads to no node.
    Edge(Edge),
    Node(u32),
}

impl Place {
    pub(super) fn edge(edge: Edge) -> Self {
        Self(edge)
    }

    pub(super) fn node(node: u32) -> Self {
        Self(Edge { bytes: u64::from(node).to_le_bytes(), ..Edge::NONE })
    }

    pub(super) fn spot(self) -> Spot {
        match self.0 {
            Edge { bytes: [a, b, c, d, ..], parent: u32::MAX } => {
                Spot::Node(u32::from_le_bytes([a, b, c, d]))
            }
            edge => Spot::Edge(edge),
        }
    }
}
