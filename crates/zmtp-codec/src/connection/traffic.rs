//! A connection after its handshake.

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::event::PeerInfo;

/// A connection after its handshake: a read half and a write half, independent of each other.
#[derive(Debug)]
#[non_exhaustive]
pub struct Traffic {
    /// The peer, as its handshake described it.
    pub peer: PeerInfo,
    /// Decodes the bytes that the peer sends.
    pub decoder: Decoder,
    /// Encodes and seals the bytes for the peer.
    pub encoder: Encoder,
}

impl Traffic {
    pub(super) fn new(peer: PeerInfo, decoder: Decoder) -> Self {
        let encoder = Encoder::new(peer.version());
        Self { peer, decoder, encoder }
    }
}
