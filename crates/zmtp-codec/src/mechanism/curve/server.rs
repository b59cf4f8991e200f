//! The server role of CURVE.

use bytes::Bytes;

use super::boxes::{BoxKey, TAG};
use super::cookie::{self, Cookie, CookieKey};
use super::nonce::{self, Purpose};
use super::record::{RecordOpener, RecordSealer};
use super::vouch;
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::{
    CurveKeyPair, CurvePublicKey, Handshake, HandshakeContext, Mechanism, Outcome,
    PendingAuthentication, Result, Seed, Step, command, command_size, expect_command, x25519,
};
use crate::metadata::Metadata;
use crate::wire::{Command, MechanismName, Reader};

/// A CURVE server: proves to own its key, asks whether the client's key is
/// [accepted](crate::Event::Authenticate), and encrypts (26/CURVEZMQ).
///
/// The connection needs [randomness](crate::Connection::with_entropy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveServer {
    keys: CurveKeyPair,
}

impl CurveServer {
    /// Makes a server with these keys.
    pub fn new(keys: CurveKeyPair) -> Self {
        Self { keys }
    }

    /// The server's public key, which clients have to know.
    pub fn public_key(&self) -> &CurvePublicKey {
        self.keys.public_key()
    }
}

/// The number of the only command that a server sends. Its records are numbered from there on.
const READY: u64 = 1;

/// The bytes behind the name of a HELLO.
const HELLO_DATA: usize = 2 + 72 + 32 + 8 + TAG + 64;

/// The bytes behind the name of an INITIATE without metadata.
const INITIATE_DATA: usize = cookie::SIZE + 8 + TAG + 32 + vouch::SIZE;

impl Mechanism for CurveServer {
    fn name(&self) -> MechanismName {
        MechanismName::CURVE
    }

    fn is_server(&self) -> bool {
        true
    }

    fn start(&self, mut context: HandshakeContext, _: &mut Batch) -> Result<Step> {
        let seed = context.take_seed()?;
        Step::wait(AwaitHello { context, server: self.clone(), seed })
    }
}

#[derive(Debug)]
struct AwaitHello {
    context: HandshakeContext,
    server: CurveServer,
    seed: Seed,
}

impl Handshake for AwaitHello {
    fn max_command_size(&self) -> usize {
        command_size("HELLO", HELLO_DATA)
    }

    fn handle(self: Box<Self>, received: Command, output: &mut Batch) -> Result<Step> {
        let Self { context, server, seed } = *self;
        let hello = Hello::read(expect_command(received, "HELLO")?)
            .ok_or(PeerMisbehaved::CommandLayout("HELLO"))?;
        // Between C' and s.
        let key = BoxKey::between(&hello.client, server.keys.secret_key().expose())
            .ok_or(PeerUntrusted::UnfitKey("short-term key"))?;
        let nonce = Purpose::HELLO.nonce(hello.number);
        let signature = key.open(&nonce, &hello.signature);
        if signature.is_none_or(|zeros| *zeros != [0; 64]) {
            return Err(PeerUntrusted::Unopened("HELLO").into());
        }

        let cookie_key = CookieKey::new(seed.bytes::<32, 32>());
        let cookie = Cookie { client: hello.client, secret: seed.bytes::<0, 32>() };
        let public = x25519::public_key(&cookie.secret);
        let sealed_cookie = cookie_key.seal(&cookie, &seed.bytes::<64, 16>());
        let random = seed.bytes::<80, 16>();
        let sealed = key.seal(&nonce::welcome(&random), &[&public, &sealed_cookie]);
        output.push_command(&command("WELCOME", [&random[..], &sealed].concat()));
        Step::wait(AwaitInitiate { context, server, cookie_key })
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

/// WELCOME has been sent. Everything known about the client is in the cookie.
#[derive(Debug)]
struct AwaitInitiate {
    context: HandshakeContext,
    server: CurveServer,
    cookie_key: CookieKey,
}

impl Handshake for AwaitInitiate {
    // CVE-2019-13132: the size is checked before the command is read.
    fn max_command_size(&self) -> usize {
        self.context.command_size("INITIATE", INITIATE_DATA)
    }

    fn handle(self: Box<Self>, received: Command, _: &mut Batch) -> Result<Step> {
        let layout = PeerMisbehaved::CommandLayout("INITIATE");
        let mut reader = Reader::new(expect_command(received, "INITIATE")?);
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
        let vouched = vouch::open(&vouch_key, &vouch).ok_or(PeerUntrusted::Unopened("vouch"))?;
        if vouched != (cookie.client, *self.server.public_key().as_bytes()) {
            return Err(PeerUntrusted::ForeignVouch.into());
        }
        let credentials = Credentials::PublicKey(client);
        let request = AuthenticationRequest::new(MechanismName::CURVE, credentials);
        let own_metadata = self.context.metadata;
        let pending = AwaitDecision { own_metadata, key, last_number, client, metadata };
        Ok(Step::Ask(request, Box::new(pending)))
    }
}

/// The fields of an INITIATE.
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

/// The client has proven to own its key.
#[derive(Debug)]
struct AwaitDecision {
    own_metadata: Bytes,
    /// Between C' and s'.
    key: BoxKey,
    /// The number of INITIATE.
    last_number: u64,
    /// C.
    client: [u8; 32],
    metadata: Bytes,
}

impl PendingAuthentication for AwaitDecision {
    fn allow(self: Box<Self>, _: &mut Batch) -> Result<Step> {
        let metadata = Metadata::decode(self.metadata)?;
        let sealed = self.key.seal(&Purpose::READY.nonce(READY), &[&self.own_metadata]);
        let data = [&READY.to_be_bytes()[..], &sealed].concat().into();
        let outcome = Outcome::new(metadata)
            .with_final_command(Command::Ready { data })
            .with_encryption(
                RecordSealer::new(self.key.clone(), Purpose::SERVER_MESSAGE, READY),
                RecordOpener::new(self.key, Purpose::CLIENT_MESSAGE, self.last_number),
            )
            .with_public_key(self.client);
        Ok(Step::Done(outcome))
    }
}
