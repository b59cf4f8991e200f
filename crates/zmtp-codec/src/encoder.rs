//! What the sending side has to know of the peer.

use crate::batch::Batch;
use crate::mechanism::Sealer;
use crate::seal::SealBuffer;
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
///
/// Where the connection [encrypts](Self::is_sealing), what is written is not the batch but what
/// [`seal`](Self::seal) makes of it.
#[derive(Debug)]
pub struct Encoder {
    version: (u8, u8),
    sealer: Option<Box<dyn Sealer>>,
}

impl Encoder {
    /// Makes an encoder for a peer of the [negotiated version](crate::PeerInfo::version).
    pub fn new(version: (u8, u8)) -> Self {
        Self { version, sealer: None }
    }

    pub(crate) fn seal_with(&mut self, sealer: Box<dyn Sealer>) {
        self.sealer = Some(sealer);
    }

    /// Whether the connection encrypts.
    #[inline]
    pub fn is_sealing(&self) -> bool {
        self.sealer.is_some()
    }

    /// Seals what comes next in `batch` and is not in `sealed` yet, until that has some 64 KiB to
    /// write, or one frame if that is larger. Does nothing where the connection does not encrypt.
    ///
    /// What is sealed has to be written, in order and to the end: see [`SealBuffer`].
    pub fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        if let Some(sealer) = &mut self.sealer {
            sealer.seal(batch, sealed);
        }
    }

    /// Appends a subscription: a command, or the message that ZMTP 3.0 and 2.0 have in its place. Neither
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

    /// Appends a command; nothing for a peer of ZMTP 2.0, which has none.
    pub fn command(&self, batch: &mut Batch, command: &Command) {
        if self.version >= (3, 0) {
            batch.push_command(command);
        }
    }
}
