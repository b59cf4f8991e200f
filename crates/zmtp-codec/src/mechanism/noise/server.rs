//! The server role of NOISE.

use bytes::Bytes;

use super::exchange::{Exchange, Keys, Known, ready};
use super::record::{RecordOpener, RecordSealer};
use super::{COMMAND, KEY, Pattern, TAG};
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::error::{PeerIncompatible, PeerUntrusted};
use crate::mechanism::{
    Handshake, HandshakeContext, Mechanism, NoiseKeyPair, NoisePublicKey, Outcome,
    PendingAuthentication, Result, Step, command, command_size, expect_command,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName};

/// A NOISE server: proves to own its key, asks whether the client's key is
/// [accepted](crate::Event::Authenticate), and encrypts (`docs/noise.md`).
///
/// The connection needs [randomness](crate::Connection::with_entropy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseServer {
    pattern: Pattern,
    keys: NoiseKeyPair,
}

impl NoiseServer {
    /// Makes a server of NOISE_XX with these keys.
    pub fn xx(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Xx, keys }
    }

    /// Makes a server of NOISE_IK with these keys.
    pub fn ik(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Ik, keys }
    }

    /// The server's public key.
    pub fn public_key(&self) -> &NoisePublicKey {
        self.keys.public_key()
    }
}

impl Mechanism for NoiseServer {
    fn name(&self) -> MechanismName {
        self.pattern.mechanism()
    }

    fn is_server(&self) -> bool {
        true
    }

    fn requires_command_flag(&self) -> bool {
        true
    }

    fn seals_frames(&self) -> bool {
        false
    }

    fn start(&self, mut context: HandshakeContext, _: &mut Batch) -> Result<Step> {
        let seed = context.take_seed()?;
        if context.peer_is_server {
            return Err(PeerIncompatible::Role { as_server: true }.into());
        }
        let pattern = self.pattern;
        let known = Known { pattern, secret: self.keys.secret_key().expose(), server: None };
        let exchange = Exchange::server(&known, &seed, &context)?;
        match pattern {
            Pattern::Xx => Step::wait(AwaitFirst { context, exchange }),
            Pattern::Ik => Step::wait(AwaitRequest { context, exchange }),
        }
    }
}

fn ask(public_key: [u8; KEY], pending: impl PendingAuthentication + 'static) -> Result<Step> {
    let credentials = Credentials::PublicKey(public_key);
    let request = AuthenticationRequest::new(MechanismName::NOISE, credentials);
    Ok(Step::Ask(request, Box::new(pending)))
}

/// XX: the client's first message is due.
#[derive(Debug)]
struct AwaitFirst {
    context: HandshakeContext,
    exchange: Exchange,
}

impl Handshake for AwaitFirst {
    fn max_command_size(&self) -> usize {
        command_size(COMMAND, KEY)
    }

    fn handle(self: Box<Self>, received: Command, output: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        exchange.read_empty(&expect_command(received, COMMAND)?)?;
        output.push_command(&command(COMMAND, exchange.write(&[])?));
        Step::wait(AwaitClientKey { context, exchange })
    }
}

/// XX: this side has sent its key; the client's is due.
#[derive(Debug)]
struct AwaitClientKey {
    context: HandshakeContext,
    exchange: Exchange,
}

impl Handshake for AwaitClientKey {
    fn max_command_size(&self) -> usize {
        self.context.command_size(COMMAND, KEY + TAG + TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        let metadata = exchange.read(&expect_command(received, COMMAND)?)?;
        let metadata = Bytes::copy_from_slice(&metadata);
        let client_key = exchange.peer_key()?;
        let keys = exchange.finish()?;
        ask(client_key, PendingXx { own_metadata: context.metadata, keys, metadata, client_key })
    }
}

/// XX: the client has proven to own its key.
#[derive(Debug)]
struct PendingXx {
    own_metadata: Bytes,
    keys: Keys,
    metadata: Bytes,
    client_key: [u8; KEY],
}

impl PendingAuthentication for PendingXx {
    fn allow(self: Box<Self>, _: &mut Batch) -> Result<Step> {
        let Keys { client, mut server } = self.keys;
        let outcome = Outcome::new(Metadata::decode(self.metadata)?)
            .with_final_command(ready(&mut server, &self.own_metadata)?)
            .with_encryption(RecordSealer::new(server), RecordOpener::new(client))
            .with_public_key(self.client_key);
        Ok(Step::Done(outcome))
    }
}

/// IK: the client's only message is due.
#[derive(Debug)]
struct AwaitRequest {
    context: HandshakeContext,
    exchange: Exchange,
}

impl Handshake for AwaitRequest {
    fn max_command_size(&self) -> usize {
        command_size(COMMAND, KEY + KEY + TAG + TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        exchange.read_empty(&expect_command(received, COMMAND)?)?;
        ask(exchange.peer_key()?, PendingIk { context, exchange })
    }
}

/// IK: this side's message is due. The client's may have been replayed.
#[derive(Debug)]
struct PendingIk {
    context: HandshakeContext,
    exchange: Exchange,
}

impl PendingAuthentication for PendingIk {
    fn allow(self: Box<Self>, output: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        output.push_command(&command(COMMAND, exchange.write(&context.metadata)?));
        let client_key = exchange.peer_key()?;
        Step::wait(AwaitReady { context, keys: exchange.finish()?, client_key })
    }
}

/// IK: all messages have been sent. Only the client can send READY, and only now: this proves that
/// its message was not replayed.
#[derive(Debug)]
struct AwaitReady {
    context: HandshakeContext,
    keys: Keys,
    client_key: [u8; KEY],
}

impl Handshake for AwaitReady {
    fn max_command_size(&self) -> usize {
        self.context.command_size("READY", TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let Keys { mut client, server } = self.keys;
        let data = expect_command(received, "READY")?;
        let metadata = client.open(&data).ok_or(PeerUntrusted::Unopened("READY"))?;
        let outcome = Outcome::new(Metadata::decode(Bytes::copy_from_slice(&metadata))?)
            .with_encryption(RecordSealer::new(server), RecordOpener::new(client))
            .with_public_key(self.client_key);
        Ok(Step::Done(outcome))
    }
}
