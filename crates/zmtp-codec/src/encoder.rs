//! What the sending side has to know of the peer.

use crate::batch::Batch;
use crate::subscription::Subscription;
use crate::wire::Command;

/// Encodes what depends on the peer. Messages do not: [push](Batch::push) those to the batch.
///
/// ```
/// # use zmtp_codec::{Batch, Encoder, Subscription};
/// let subscription = Subscription::Subscribe("a".into());
/// let mut batch = Batch::new();
///
/// Encoder::new((3, 1)).subscription(&mut batch, &subscription);
/// assert_eq!(batch.first_chunk(), b"\x04\x0b\x09SUBSCRIBEa");
///
/// batch.clear();
/// Encoder::new((3, 0)).subscription(&mut batch, &subscription);
/// assert_eq!(batch.first_chunk(), b"\x00\x02\x01a");
/// assert_eq!(batch.messages(), 0);
/// ```
// Mechanisms that encrypt will seal frames here, when they are written and not when they are
// pushed, so that a batch can still be sent to another connection.
#[derive(Debug)]
pub struct Encoder {
    version: (u8, u8),
}

impl Encoder {
    /// Makes an encoder for a peer of the [negotiated version](crate::PeerInfo::version).
    pub fn new(version: (u8, u8)) -> Self {
        Self { version }
    }

    /// Appends a subscription: a command, or the message that ZMTP 3.0 has in its place. Neither
    /// counts as a message.
    pub fn subscription(&self, batch: &mut Batch, subscription: &Subscription) {
        if self.version < (3, 1) {
            batch.push_control(subscription.to_v3_0());
            return;
        }
        let topic = subscription.topic().clone();
        batch.push_command(&match subscription {
            Subscription::Subscribe(_) => Command::Subscribe { topic },
            Subscription::Cancel(_) => Command::Cancel { topic },
        });
    }

    /// Appends a command.
    pub fn command(&self, batch: &mut Batch, command: &Command) {
        batch.push_command(command);
    }
}
