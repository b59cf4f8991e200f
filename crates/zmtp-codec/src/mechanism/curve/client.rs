//! The client role of CURVE.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::boxes::{BoxKey, TAG};
use super::nonce::{self, Purpose};
use super::record::{RecordOpener, RecordSealer};
use super::{cookie, vouch};
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::{
    CurveKeyPair, CurvePublicKey, Handshake, HandshakeContext, Mechanism, Outcome, Result, Seed,
    Step, command, command_size, expect_command, x25519,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName, Reader};

/// A CURVE client: requires the server to own a known key, proves to own a key itself, and encrypts
/// (26/CURVEZMQ).
///
/// The connection needs [randomness](crate::Connection::with_entropy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveClient {
    keys: CurveKeyPair,
    server_key: CurvePublicKey,
}

impl CurveClient {
    /// Makes a client with these keys, for the server that owns `server_key`.
    pub fn new(keys: CurveKeyPair, server_key: CurvePublicKey) -> Self {
        Self { keys, server_key }
    }

    /// The client's public key.
    pub fn public_key(&self) -> &CurvePublicKey {
        self.keys.public_key()
    }

    /// The server's public key.
    pub fn server_key(&self) -> &CurvePublicKey {
        &self.server_key
    }
}

/// The numbers of the commands that a client sends. Its records are numbered from there on.
const HELLO: u64 = 1;
const INITIATE: u64 = 2;

/// The bytes behind the name of a WELCOME.
const WELCOME_DATA: usize = 16 + TAG + 32 + cookie::SIZE;

const UNFIT: PeerUntrusted = PeerUntrusted::UnfitKey("server key");

impl Mechanism for CurveClient {
    fn name(&self) -> MechanismName {
        MechanismName::CURVE
    }

    fn is_server(&self) -> bool {
        false
    }

    fn start(&self, mut context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        let seed = context.take_seed()?;
        let secret = seed.bytes::<0, 32>();
        let public = x25519::public_key(&secret);
        let key = BoxKey::between(self.server_key.as_bytes(), &secret).ok_or(UNFIT)?;
        let signature = key.seal(&Purpose::HELLO.nonce(HELLO), &[&[0; 64]]);
        // Version 1.0, then zeros that make HELLO longer than WELCOME: a forged sender address
        // amplifies nothing.
        let front = [&[1, 0][..], &[0; 72]].concat();
        let data = [&front[..], &public, &HELLO.to_be_bytes(), &signature].concat();
        output.push_command(&command("HELLO", data));
        let client = self.clone();
        Step::wait(AwaitWelcome { context, client, seed, secret, public, key })
    }
}

#[derive(Debug)]
struct AwaitWelcome {
    context: HandshakeContext,
    client: CurveClient,
    seed: Seed,
    /// c'.
    secret: Zeroizing<[u8; 32]>,
    /// C'.
    public: [u8; 32],
    /// Between c' and S.
    key: BoxKey,
}

impl Handshake for AwaitWelcome {
    fn max_command_size(&self) -> usize {
        command_size("WELCOME", WELCOME_DATA)
    }

    fn handle(self: Box<Self>, received: Command, output: &mut Batch) -> Result<Step> {
        let Self { context, client, seed, secret, public, key } = *self;
        let data = expect_command(received, "WELCOME")?;
        let layout = PeerMisbehaved::CommandLayout("WELCOME");
        if data.len() != WELCOME_DATA {
            return Err(layout.into());
        }
        let (random, sealed) = data.split_first_chunk().ok_or(layout.clone())?;
        let opened =
            key.open(&nonce::welcome(random), sealed).ok_or(PeerUntrusted::Unopened("WELCOME"))?;
        let (server, cookie) = opened.split_first_chunk::<32>().ok_or(layout)?;

        let vouch_key = BoxKey::between(server, client.keys.secret_key().expose()).ok_or(UNFIT)?;
        let server_key = client.server_key.as_bytes();
        let vouch = vouch::seal(&vouch_key, &public, server_key, &seed.bytes::<64, 16>());
        let key = BoxKey::between(server, &secret).ok_or(UNFIT)?;
        let parts = [client.public_key().as_bytes(), &vouch[..], &context.metadata];
        let sealed = key.seal(&Purpose::INITIATE.nonce(INITIATE), &parts);
        let data = [cookie, &INITIATE.to_be_bytes(), &sealed].concat();
        output.push_command(&command("INITIATE", data));
        Step::wait(AwaitReady { context, client, key })
    }
}

#[derive(Debug)]
struct AwaitReady {
    context: HandshakeContext,
    client: CurveClient,
    /// Between c' and S'.
    key: BoxKey,
}

impl Handshake for AwaitReady {
    fn max_command_size(&self) -> usize {
        self.context.command_size("READY", 8 + TAG)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let mut reader = Reader::new(expect_command(received, "READY")?);
        let number = reader.u64().ok_or(PeerMisbehaved::CommandLayout("READY"))?;
        let metadata = self
            .key
            .open(&Purpose::READY.nonce(number), &reader.rest())
            .ok_or(PeerUntrusted::Unopened("READY"))?;
        let metadata = Metadata::decode(Bytes::copy_from_slice(&metadata))?;
        let outcome = Outcome::new(metadata)
            .with_encryption(
                RecordSealer::new(self.key.clone(), Purpose::CLIENT_MESSAGE, INITIATE),
                RecordOpener::new(self.key, Purpose::SERVER_MESSAGE, number),
            )
            .with_public_key(*self.client.server_key.as_bytes());
        Ok(Step::Done(outcome))
    }
}
