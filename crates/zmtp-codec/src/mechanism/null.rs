//! NULL: each side says READY and neither waits for the other.

use super::{Step, own_metadata, unexpected};
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::error::ProtocolError;
use crate::metadata::Metadata;
use crate::wire::Command;

/// READY has been sent; the peer's is awaited.
#[derive(Clone, Debug)]
pub(crate) struct AwaitReady(());

pub(super) fn start(config: &ConnectionConfig, output: &mut Batch) -> AwaitReady {
    output.push_command(&Command::Ready { data: own_metadata(config) });
    AwaitReady(())
}

impl AwaitReady {
    pub(super) fn handle(self, command: &Command) -> Result<Step, ProtocolError> {
        match command {
            Command::Ready { data } => Ok(Step::Done { metadata: Metadata::decode(data.clone())? }),
            other => Err(unexpected(other, "READY")),
        }
    }
}
