//! Security mechanisms: the handshake between the greeting and the first message.
//!
//! A [`Mechanism`] is configuration. For each connection it starts a [`Handshake`], a state that
//! takes the peer's next command:
//!
//! ```text
//!             start           handle(command)
//! Mechanism ---------> Handshake ---------> Step::Done
//!                       ^     |
//!          Step::Await, |     | Step::Ask
//!          Step::Ask    |     v
//!               PendingAuthentication      only allow() leads out of it
//! ```
//!
//! States are consumed by each step: a handshake that failed is gone. A mechanism that encrypts ends
//! with a [`Sealer`] and an [`Opener`] for the traffic.
//!
//! NULL, PLAIN, CURVE and NOISE are implemented here. Another crate can add a mechanism by
//! implementing these traits; `tests/custom_mechanism.rs` shows a complete one.

#[cfg(feature = "curve")]
mod curve;
mod encryption;
#[cfg(feature = "__cipher")]
mod keys;
#[cfg(feature = "noise")]
mod noise;
mod null;
mod plain;
mod ready;
mod seed;
#[cfg(feature = "__cipher")]
mod x25519;

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;

#[cfg(feature = "curve")]
pub use curve::{CurveClient, CurveServer};
pub use encryption::{Encryption, Opener, Opening, Record, Sealer, open_records};
#[cfg(feature = "__cipher")]
pub use keys::KeyError;
#[cfg(feature = "curve")]
pub use keys::{CurveKeyPair, CurvePublicKey, CurveSecretKey};
#[cfg(feature = "noise")]
pub use keys::{NoiseKeyPair, NoisePublicKey, NoiseSecretKey};
#[cfg(feature = "noise")]
pub use noise::{NoiseClient, NoiseServer};
pub use null::Null;
pub use plain::{PlainClient, PlainClientError, PlainServer};
pub use seed::Seed;

use crate::authentication::AuthenticationRequest;
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, ProtocolError};
use crate::metadata::Metadata;
use crate::wire::{Command, Greeting, MechanismName};

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

/// How the two sides authenticate each other, and whether they encrypt.
///
/// Both sides need the same mechanism. If it has roles, one side is the client and the other the
/// server, whichever of them connects.
pub trait Mechanism: Debug + Send + Sync {
    /// The name in the greeting.
    fn name(&self) -> MechanismName;

    /// Whether this side has the server role in the handshake. Mechanisms without roles return
    /// false.
    fn is_server(&self) -> bool;

    /// Whether every frame of the peer's handshake must have the COMMAND flag of 37/ZMTP. Default
    /// false: libzmq ignores the flag in handshakes.
    fn requires_command_flag(&self) -> bool {
        false
    }

    /// Whether each encrypted record is a ZMTP frame, as a [framing](crate::framing) needs it. Default
    /// true.
    fn seals_frames(&self) -> bool {
        true
    }

    /// Starts the handshake of one connection, once both greetings have been exchanged. Commands
    /// for the peer go into `output`.
    ///
    /// # Errors
    ///
    /// If no handshake with this peer can succeed.
    fn start(&self, context: HandshakeContext, output: &mut Batch) -> Result<Step>;
}

impl<M: Mechanism + ?Sized> Mechanism for Arc<M> {
    fn name(&self) -> MechanismName {
        (**self).name()
    }

    fn is_server(&self) -> bool {
        (**self).is_server()
    }

    fn requires_command_flag(&self) -> bool {
        (**self).requires_command_flag()
    }

    fn seals_frames(&self) -> bool {
        (**self).seals_frames()
    }

    fn start(&self, context: HandshakeContext, output: &mut Batch) -> Result<Step> {
        (**self).start(context, output)
    }
}

/// A handshake that waits for the peer's next command.
pub trait Handshake: Debug + Send + Sync {
    /// The largest body that the peer's next command may have, in bytes.
    ///
    /// The connection checks it before the body arrives. It also accepts an ERROR, whatever its
    /// size, and nothing above [`Limits::max_command_size`](crate::Limits::max_command_size).
    fn max_command_size(&self) -> usize;

    /// Takes the peer's next command. An ERROR never gets here: it ends the handshake. Commands for
    /// the peer go into `output`.
    ///
    /// # Errors
    ///
    /// If the handshake has failed.
    fn handle(self: Box<Self>, command: Command, output: &mut Batch) -> Result<Step>;
}

/// A handshake that waits for the decision whether the peer is allowed in. If it is not, this is
/// dropped.
pub trait PendingAuthentication: Debug + Send + Sync {
    /// Continues with a peer that is allowed in. Commands for the peer go into `output`.
    ///
    /// # Errors
    ///
    /// If the handshake has failed.
    fn allow(self: Box<Self>, output: &mut Batch) -> Result<Step>;
}

/// The next step of a handshake.
#[derive(Debug)]
pub enum Step {
    /// Wait for the peer's next command.
    Await(Box<dyn Handshake>),
    /// Ask the application whether the peer is allowed in: see
    /// [`Event::Authenticate`](crate::Event::Authenticate).
    Ask(AuthenticationRequest, Box<dyn PendingAuthentication>),
    /// The handshake is over.
    Done(Outcome),
}

impl Step {
    fn wait(handshake: impl Handshake + 'static) -> Result<Self> {
        Ok(Self::Await(Box::new(handshake)))
    }
}

/// The connection that a handshake is for.
#[derive(Debug)]
#[non_exhaustive]
pub struct HandshakeContext {
    /// The greeting that this side sent.
    pub own_greeting: [u8; Greeting::SIZE],
    /// The greeting that the peer sent.
    pub peer_greeting: [u8; Greeting::SIZE],
    /// Whether the peer announced the server role.
    pub peer_is_server: bool,
    /// This side's metadata, encoded for the wire.
    pub metadata: Bytes,
    /// The largest metadata that the peer may send, in bytes.
    pub max_metadata_size: usize,
    /// Whether a mechanism without credentials has to ask about the peer.
    pub authenticate_null: bool,
    /// Randomness, if the connection was given any.
    pub seed: Option<Seed>,
}

impl HandshakeContext {
    /// Takes the randomness of this connection.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::NoEntropy`] if the connection was made without, or it was taken before.
    pub fn take_seed(&mut self) -> Result<Seed> {
        self.seed.take().ok_or(ProtocolError::NoEntropy)
    }

    /// The body size of a command that has `data` bytes and the peer's metadata behind its name.
    fn command_size(&self, name: &str, data: usize) -> usize {
        command_size(name, data).saturating_add(self.max_metadata_size)
    }
}

/// The result of a handshake.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The metadata that the peer sent.
    pub metadata: Metadata,
    /// The last command for the peer, if this side sends it. The connection does so if the metadata
    /// is acceptable.
    pub final_command: Option<Command>,
    /// Encrypts and decrypts the traffic, if the mechanism does so.
    pub encryption: Option<Encryption>,
    /// The public key that the peer has proven to own.
    pub public_key: Option<[u8; 32]>,
}

impl Outcome {
    /// The result of a mechanism without encryption and keys.
    pub fn new(metadata: Metadata) -> Self {
        Self { metadata, final_command: None, encryption: None, public_key: None }
    }

    /// Sets the last command for the peer.
    pub fn with_final_command(self, command: Command) -> Self {
        Self { final_command: Some(command), ..self }
    }

    /// Sets how the traffic is encrypted and decrypted.
    pub fn with_encryption(
        self,
        sealer: impl Sealer + 'static,
        opener: impl Opener + 'static,
    ) -> Self {
        let encryption = Encryption { sealer: Box::new(sealer), opener: Box::new(opener) };
        Self { encryption: Some(encryption), ..self }
    }

    /// Sets the public key that the peer has proven to own.
    pub fn with_public_key(self, key: [u8; 32]) -> Self {
        Self { public_key: Some(key), ..self }
    }
}

/// Returns the data of a command if it has the name `expected`.
///
/// # Errors
///
/// [`PeerMisbehaved::UnexpectedCommand`] if it has another name.
pub fn expect_command(command: Command, expected: &'static str) -> Result<Bytes> {
    match command {
        Command::Ready { data } if expected == "READY" => Ok(data),
        Command::Unknown { name, data } if name == expected => Ok(data),
        other => {
            let received = String::from_utf8_lossy(other.name()).into_owned();
            Err(PeerMisbehaved::UnexpectedCommand { received, expected }.into())
        }
    }
}

/// Makes a command that exists only in handshakes.
fn command(name: &'static str, data: impl Into<Bytes>) -> Command {
    Command::Unknown { name: Bytes::from_static(name.as_bytes()), data: data.into() }
}

/// The body size of a command that has `data` bytes behind its name.
const fn command_size(name: &str, data: usize) -> usize {
    1 + name.len() + data
}
