//! The server's side of CURVE.

use bytes::Bytes;

use super::boxes::{BoxKey, TAG};
use super::cookie::{self, Cookie, CookieKey};
use super::nonce::{self, Purpose};
use super::record::{Opener, Sealer};
use super::{CurveServer, vouch};
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::seed::Seed;
use crate::mechanism::{
    Ciphers, Done, Handshake, Result, Step, Undecided, command, expect, own_metadata, x25519,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName, Reader};

/// What the server waits for.
#[derive(Debug)]
pub(crate) enum Await {
    Hello(AwaitHello),
    Initiate(AwaitInitiate),
}

/// Nothing has been said yet.
#[derive(Debug)]
pub(crate) struct AwaitHello {
    server: CurveServer,
    seed: Seed,
}

/// WELCOME has been sent. All that is known of the client is in the cookie.
#[derive(Debug)]
pub(crate) struct AwaitInitiate {
    server: CurveServer,
    cookie_key: CookieKey,
}

/// The client has proven who it is. Whether to be ready for it is awaited.
#[derive(Debug)]
pub(crate) struct AwaitDecision {
    /// Between C' and s'.
    key: BoxKey,
    /// The number of INITIATE.
    last_number: u64,
    /// C.
    client: [u8; 32],
    metadata: Bytes,
}

/// The number of the command a server sends. Its records are numbered from then on.
const READY: u64 = 1;

pub(in crate::mechanism) fn start(server: &CurveServer, seed: Seed) -> Step {
    let state = AwaitHello { server: server.clone(), seed };
    Step::Await(Handshake::CurveServer(Await::Hello(state)))
}

impl Await {
    pub(in crate::mechanism) fn max_command_size(&self, limits: &Limits) -> usize {
        match self {
            Self::Hello(_) => b"\x05HELLO".len() + HELLO_DATA,
            // CVE-2019-13132: judged before it is read, and so before anything is made of it.
            Self::Initiate(_) => {
                (b"\x08INITIATE".len() + INITIATE_DATA).saturating_add(limits.max_metadata_size)
            }
        }
    }

    pub(in crate::mechanism) fn handle(
        self,
        received: Command,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Hello(state) => state.handle(expect(received, "HELLO")?, output),
            Self::Initiate(state) => state.handle(expect(received, "INITIATE")?),
        }
    }
}

/// The fields of a HELLO.
struct Hello {
    /// C'.
    client: [u8; 32],
    number: u64,
    signature: Bytes,
}

impl Hello {
    fn read(data: Bytes) -> Option<Self> {
        if data.len() != HELLO_DATA {
            return None;
        }
        let mut reader = Reader::new(data);
        // Version 1.0 and the padding.
        let front = reader.take(2 + 72)?;
        if front[0] != 1 || front[1..].iter().any(|&byte| byte != 0) {
            return None;
        }
        Some(Self { client: reader.array()?, number: reader.u64()?, signature: reader.rest() })
    }
}

impl AwaitHello {
    fn handle(self, data: Bytes, output: &mut Batch) -> Result<Step> {
        let Self { server, seed } = self;
        let hello = Hello::read(data).ok_or(PeerMisbehaved::CommandLayout("HELLO"))?;
        // Between C' and s.
        let key = BoxKey::between(&hello.client, server.keys.secret_key().expose())
            .ok_or(PeerUntrusted::UnfitKey("short-term key"))?;
        let nonce = Purpose::HELLO.nonce(hello.number);
        let signature = key.open(&nonce, &hello.signature);
        if signature.is_none_or(|zeros| *zeros != [0; 64]) {
            return Err(PeerUntrusted::Unopened("HELLO").into());
        }

        let cookie_key = CookieKey::new(&seed);
        let cookie = Cookie { client: hello.client, secret: seed.secret_key() };
        let public = x25519::public_key(&cookie.secret);
        let sealed_cookie = cookie_key.seal(&cookie, &seed.first_nonce());
        let random = seed.second_nonce();
        let sealed = key.seal(&nonce::welcome(&random), &[&public, &sealed_cookie]);
        output.push_command(&command("WELCOME", [&random[..], &sealed].concat()));
        let state = AwaitInitiate { server, cookie_key };
        Ok(Step::Await(Handshake::CurveServer(Await::Initiate(state))))
    }
}

/// What an INITIATE says, once it is opened.
struct Initiate {
    /// C.
    client: [u8; 32],
    vouch: [u8; vouch::SIZE],
    metadata: Bytes,
}

impl Initiate {
    fn read(opened: &[u8]) -> Option<Self> {
        let (client, rest) = opened.split_first_chunk()?;
        let (vouch, metadata) = rest.split_first_chunk()?;
        let metadata = Bytes::copy_from_slice(metadata);
        Some(Self { client: *client, vouch: *vouch, metadata })
    }
}

impl AwaitInitiate {
    fn handle(self, data: Bytes) -> Result<Step> {
        let layout = PeerMisbehaved::CommandLayout("INITIATE");
        let mut reader = Reader::new(data);
        let sealed_cookie = reader.array().ok_or(layout.clone())?;
        let last_number = reader.u64().ok_or(layout.clone())?;
        let cookie = self.cookie_key.open(&sealed_cookie).ok_or(PeerUntrusted::ForeignCookie)?;
        let unfit = || PeerUntrusted::UnfitKey("short-term key");
        let key = BoxKey::between(&cookie.client, &cookie.secret).ok_or_else(unfit)?;
        let opened = key
            .open(&Purpose::INITIATE.nonce(last_number), &reader.rest())
            .ok_or(PeerUntrusted::Unopened("INITIATE"))?;
        let Initiate { client, vouch, metadata } = Initiate::read(&opened).ok_or(layout)?;

        let vouch_key = BoxKey::between(&client, &cookie.secret)
            .ok_or(PeerUntrusted::UnfitKey("public key"))?;
        let (vouched_client, vouched_server) =
            vouch::open(&vouch_key, &vouch).ok_or(PeerUntrusted::Unopened("vouch"))?;
        if vouched_client != cookie.client || vouched_server != *self.server.public_key().as_bytes()
        {
            return Err(PeerUntrusted::ForeignVouch.into());
        }
        let request = AuthenticationRequest {
            mechanism: MechanismName::CURVE,
            credentials: Credentials::PublicKey(client),
        };
        let state = AwaitDecision { key, last_number, client, metadata };
        Ok(Step::Ask(request, Undecided::Curve(state)))
    }
}

impl AwaitDecision {
    pub(in crate::mechanism) fn allowed(self, config: &ConnectionConfig) -> Result<Step> {
        let metadata = Metadata::decode(self.metadata)?;
        let sealed = self.key.seal(&Purpose::READY.nonce(READY), &[&own_metadata(config)]);
        let data = [&READY.to_be_bytes()[..], &sealed].concat().into();
        let ciphers = Ciphers::curve(
            Sealer::new(self.key.clone(), Purpose::SERVER_MESSAGE, READY),
            Opener::new(self.key, Purpose::CLIENT_MESSAGE, self.last_number),
        );
        Ok(Step::Done(Done {
            metadata,
            last_word: Some(Command::Ready { data }),
            ciphers: Some(ciphers),
            public_key: Some(self.client),
        }))
    }
}

/// What follows the name of a HELLO.
const HELLO_DATA: usize = 2 + 72 + 32 + 8 + TAG + 64;

/// What follows the name of an INITIATE without metadata.
const INITIATE_DATA: usize = cookie::SIZE + 8 + TAG + 32 + vouch::SIZE;
