//! The server's side of NOISE.

use bytes::Bytes;

use super::exchange::{Exchange, Keys, Known};
use super::record::{Opener, Sealer};
use super::{COMMAND, KEY, NoiseServer, Pattern, TAG, ready};
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

/// What the server waits for.
#[derive(Debug)]
pub(crate) enum Await {
    Request(AwaitRequest),
    Proof(AwaitProof),
    Ready(AwaitReady),
}

/// Nothing has been said yet.
#[derive(Debug)]
pub(crate) struct AwaitRequest {
    pattern: Pattern,
    exchange: Exchange,
}

/// XX: this side has shown its key; the client's is awaited.
#[derive(Debug)]
pub(crate) struct AwaitProof {
    exchange: Exchange,
}

/// The client has shown its key. Whether to go on with it is awaited.
#[derive(Debug)]
pub(crate) enum AwaitDecision {
    Xx(Proven),
    Ik(Shown),
}

/// XX: all messages have come. The client has proven the key to be its own.
#[derive(Debug)]
pub(crate) struct Proven {
    keys: Keys,
    metadata: Bytes,
    /// The client's.
    public_key: [u8; KEY],
}

/// IK: this side's message is due. What the client has sent may be something old.
#[derive(Debug)]
pub(crate) struct Shown {
    exchange: Exchange,
}

/// IK: all messages have been sent; READY is awaited, which only the client can say, and only now.
#[derive(Debug)]
pub(crate) struct AwaitReady {
    keys: Keys,
    /// The client's.
    public_key: [u8; KEY],
}

pub(in crate::mechanism) fn start(
    server: &NoiseServer,
    seed: Seed,
    greetings: &Greetings,
) -> Result<Step> {
    if greetings.peer_is_server {
        return Err(PeerIncompatible::Role { as_server: true }.into());
    }
    let pattern = server.pattern;
    let known = Known { pattern, secret: server.keys.secret_key().expose(), server: None };
    let exchange = Exchange::server(&known, &seed, greetings)?;
    let state = AwaitRequest { pattern, exchange };
    Ok(Step::Await(Handshake::NoiseServer(Await::Request(state))))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        let size = match self {
            Self::Request(AwaitRequest { pattern, .. }) => match pattern {
                Pattern::Xx => return b"\x05NOISE".len() + KEY,
                Pattern::Ik => return b"\x05NOISE".len() + KEY + KEY + TAG + TAG,
            },
            Self::Proof(_) => b"\x05NOISE".len() + KEY + TAG + TAG,
            Self::Ready(_) => b"\x05READY".len() + TAG,
        };
        size.saturating_add(limits.max_metadata_size)
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Request(state) => state.handle(&expect(received, COMMAND)?, output),
            Self::Proof(state) => state.handle(&expect(received, COMMAND)?),
            Self::Ready(state) => state.handle(&expect(received, "READY")?),
        }
    }
}

impl AwaitRequest {
    fn handle(mut self, message: &[u8], output: &mut Batch) -> Result<Step> {
        self.exchange.read_empty(message)?;
        match self.pattern {
            Pattern::Xx => {
                output.push_command(&command(COMMAND, self.exchange.write(&[])?));
                let state = AwaitProof { exchange: self.exchange };
                Ok(Step::Await(Handshake::NoiseServer(Await::Proof(state))))
            }
            Pattern::Ik => {
                let public_key = self.exchange.peer_key()?;
                Ok(ask(public_key, AwaitDecision::Ik(Shown { exchange: self.exchange })))
            }
        }
    }
}

impl AwaitProof {
    fn handle(mut self, message: &[u8]) -> Result<Step> {
        let metadata = Bytes::copy_from_slice(&self.exchange.read(message)?);
        let public_key = self.exchange.peer_key()?;
        let keys = self.exchange.finish()?;
        Ok(ask(public_key, AwaitDecision::Xx(Proven { keys, metadata, public_key })))
    }
}

fn ask(public_key: [u8; KEY], state: AwaitDecision) -> Step {
    let credentials = Credentials::PublicKey(public_key);
    let request = AuthenticationRequest { mechanism: MechanismName::NOISE, credentials };
    Step::Ask(request, Undecided::NoiseServer(state))
}

impl AwaitDecision {
    pub(in crate::mechanism) fn allowed(
        self,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Xx(Proven { keys: Keys { client, mut server }, metadata, public_key }) => {
                let metadata = Metadata::decode(metadata)?;
                let last_word = Some(ready(&mut server, config)?);
                let ciphers = Some(Ciphers::noise(Sealer::new(server), Opener::new(client)));
                let public_key = Some(public_key);
                Ok(Step::Done(Done { metadata, last_word, ciphers, public_key }))
            }
            Self::Ik(Shown { mut exchange }) => {
                output.push_command(&command(COMMAND, exchange.write(&own_metadata(config))?));
                let public_key = exchange.peer_key()?;
                let state = AwaitReady { keys: exchange.finish()?, public_key };
                Ok(Step::Await(Handshake::NoiseServer(Await::Ready(state))))
            }
        }
    }
}

impl AwaitReady {
    fn handle(self, data: &[u8]) -> Result<Step> {
        let Keys { mut client, server } = self.keys;
        let metadata = client.open(data).ok_or(PeerUntrusted::Unopened("READY"))?;
        Ok(Step::Done(Done {
            metadata: Metadata::decode(Bytes::copy_from_slice(&metadata))?,
            last_word: None,
            ciphers: Some(Ciphers::noise(Sealer::new(server), Opener::new(client))),
            public_key: Some(self.public_key),
        }))
    }
}
