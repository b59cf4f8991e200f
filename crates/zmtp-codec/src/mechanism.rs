//! Security mechanisms: what is said between the greeting and the first message.

mod null;

use bytes::Bytes;

use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::error::{PeerMisbehaved, ProtocolError};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName};

/// How the two sides prove who they are, and whether they encrypt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// No security: for networks where everyone may talk to everyone (37/ZMTP, "The NULL
    /// Security Mechanism").
    Null,
}

impl Mechanism {
    /// The name that the greeting announces.
    pub fn name(&self) -> MechanismName {
        match self {
            Self::Null => MechanismName::NULL,
        }
    }
}

/// A handshake that waits for the peer's next command.
///
/// Each mechanism is a set of states, taken by value: a handshake that failed is gone.
#[derive(Clone, Debug)]
pub(crate) enum Handshake {
    Null(null::AwaitReady),
}

/// Where a command has taken a handshake.
// Mechanisms of more than one command each way will add a step that hands back the next state; a
// server that asks others whether to let a client in, one that waits for their answer. Mechanisms
// that encrypt will be done with a pair of opener and sealer besides the metadata.
pub(crate) enum Step {
    /// The peer is ready, and so is this side.
    Done {
        /// What the peer said about itself.
        metadata: Metadata,
    },
}

impl Handshake {
    /// Says the first words, if they are this side's.
    pub(crate) fn start(config: &ConnectionConfig, output: &mut Batch) -> Self {
        match config.mechanism {
            Mechanism::Null => Self::Null(null::start(config, output)),
        }
    }

    /// Takes the peer's next command.
    pub(crate) fn handle(self, command: &Command) -> Result<Step, ProtocolError> {
        match self {
            Self::Null(state) => state.handle(command),
        }
    }
}

/// What this side says about itself, encoded.
fn own_metadata(config: &ConnectionConfig) -> Bytes {
    let mut wire = Vec::new();
    Metadata::announcing(config.socket_type, config.routing_id.as_ref()).encode(&mut wire);
    config.metadata.encode(&mut wire);
    wire.into()
}

fn unexpected(command: &Command, expected: &'static str) -> ProtocolError {
    let received = String::from_utf8_lossy(command.name()).into_owned();
    PeerMisbehaved::UnexpectedCommand { received, expected }.into()
}
