//! The client's side of NOISE.

use bytes::Bytes;

use super::exchange::{Exchange, Keys, Known};
use super::record::{Opener, Sealer};
use super::{COMMAND, KEY, NoiseClient, Pattern, TAG, ready};
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::{PeerIncompatible, PeerUntrusted};
use crate::mechanism::seed::Seed;
use crate::mechanism::{
    Ciphers, Done, Greetings, Handshake, Result, Step, Undecided, command, expect, own_metadata,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName};

/// What the client waits for.
#[derive(Debug)]
pub(crate) enum Await {
    Answer(AwaitAnswer),
    Ready(AwaitReady),
}

/// The first message has been sent; the server's is awaited.
#[derive(Debug)]
pub(crate) struct AwaitAnswer {
    client: NoiseClient,
    exchange: Exchange,
}

/// XX: the server has proven who it is. Whether to show it this side's key is awaited.
#[derive(Debug)]
pub(crate) struct AwaitDecision {
    exchange: Exchange,
}

/// XX: all messages have been sent; READY is awaited.
#[derive(Debug)]
pub(crate) struct AwaitReady {
    keys: Keys,
    /// The server's.
    public_key: [u8; KEY],
}

pub(in crate::mechanism) fn start(
    client: &NoiseClient,
    seed: Seed,
    greetings: &Greetings,
    output: &mut Batch,
) -> Result<Step> {
    if !greetings.peer_is_server {
        return Err(PeerIncompatible::Role { as_server: false }.into());
    }
    let pattern = client.pattern;
    // With XX the key is learnt, and compared then.
    let server = client.server_key.as_ref().filter(|_| pattern == Pattern::Ik);
    let known = Known {
        pattern,
        secret: client.keys.secret_key().expose(),
        server: server.map(|key| key.as_bytes()),
    };
    let mut exchange = Exchange::client(&known, &seed, greetings)?;
    output.push_command(&command(COMMAND, exchange.write(&[])?));
    let state = AwaitAnswer { client: client.clone(), exchange };
    Ok(Step::Await(Handshake::NoiseClient(Await::Answer(state))))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        let size = match self {
            Self::Answer(AwaitAnswer { client, .. }) => match client.pattern {
                Pattern::Xx => return b"\x05NOISE".len() + KEY + KEY + TAG + TAG,
                Pattern::Ik => b"\x05NOISE".len() + KEY + TAG,
            },
            Self::Ready(_) => b"\x05READY".len() + TAG,
        };
        size.saturating_add(limits.max_metadata_size)
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Answer(state) => state.handle(&expect(received, COMMAND)?, config, output),
            Self::Ready(state) => state.handle(&expect(received, "READY")?),
        }
    }
}

impl AwaitAnswer {
    fn handle(self, message: &[u8], config: &ConnectionConfig, output: &mut Batch) -> Result<Step> {
        match self.client.pattern {
            Pattern::Xx => self.handle_xx(message, config, output),
            Pattern::Ik => self.handle_ik(message, config),
        }
    }

    fn handle_xx(
        mut self,
        message: &[u8],
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        self.exchange.read_empty(message)?;
        let public_key = self.exchange.peer_key()?;
        let decided = AwaitDecision { exchange: self.exchange };
        match self.client.server_key {
            Some(pinned) if *pinned.as_bytes() == public_key => decided.allowed(config, output),
            Some(_) => Err(PeerUntrusted::ForeignServer.into()),
            None => {
                let request = AuthenticationRequest {
                    mechanism: MechanismName::NOISE,
                    credentials: Credentials::PublicKey(public_key),
                };
                Ok(Step::Ask(request, Undecided::NoiseClient(decided)))
            }
        }
    }

    fn handle_ik(mut self, message: &[u8], config: &ConnectionConfig) -> Result<Step> {
        let metadata = self.exchange.read(message)?;
        let public_key = self.exchange.peer_key()?;
        let Keys { mut client, server } = self.exchange.finish()?;
        let last_word = ready(&mut client, config)?;
        let metadata = Metadata::decode(Bytes::copy_from_slice(&metadata))?;
        Ok(Step::Done(Done {
            metadata,
            last_word: Some(last_word),
            ciphers: Some(Ciphers::noise(Sealer::new(client), Opener::new(server))),
            public_key: Some(public_key),
        }))
    }
}

impl AwaitDecision {
    pub(in crate::mechanism) fn allowed(
        mut self,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        let public_key = self.exchange.peer_key()?;
        let message = self.exchange.write(&own_metadata(config))?;
        output.push_command(&command(COMMAND, message));
        let state = AwaitReady { keys: self.exchange.finish()?, public_key };
        Ok(Step::Await(Handshake::NoiseClient(Await::Ready(state))))
    }
}

impl AwaitReady {
    fn handle(self, data: &[u8]) -> Result<Step> {
        let Keys { client, mut server } = self.keys;
        let metadata = server.open(data).ok_or(PeerUntrusted::Unopened("READY"))?;
        Ok(Step::Done(Done {
            metadata: Metadata::decode(Bytes::copy_from_slice(&metadata))?,
            last_word: None,
            ciphers: Some(Ciphers::noise(Sealer::new(client), Opener::new(server))),
            public_key: Some(self.public_key),
        }))
    }
}
