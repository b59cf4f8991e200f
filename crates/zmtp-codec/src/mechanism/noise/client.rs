//! The client role of NOISE.

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

/// A NOISE client: starts a Noise handshake, proves to own a key, and encrypts (`docs/noise.md`).
///
/// The connection needs [randomness](crate::Connection::with_entropy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseClient {
    pattern: Pattern,
    keys: NoiseKeyPair,
    server_key: Option<NoisePublicKey>,
}

impl NoiseClient {
    /// Makes a client of NOISE_XX that asks whether the server's key is
    /// [accepted](crate::Event::Authenticate) before it sends its own.
    pub fn xx(keys: NoiseKeyPair) -> Self {
        Self { pattern: Pattern::Xx, keys, server_key: None }
    }

    /// Makes a client of NOISE_XX for the server that owns `server_key`.
    pub fn xx_pinned(keys: NoiseKeyPair, server_key: NoisePublicKey) -> Self {
        Self { pattern: Pattern::Xx, keys, server_key: Some(server_key) }
    }

    /// Makes a client of NOISE_IK for the server that owns `server_key`. It is ready half a round
    /// trip earlier than NOISE_XX.
    pub fn ik(keys: NoiseKeyPair, server_key: NoisePublicKey) -> Self {
        Self { pattern: Pattern::Ik, keys, server_key: Some(server_key) }
    }

    /// The client's public key.
    pub fn public_key(&self) -> &NoisePublicKey {
        self.keys.public_key()
    }

    /// The server's public key, if it is known.
    pub fn server_key(&self) -> Option<&NoisePublicKey> {
        self.server_key.as_ref()
    }
}

impl Mechanism for NoiseClient {
    fn name(&self) -> MechanismName {
        self.pattern.mechanism()
    }

    fn is_server(&self) -> bool {
        false
    }

    fn requires_command_flag(&self) -> bool {
        true
    }

    fn seals_frames(&self) -> bool {
        false
    }

    fn start(&self, mut context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        let seed = context.take_seed()?;
        if !context.peer_is_server {
            return Err(PeerIncompatible::Role { as_server: false }.into());
        }
        // XX sends the key, so it is compared later.
        let server = self.server_key.as_ref().filter(|_| self.pattern == Pattern::Ik);
        let known = Known {
            pattern: self.pattern,
            secret: self.keys.secret_key().expose(),
            server: server.map(|key| key.as_bytes()),
        };
        let mut exchange = Exchange::client(&known, &seed, &context)?;
        output.push_command(&command(COMMAND, exchange.write(&[])?));
        match self.pattern {
            Pattern::Xx => {
                let pinned = self.server_key.map(<[u8; KEY]>::from);
                Step::wait(AwaitServerKey { context, exchange, pinned })
            }
            Pattern::Ik => Step::wait(AwaitAnswer { context, exchange }),
        }
    }
}

/// XX: the server's key is due.
#[derive(Debug)]
struct AwaitServerKey {
    context: HandshakeContext,
    exchange: Exchange,
    pinned: Option<[u8; KEY]>,
}

impl Handshake for AwaitServerKey {
    fn max_command_size(&self) -> usize {
        command_size(COMMAND, KEY + KEY + TAG + TAG)
    }

    fn handle(self: Box<Self>, received: Command, output: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange, pinned } = *self;
        exchange.read_empty(&expect_command(received, COMMAND)?)?;
        let server_key = exchange.peer_key()?;
        let pending = Box::new(AwaitDecision { context, exchange });
        match pinned {
            Some(pinned) if pinned == server_key => pending.allow(output),
            Some(_) => Err(PeerUntrusted::ForeignServer.into()),
            None => {
                let credentials = Credentials::PublicKey(server_key);
                let request = AuthenticationRequest::new(MechanismName::NOISE, credentials);
                Ok(Step::Ask(request, pending))
            }
        }
    }
}

/// XX: the server has proven to own its key.
#[derive(Debug)]
struct AwaitDecision {
    context: HandshakeContext,
    exchange: Exchange,
}

impl PendingAuthentication for AwaitDecision {
    fn allow(self: Box<Self>, output: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        let server_key = exchange.peer_key()?;
        let message = exchange.write(&context.metadata)?;
        output.push_command(&command(COMMAND, message));
        Step::wait(AwaitReady { context, keys: exchange.finish()?, server_key })
    }
}

/// XX: all messages have been sent; READY is due.
#[derive(Debug)]
struct AwaitReady {
    context: HandshakeContext,
    keys: Keys,
    server_key: [u8; KEY],
}

impl Handshake for AwaitReady {
    fn max_command_size(&self) -> usize {
        self.context.command_size("READY", TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let Keys { client, mut server } = self.keys;
        let data = expect_command(received, "READY")?;
        let metadata = server.open(&data).ok_or(PeerUntrusted::Unopened("READY"))?;
        let outcome = Outcome::new(Metadata::decode(Bytes::copy_from_slice(&metadata))?)
            .with_encryption(RecordSealer::new(client), RecordOpener::new(server))
            .with_public_key(self.server_key);
        Ok(Step::Done(outcome))
    }
}

/// IK: the server's only message is due.
#[derive(Debug)]
struct AwaitAnswer {
    context: HandshakeContext,
    exchange: Exchange,
}

impl Handshake for AwaitAnswer {
    fn max_command_size(&self) -> usize {
        self.context.command_size(COMMAND, KEY + TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let Self { context, mut exchange } = *self;
        let metadata = exchange.read(&expect_command(received, COMMAND)?)?;
        let server_key = exchange.peer_key()?;
        let Keys { mut client, server } = exchange.finish()?;
        let ready = ready(&mut client, &context.metadata)?;
        let outcome = Outcome::new(Metadata::decode(Bytes::copy_from_slice(&metadata))?)
            .with_final_command(ready)
            .with_encryption(RecordSealer::new(client), RecordOpener::new(server))
            .with_public_key(server_key);
        Ok(Step::Done(outcome))
    }
}
