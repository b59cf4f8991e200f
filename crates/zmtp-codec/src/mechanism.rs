//! Security mechanisms: what is said between the greeting and the first message.
//!
//! ```text
//!          start            handle(command)
//!   ------------> Handshake ----------------> Step::Done
//!                  ^     |
//!     Step::Await, |     | Step::Ask
//!     Step::Ask    |     v
//!                 Undecided      and out of here only allowed() leads
//! ```

mod cipher;
#[cfg(feature = "curve")]
mod curve;
#[cfg(feature = "__cipher")]
mod keys;
#[cfg(feature = "noise")]
mod noise;
mod null;
mod plain;
mod seed;
#[cfg(feature = "__cipher")]
mod x25519;

use bytes::Bytes;

pub(crate) use cipher::{Ciphers, Opener, Opening, Sealer};
#[cfg(feature = "curve")]
pub use curve::{CurveClient, CurveServer};
#[cfg(feature = "__cipher")]
pub use keys::KeyError;
#[cfg(feature = "curve")]
pub use keys::{CurveKeyPair, CurvePublicKey, CurveSecretKey};
#[cfg(feature = "noise")]
pub use keys::{NoiseKeyPair, NoisePublicKey, NoiseSecretKey};
#[cfg(feature = "noise")]
pub use noise::{NoiseClient, NoiseServer};
pub use plain::{PlainClient, PlainClientError};
pub(crate) use seed::Seed;

use crate::authentication::AuthenticationRequest;
use crate::batch::Batch;
use crate::config::{ConnectionConfig, Limits};
use crate::error::{PeerMisbehaved, ProtocolError};
use crate::metadata::Metadata;
use crate::wire::{Command, Greeting, MechanismName};

/// How the two sides prove who they are, and whether they encrypt.
///
/// Both sides need the same mechanism; where it has roles, one is the client and one the server.
/// That has nothing to do with who connects and who binds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// No security: for networks where everyone may talk to everyone (37/ZMTP, "The NULL
    /// Security Mechanism").
    Null,
    /// Shows a name and a password, both in clear (24/ZMTP-PLAIN).
    PlainClient(PlainClient),
    /// Asks for a name and a password, and then [whether they will
    /// do](crate::Event::Authenticate) (24/ZMTP-PLAIN).
    PlainServer,
    /// Knows the server by its key, proves to have one itself, and encrypts (25/ZMTP-CURVE).
    ///
    /// A connection with CURVE takes
    /// [randomness](crate::Connection::with_entropy), on either side.
    #[cfg(feature = "curve")]
    CurveClient(CurveClient),
    /// Proves to be the server that has its key, learns the client's, and then [asks whether that
    /// will do](crate::Event::Authenticate); encrypts (25/ZMTP-CURVE).
    #[cfg(feature = "curve")]
    CurveServer(CurveServer),
    /// Begins a Noise handshake: knows the server by its key or asks about it, proves to have a key
    /// itself, and encrypts (`docs/noise.md`).
    ///
    /// A connection with NOISE takes [randomness](crate::Connection::with_entropy), on either side.
    #[cfg(feature = "noise")]
    NoiseClient(NoiseClient),
    /// Answers a Noise handshake: proves to be the server that has its key, learns the client's, and
    /// then [asks whether that will do](crate::Event::Authenticate); encrypts (`docs/noise.md`).
    #[cfg(feature = "noise")]
    NoiseServer(NoiseServer),
}

impl Mechanism {
    /// The name that the greeting announces.
    pub fn name(&self) -> MechanismName {
        match self {
            Self::Null => MechanismName::NULL,
            Self::PlainClient(_) | Self::PlainServer => MechanismName::PLAIN,
            #[cfg(feature = "curve")]
            Self::CurveClient(_) | Self::CurveServer(_) => MechanismName::CURVE,
            #[cfg(feature = "noise")]
            Self::NoiseClient(client) => client.pattern().mechanism(),
            #[cfg(feature = "noise")]
            Self::NoiseServer(server) => server.pattern().mechanism(),
        }
    }

    /// Whether this side has the server's part in the handshake.
    pub fn is_server(&self) -> bool {
        match self {
            Self::Null | Self::PlainClient(_) => false,
            Self::PlainServer => true,
            #[cfg(feature = "curve")]
            Self::CurveClient(_) => false,
            #[cfg(feature = "curve")]
            Self::CurveServer(_) => true,
            #[cfg(feature = "noise")]
            Self::NoiseClient(_) => false,
            #[cfg(feature = "noise")]
            Self::NoiseServer(_) => true,
        }
    }
}

/// The greetings of both sides, as they were sent.
#[derive(Debug)]
#[cfg_attr(not(feature = "noise"), expect(dead_code))]
pub(crate) struct Greetings {
    pub(crate) ours: [u8; Greeting::SIZE],
    pub(crate) theirs: [u8; Greeting::SIZE],
    /// Whether the peer says that it has the server's part.
    pub(crate) peer_is_server: bool,
}

/// A handshake that waits for the peer's next command.
///
/// Each mechanism is a set of states, taken by value: a handshake that failed is gone.
#[derive(Debug)]
pub(crate) enum Handshake {
    Null(null::AwaitReady),
    PlainClient(plain::client::Await),
    PlainServer(plain::server::Await),
    #[cfg(feature = "curve")]
    CurveClient(curve::client::Await),
    #[cfg(feature = "curve")]
    CurveServer(curve::server::Await),
    #[cfg(feature = "noise")]
    NoiseClient(noise::client::Await),
    #[cfg(feature = "noise")]
    NoiseServer(noise::server::Await),
}

/// A handshake that waits for the decision whether the peer may go on. Nothing but
/// [`allowed`](Self::allowed) leads out of it.
#[derive(Debug)]
pub(crate) enum Undecided {
    Null(null::AwaitDecision),
    Plain(plain::server::AwaitDecision),
    #[cfg(feature = "curve")]
    Curve(curve::server::AwaitDecision),
    #[cfg(feature = "noise")]
    NoiseClient(noise::client::AwaitDecision),
    #[cfg(feature = "noise")]
    NoiseServer(noise::server::AwaitDecision),
}

/// Where a handshake has been taken.
#[derive(Debug)]
pub(crate) enum Step {
    /// The peer's next command is due.
    Await(Handshake),
    /// Somebody has to decide whether the peer may go on.
    Ask(AuthenticationRequest, Undecided),
    /// Both sides have said all there is to say.
    Done(Done),
}

/// What a handshake has come to.
#[derive(Debug)]
pub(crate) struct Done {
    /// What the peer said about itself.
    pub(crate) metadata: Metadata,
    /// What this side says last, unless it takes offence at the metadata.
    pub(crate) last_word: Option<Command>,
    /// What seals and opens everything from then on, where the mechanism encrypts.
    pub(crate) ciphers: Option<Ciphers>,
    /// The key the peer has proven to be its own.
    pub(crate) public_key: Option<[u8; 32]>,
}

impl Done {
    /// Without encryption.
    fn in_clear(metadata: Metadata, last_word: Option<Command>) -> Self {
        Self { metadata, last_word, ciphers: None, public_key: None }
    }
}

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

impl Handshake {
    /// Says the first words, if they are this side's.
    pub(crate) fn start(
        config: &ConnectionConfig,
        seed: Option<Seed>,
        greetings: &Greetings,
        output: &mut Batch,
    ) -> Result<Step> {
        #[cfg(feature = "__cipher")]
        let seed = move || seed.ok_or(ProtocolError::NoEntropy);
        #[cfg(not(feature = "__cipher"))]
        drop(seed);
        #[cfg(not(feature = "noise"))]
        let _ = greetings;
        match &config.mechanism {
            Mechanism::Null => Ok(null::start(config, output)),
            Mechanism::PlainClient(client) => Ok(plain::client::start(client, output)),
            Mechanism::PlainServer => Ok(plain::server::start()),
            #[cfg(feature = "curve")]
            Mechanism::CurveClient(client) => curve::client::start(client, seed()?, output),
            #[cfg(feature = "curve")]
            Mechanism::CurveServer(server) => Ok(curve::server::start(server, seed()?)),
            #[cfg(feature = "noise")]
            Mechanism::NoiseClient(client) => {
                noise::client::start(client, seed()?, greetings, output)
            }
            #[cfg(feature = "noise")]
            Mechanism::NoiseServer(server) => noise::server::start(server, seed()?, greetings),
        }
    }

    /// The bytes that the body of the peer's next command may have.
    pub(crate) fn max_command_size(&self, limits: &Limits) -> usize {
        let expected = match self {
            Self::Null(_) => null::max_command_size(limits),
            Self::PlainClient(state) => state.max_command_size(limits),
            Self::PlainServer(state) => state.max_command_size(limits),
            #[cfg(feature = "curve")]
            Self::CurveClient(state) => state.max_command_size(limits),
            #[cfg(feature = "curve")]
            Self::CurveServer(state) => state.max_command_size(limits),
            #[cfg(feature = "noise")]
            Self::NoiseClient(state) => state.max_command_size(limits),
            #[cfg(feature = "noise")]
            Self::NoiseServer(state) => state.max_command_size(limits),
        };
        // At any time an ERROR may come instead.
        expected.max(ERROR_MAX).min(limits.max_command_size)
    }

    /// Whether the flags of its frames have to be right. NOISE lets nothing be changed on the way,
    /// and is not libzmq's, which does not look at them.
    pub(crate) fn holds_flags(&self) -> bool {
        match self {
            #[cfg(feature = "noise")]
            Self::NoiseClient(_) | Self::NoiseServer(_) => true,
            _ => false,
        }
    }

    /// Takes the peer's next command.
    pub(crate) fn handle(
        self,
        command: Command,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Step> {
        match self {
            Self::Null(state) => state.handle(command),
            Self::PlainClient(state) => state.handle(command, config, output),
            Self::PlainServer(state) => state.handle(command, config),
            #[cfg(feature = "curve")]
            Self::CurveClient(state) => state.handle(command, config, output),
            #[cfg(feature = "curve")]
            Self::CurveServer(state) => state.handle(command, output),
            #[cfg(feature = "noise")]
            Self::NoiseClient(state) => state.handle(command, config, output),
            #[cfg(feature = "noise")]
            Self::NoiseServer(state) => state.handle(command, output),
        }
    }
}

impl Undecided {
    /// Goes on, now that the peer may.
    pub(crate) fn allowed(self, config: &ConnectionConfig, output: &mut Batch) -> Result<Step> {
        match self {
            Self::Null(state) => Ok(state.allowed(config, output)),
            Self::Plain(state) => Ok(state.allowed(output)),
            #[cfg(feature = "curve")]
            Self::Curve(state) => state.allowed(config),
            #[cfg(feature = "noise")]
            Self::NoiseClient(state) => state.allowed(config, output),
            #[cfg(feature = "noise")]
            Self::NoiseServer(state) => state.allowed(config, output),
        }
    }
}

/// What this side says about itself, encoded.
fn own_metadata(config: &ConnectionConfig) -> Bytes {
    let mut wire = Vec::new();
    Metadata::announcing(config.socket_type, config.routing_id.as_ref()).encode(&mut wire);
    config.metadata.encode(&mut wire);
    wire.into()
}

/// Reads the data of a command, which has to be of this name.
fn expect(command: Command, expected: &'static str) -> Result<Bytes> {
    match command {
        Command::Ready { data } if expected == "READY" => Ok(data),
        Command::Unknown { name, data } if name == expected => Ok(data),
        other => {
            let received = String::from_utf8_lossy(other.name()).into_owned();
            Err(PeerMisbehaved::UnexpectedCommand { received, expected }.into())
        }
    }
}

/// Makes a command that only a handshake has.
fn command(name: &'static str, data: impl Into<Bytes>) -> Command {
    Command::Unknown { name: Bytes::from_static(name.as_bytes()), data: data.into() }
}

/// The most bytes that the body of an ERROR command has.
const ERROR_MAX: usize = 1 + 5 + 1 + 255;
