//! The server role of PLAIN.

use bytes::Bytes;

use super::FIELD_MAX;
use crate::authentication::{AuthenticationRequest, Credentials, Password};
use crate::batch::Batch;
use crate::error::PeerMisbehaved;
use crate::mechanism::{
    Handshake, HandshakeContext, Mechanism, Outcome, PendingAuthentication, Result, Step, command,
    command_size, expect_command,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName, Reader};

/// A PLAIN server: receives a user name and a password, then asks whether they are
/// [accepted](crate::Event::Authenticate) (24/ZMTP-PLAIN).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlainServer;

impl Mechanism for PlainServer {
    fn name(&self) -> MechanismName {
        MechanismName::PLAIN
    }

    fn is_server(&self) -> bool {
        true
    }

    fn start(&self, context: HandshakeContext, _: &mut Batch) -> Result<Step> {
        Step::wait(AwaitHello(context))
    }
}

#[derive(Debug)]
struct AwaitHello(HandshakeContext);

impl Handshake for AwaitHello {
    fn max_command_size(&self) -> usize {
        command_size("HELLO", 2 * (1 + FIELD_MAX))
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let credentials = read_hello(expect_command(received, "HELLO")?)
            .ok_or(PeerMisbehaved::CommandLayout("HELLO"))?;
        let request = AuthenticationRequest::new(MechanismName::PLAIN, credentials);
        Ok(Step::Ask(request, Box::new(AwaitDecision(self.0))))
    }
}

fn read_hello(data: Bytes) -> Option<Credentials> {
    let mut reader = Reader::new(data);
    let (username, password) = (reader.short()?, reader.short()?);
    let password = Password::new(&password);
    reader.is_empty().then_some(Credentials::Password { username, password })
}

#[derive(Debug)]
struct AwaitDecision(HandshakeContext);

impl PendingAuthentication for AwaitDecision {
    fn allow(self: Box<Self>, output: &mut Batch) -> Result<Step> {
        output.push_command(&command("WELCOME", Bytes::new()));
        Step::wait(AwaitInitiate(self.0))
    }
}

#[derive(Debug)]
struct AwaitInitiate(HandshakeContext);

impl Handshake for AwaitInitiate {
    fn max_command_size(&self) -> usize {
        self.0.command_size("INITIATE", 0)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let metadata = Metadata::decode(expect_command(received, "INITIATE")?)?;
        let ready = Command::Ready { data: self.0.metadata };
        Ok(Step::Done(Outcome::new(metadata).with_final_command(ready)))
    }
}
