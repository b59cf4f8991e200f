//! The client's side of CURVE.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::boxes::{BoxKey, TAG};
use super::nonce::{self, Purpose};
use super::record::{Opener, Sealer};
use super::{CurveClient, cookie, vouch};
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::seed::Seed;
use crate::mechanism::{
    Ciphers, Done, Handshake, Result, Step, command, expect, own_metadata, x25519,
};
use crate::metadata::Metadata;
use crate::wire::{Command, Reader};

/// What the client waits for.
#[derive(Debug)]
pub(crate) enum Await {
    Welcome(AwaitWelcome),
    Ready(AwaitReady),
}

/// HELLO has been sent.
#[derive(Debug)]
pub(crate) struct AwaitWelcome {
    client: CurveClient,
    seed: Seed,
    /// c' and C'.
    short_term: (Zeroizing<[u8; 32]>, [u8; 32]),
    /// Between c' and S.
    key: BoxKey,
}

/// INITIATE has been sent.
#[derive(Debug)]
pub(crate) struct AwaitReady {
    client: CurveClient,
    /// Between c' and S'.
    key: BoxKey,
}

/// The server's key is no key that a server could have.
const UNFIT: PeerUntrusted = PeerUntrusted::UnfitKey("server key");

/// The numbers of the commands a client sends. Its records are numbered from then on.
const HELLO: u64 = 1;
const INITIATE: u64 = 2;

pub(in crate::mechanism) fn start(
    client: &CurveClient,
    seed: Seed,
    output: &mut Batch,
) -> Result<Step> {
    let secret = seed.secret_key();
    let public = x25519::public_key(&secret);
    let key = BoxKey::between(client.server_key.as_bytes(), &secret).ok_or(UNFIT)?;
    let signature = key.seal(&Purpose::HELLO.nonce(HELLO), &[&[0; 64]]);
    // Version 1.0, and as many zeros as make HELLO longer than WELCOME: nobody gains by sending
    // it in somebody else's name.
    let front = [&[1, 0][..], &[0; 72]].concat();
    let data = [&front[..], &public, &HELLO.to_be_bytes(), &signature].concat();
    output.push_command(&command("HELLO", data));
    let client = client.clone();
    let state = AwaitWelcome { client, seed, short_term: (secret, public), key };
    Ok(Step::Await(Handshake::CurveClient(Await::Welcome(state))))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        match self {
            Self::Welcome(_) => b"\x07WELCOME".len() + WELCOME_DATA,
            Self::Ready(_) => {
                (b"\x05READY".len() + 8 + TAG).saturating_add(limits.max_metadata_size)
            }
        }
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Welcome(state) => state.handle(&expect(received, "WELCOME")?, config, output),
            Self::Ready(state) => state.handle(expect(received, "READY")?),
        }
    }
}

impl AwaitWelcome {
    fn handle(self, data: &[u8], config: &ConnectionConfig, output: &mut Batch) -> Result<Step> {
        let Self { client, seed, short_term: (secret, public), key } = self;
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
        let vouch = vouch::seal(&vouch_key, &public, server_key, &seed.first_nonce());
        let key = BoxKey::between(server, &secret).ok_or(UNFIT)?;
        let parts = [client.public_key().as_bytes(), &vouch[..], &own_metadata(config)];
        let sealed = key.seal(&Purpose::INITIATE.nonce(INITIATE), &parts);
        let data = [cookie, &INITIATE.to_be_bytes(), &sealed].concat();
        output.push_command(&command("INITIATE", data));
        Ok(Step::Await(Handshake::CurveClient(Await::Ready(AwaitReady { client, key }))))
    }
}

impl AwaitReady {
    fn handle(self, data: Bytes) -> Result<Step> {
        let mut reader = Reader::new(data);
        let number = reader.u64().ok_or(PeerMisbehaved::CommandLayout("READY"))?;
        let metadata = self
            .key
            .open(&Purpose::READY.nonce(number), &reader.rest())
            .ok_or(PeerUntrusted::Unopened("READY"))?;
        let ciphers = Ciphers::curve(
            Sealer::new(self.key.clone(), Purpose::CLIENT_MESSAGE, INITIATE),
            Opener::new(self.key, Purpose::SERVER_MESSAGE, number),
        );
        let metadata = Metadata::decode(Bytes::copy_from_slice(&metadata))?;
        let public_key = Some(*self.client.server_key.as_bytes());
        Ok(Step::Done(Done { metadata, last_word: None, ciphers: Some(ciphers), public_key }))
    }
}

/// What follows the name of a WELCOME.
const WELCOME_DATA: usize = 16 + TAG + 32 + cookie::SIZE;
