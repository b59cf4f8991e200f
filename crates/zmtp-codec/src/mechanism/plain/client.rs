//! The client's side of PLAIN.

use super::PlainClient;
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::PeerMisbehaved;
use crate::mechanism::{Done, Handshake, Result, Step, command, expect, own_metadata};
use crate::metadata::Metadata;
use crate::wire::Command;

/// What the client waits for.
#[derive(Debug)]
pub(crate) enum Await {
    /// HELLO has been sent.
    Welcome,
    /// INITIATE has been sent.
    Ready,
}

pub(in crate::mechanism) fn start(client: &PlainClient, output: &mut Batch) -> Step {
    let mut data = Vec::new();
    for field in [&client.username[..], client.password.expose()] {
        data.extend(u8::try_from(field.len()));
        data.extend_from_slice(field);
    }
    output.push_command(&command("HELLO", data));
    Step::Await(Handshake::PlainClient(Await::Welcome))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        match self {
            Self::Welcome => b"\x07WELCOME".len(),
            Self::Ready => b"\x05READY".len().saturating_add(limits.max_metadata_size),
        }
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Welcome => {
                let data = expect(received, "WELCOME")?;
                if !data.is_empty() {
                    return Err(PeerMisbehaved::CommandLayout("WELCOME").into());
                }
                output.push_command(&command("INITIATE", own_metadata(config)));
                Ok(Step::Await(Handshake::PlainClient(Self::Ready)))
            }
            Self::Ready => {
                let metadata = Metadata::decode(expect(received, "READY")?)?;
                Ok(Step::Done(Done::in_clear(metadata, None)))
            }
        }
    }
}
