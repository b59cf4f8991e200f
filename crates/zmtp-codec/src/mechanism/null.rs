//! NULL: each side says READY and neither waits for the other.
//!
//! Where a NULL peer has to be [authenticated](crate::Event::Authenticate), READY is not said
//! before it is.

use super::{Done, Handshake, Result, Step, Undecided, expect, own_metadata};
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName};

/// Whether to say READY to this peer is awaited.
#[derive(Debug)]
pub(crate) struct AwaitDecision(());

/// READY has been sent; the peer's is awaited.
#[derive(Debug)]
pub(crate) struct AwaitReady(());

pub(super) fn start(config: &ConnectionConfig, output: &mut Batch) -> Step {
    let undecided = AwaitDecision(());
    if !config.authenticate_null {
        return undecided.allowed(config, output);
    }
    let credentials = Credentials::None;
    let request = AuthenticationRequest { mechanism: MechanismName::NULL, credentials };
    Step::Ask(request, Undecided::Null(undecided))
}

pub(super) fn max_command_size(limits: &Limits) -> usize {
    b"\x05READY".len().saturating_add(limits.max_metadata_size)
}

impl AwaitDecision {
    pub(super) fn allowed(self, config: &ConnectionConfig, output: &mut Batch) -> Step {
        output.push_command(&Command::Ready { data: own_metadata(config) });
        Step::Await(Handshake::Null(AwaitReady(())))
    }
}

impl AwaitReady {
    pub(super) fn handle(self, command: Command) -> Result<Step> {
        let metadata = Metadata::decode(expect(command, "READY")?)?;
        Ok(Step::Done(Done::in_clear(metadata, None)))
    }
}
