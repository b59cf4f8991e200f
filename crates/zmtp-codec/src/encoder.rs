//! Encodes what depends on the peer.

use crate::batch::Batch;
use crate::error::ProtocolError;
use crate::framing::{FrameWriter, FramedSealer, SubscriptionForm};
use crate::mechanism::Sealer;
use crate::seal::SealBuffer;
use crate::subscription::Subscription;
use crate::wire::Command;

/// Encodes subscriptions and commands for the peer's version of ZMTP, and encrypts.
///
/// Messages do not depend on the peer: [push](Batch::push) them to the batch.
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
/// If the connection [encrypts, or has a framing](Self::is_sealing), [`seal`](Self::seal) the batch and write the
/// [`SealBuffer`] in its place.
#[derive(Debug)]
pub struct Encoder {
    version: (u8, u8),
    subscriptions: SubscriptionForm,
    sealer: Option<Box<dyn Sealer>>,
}

impl Encoder {
    /// Makes an encoder for a peer of the [negotiated version](crate::PeerInfo::version).
    pub fn new(version: (u8, u8)) -> Self {
        let subscriptions = SubscriptionForm::of_version(version);
        Self { version, subscriptions, sealer: None }
    }

    pub(crate) fn seal_with(&mut self, sealer: Box<dyn Sealer>) {
        self.sealer = Some(sealer);
    }

    /// Carries frames in the connection's framing, and encrypted ones if there is a sealer.
    pub(crate) fn carry_with(
        &mut self,
        writer: Box<dyn FrameWriter>,
        subscriptions: Option<SubscriptionForm>,
    ) {
        self.subscriptions = subscriptions.unwrap_or(self.subscriptions);
        self.sealer = Some(Box::new(FramedSealer::new(writer, self.sealer.take())));
    }

    /// Whether the bytes of the connection are not those of the batch: it encrypts, or it has a
    /// [framing](crate::framing).
    #[inline]
    pub fn is_sealing(&self) -> bool {
        self.sealer.is_some()
    }

    /// Encrypts the next frames of `batch` into `sealed`, until it has about 56 KiB, or one frame if
    /// that is larger. Does nothing if the connection [does not](Self::is_sealing).
    ///
    /// Sealed bytes must be written completely and in order: see [`SealBuffer`].
    pub fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        if let Some(sealer) = &mut self.sealer {
            sealer.seal(batch, sealed);
        }
    }

    /// Appends the bytes that end the connection: in order, once everything is written, or because of
    /// an error. There are some in a few [framings](crate::framing::FrameWriter::finish). Returns whether
    /// there are.
    pub fn finish(&mut self, error: Option<&ProtocolError>, sealed: &mut SealBuffer) -> bool {
        let before = sealed.first_chunk().len();
        if let Some(sealer) = &mut self.sealer {
            sealed.record(0, |bytes| sealer.finish(error, bytes));
        }
        sealed.first_chunk().len() > before
    }

    /// Appends a subscription: a command, or a message for a peer of ZMTP 3.0 or 2.0. Neither counts as
    /// a message.
    pub fn subscription(&self, batch: &mut Batch, subscription: &Subscription) {
        if self.subscriptions == SubscriptionForm::Message {
            batch.push_control(subscription.to_v3_0());
            return;
        }
        let topic = subscription.topic().clone();
        batch.push_command(&match subscription {
            Subscription::Subscribe(_) => Command::Subscribe { topic },
            Subscription::Cancel(_) => Command::Cancel { topic },
        });
    }

    /// Appends a command. Does nothing for a peer of ZMTP 2.0, which has no commands.
    pub fn command(&self, batch: &mut Batch, command: &Command) {
        if self.version >= (3, 0) {
            batch.push_command(command);
        }
    }
}
