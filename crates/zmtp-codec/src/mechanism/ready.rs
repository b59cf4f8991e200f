//! The last state of a handshake in clear.

use super::{Handshake, HandshakeContext, Outcome, Result, Step, expect_command};
use crate::batch::Batch;
use crate::metadata::Metadata;
use crate::wire::Command;

/// Waits for the peer's READY, which has its metadata.
#[derive(Debug)]
pub(super) struct AwaitReady(pub(super) HandshakeContext);

impl Handshake for AwaitReady {
    fn max_command_size(&self) -> usize {
        self.0.command_size("READY", 0)
    }

    fn handle(self: Box<Self>, command: Command, _: &mut Batch) -> Result<Step> {
        let metadata = Metadata::decode(expect_command(command, "READY")?)?;
        Ok(Step::Done(Outcome::new(metadata)))
    }
}
