//! A message that is encoded once and sent to many peers.

use zmtp::{Batch, Message};

/// Memory in which one message at a time is encoded for many peers.
///
/// [`PeerHandle::offer`](super::PeerHandle::offer) encodes a message for one peer. A strategy that sends
/// a message to several peers encodes it here first, and then calls
/// [`PeerHandle::offer_encoded`](super::PeerHandle::offer_encoded) for each.
#[derive(Debug, Default)]
pub struct EncodeBuffer(Batch);

impl EncodeBuffer {
    /// An empty buffer. It keeps its memory from one message to the next.
    pub fn new() -> Self {
        Self(Batch::new())
    }

    /// Encodes a message. Large frames are shared, not copied.
    #[inline]
    pub fn encode<'a>(&'a mut self, message: &'a Message) -> EncodedMessage<'a> {
        self.0.push(message.clone());
        EncodedMessage { encoded: &mut self.0, message }
    }
}

/// A message in an [`EncodeBuffer`].
#[derive(Debug)]
pub struct EncodedMessage<'a> {
    encoded: &'a mut Batch,
    message: &'a Message,
}

impl EncodedMessage<'_> {
    pub(super) fn encoded(&self) -> &Batch {
        self.encoded
    }

    /// The message itself, for inproc peers.
    pub(super) fn message(&self) -> &Message {
        self.message
    }
}

/// Lets go of large frames.
impl Drop for EncodedMessage<'_> {
    fn drop(&mut self) {
        self.encoded.clear();
    }
}
