//! The server's side of PLAIN.

use bytes::Bytes;

use super::FIELD_MAX;
use crate::authentication::{AuthenticationRequest, Credentials, Password};
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::PeerMisbehaved;
use crate::mechanism::{Done, Handshake, Result, Step, Undecided, command, expect, own_metadata};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName, Reader};

/// What the server waits for.
#[derive(Debug)]
pub(crate) enum Await {
    /// Nothing has been said yet.
    Hello,
    /// WELCOME has been sent.
    Initiate,
}

/// Whether to welcome the client is awaited.
#[derive(Debug)]
pub(crate) struct AwaitDecision(());

pub(in crate::mechanism) fn start() -> Step {
    Step::Await(Handshake::PlainServer(Await::Hello))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        match self {
            Self::Hello => b"\x05HELLO".len() + 2 * (1 + FIELD_MAX),
            Self::Initiate => b"\x08INITIATE".len().saturating_add(limits.max_metadata_size),
        }
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        config: &ConnectionConfig,
    ) -> Result<Step> {
        match self {
            Self::Hello => {
                let credentials = read_hello(expect(received, "HELLO")?)
                    .ok_or(PeerMisbehaved::CommandLayout("HELLO"))?;
                let request =
                    AuthenticationRequest { mechanism: MechanismName::PLAIN, credentials };
                Ok(Step::Ask(request, Undecided::Plain(AwaitDecision(()))))
            }
            Self::Initiate => {
                let metadata = Metadata::decode(expect(received, "INITIATE")?)?;
                let last_word = Some(Command::Ready { data: own_metadata(config) });
                Ok(Step::Done(Done::in_clear(metadata, last_word)))
            }
        }
    }
}

impl AwaitDecision {
    pub(in crate::mechanism) fn allowed(self, output: &mut Batch) -> Step {
        output.push_command(&command("WELCOME", Bytes::new()));
        Step::Await(Handshake::PlainServer(Await::Initiate))
    }
}

fn read_hello(data: Bytes) -> Option<Credentials> {
    let mut reader = Reader::new(data);
    let (username, password) = (reader.short()?, reader.short()?);
    let password = Password::new(&password);
    reader.is_empty().then_some(Credentials::Password { username, password })
}
