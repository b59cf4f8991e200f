//! The stages of a connection.
//!
//! ```text
//!      .----------.  peer greeted  .-----------.  peer ready  .---------.
//! ---->| Greeting |--------------->| Handshake |------------->| Traffic |---.
//!      '----------'                '-----------'  Event::     '---------'   | frames:
//!           |                        |  |   ^      Ready        |   ^       | Event::Messages,
//!           |           Event::      |  v   | it may            |   '-------' Event::Command
//!           |         Authenticate .----------.                 |
//!           |                      | Decision |                 |
//!           |                      '----------'                 |
//!           | any fault              |  any fault, or denied    | any fault
//!           v                        v                          v
//!      .----------------------------------------------------------.
//!      |                          Closed                          |
//!      '----------------------------------------------------------'
//! ```
//!
//! A handshake may also ask for a decision at its very start. A peer of ZMTP 2.0 has no handshake
//! but the identity behind its greeting, for which the stage Identity waits.

use bytes::{Buf, Bytes, BytesMut};

use super::traffic::Traffic;
use super::zmtp2;
use crate::authentication::Decision;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::{Decoder, Inbound};
use crate::error::{LimitExceeded, Malformed, PeerIncompatible, PeerMisbehaved, ProtocolError};
use crate::event::{Event, Identity, PeerInfo};
use crate::mechanism::{Ciphers, Done, Greetings, Handshake, Seed, Step, Undecided};
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{Command, FrameHeader, Greeting, v2_0};

/// Where a connection stands. Taken by value: what fails is closed.
#[derive(Debug)]
pub(super) enum Stage {
    Greeting(AwaitGreeting),
    /// The peer speaks ZMTP 2.0.
    Identity,
    Handshake(AwaitCommand),
    Decision(AwaitDecision),
    Traffic(Traffic),
    Closed,
}

/// What comes of handling input.
pub(super) enum Turn {
    /// There may be more to handle.
    Again,
    Event(Event),
    /// Nothing can be done without more input, or a decision.
    Wait,
}

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

impl Stage {
    pub(super) fn new(seed: Option<Seed>) -> Self {
        Self::Greeting(AwaitGreeting { rest_is_sent: false, seed })
    }

    pub(super) fn handle(
        self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        max_messages: usize,
        output: &mut Batch,
    ) -> Result<(Self, Turn)> {
        match self {
            Self::Greeting(stage) => stage.handle(config, input, output),
            Self::Identity => Ok(match zmtp2::read(config, input)? {
                Some(traffic) => Self::ready(traffic),
                None => (Self::Identity, Turn::Wait),
            }),
            Self::Handshake(stage) => stage.handle(config, input, output),
            Self::Decision(stage) => stage.handle(config, input, output),
            Self::Traffic(stage) => decode(stage, input, max_messages),
            Self::Closed => Ok((self, Turn::Wait)),
        }
    }

    fn ready(traffic: Traffic) -> (Self, Turn) {
        let event = Event::Ready(traffic.peer.clone());
        (Self::Traffic(traffic), Turn::Event(event))
    }
}

/// The peer's greeting is awaited.
#[derive(Debug)]
pub(super) struct AwaitGreeting {
    rest_is_sent: bool,
    seed: Option<Seed>,
}

impl AwaitGreeting {
    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        if v2_0::is_opening(input) {
            zmtp2::start(config, output)?;
            return Ok((Stage::Identity, Turn::Again));
        }
        let ours =
            Greeting::new(config.mechanism.name()).with_as_server(config.mechanism.is_server());
        let opening_is_here = Greeting::check_opening(input).map_err(PeerIncompatible::from)?;
        if opening_is_here && !self.rest_is_sent {
            output.push_control(Bytes::copy_from_slice(&ours.rest()));
            self.rest_is_sent = true;
        }
        let greeting = Greeting::decode(input).map_err(PeerIncompatible::from)?;
        let Some(greeting) = greeting else {
            return Ok((Stage::Greeting(self), Turn::Wait));
        };
        let mut greetings = Greetings {
            ours: ours.to_bytes(),
            theirs: [0; Greeting::SIZE],
            peer_is_server: greeting.as_server(),
        };
        input.copy_to_slice(&mut greetings.theirs);
        let (ours, theirs) = (ours.mechanism(), greeting.mechanism());
        if ours != theirs {
            return Err(PeerIncompatible::Mechanism { ours, theirs }.into());
        }
        let decoder = Decoder::new(config.limits.clone());
        let bytes = Greeting::SIZE as u64;
        let greeted = Greeted { greeting, decoder, bytes, identity: Identity::default() };
        // Not earlier: libzmq drops a peer that says READY before it has read libzmq's greeting.
        let step = Handshake::start(config, self.seed, &greetings, output)?;
        greeted.go_on(step, config, output)
    }
}

/// What is known of the peer between greeting and traffic.
#[derive(Debug)]
struct Greeted {
    greeting: Greeting,
    decoder: Decoder,
    /// Bytes taken from the peer so far.
    bytes: u64,
    identity: Identity,
}

impl Greeted {
    fn go_on(
        self,
        step: Step,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        match step {
            Step::Await(handshake) => {
                Ok((Stage::Handshake(AwaitCommand { greeted: self, handshake }), Turn::Again))
            }
            Step::Ask(request, undecided) => {
                let stage = AwaitDecision { greeted: self, undecided, decision: None };
                Ok((Stage::Decision(stage), Turn::Event(Event::Authenticate(request))))
            }
            Step::Done(done) => Ok(Stage::ready(self.conclude(done, config, output)?)),
        }
    }

    fn conclude(
        self,
        done: Done,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Traffic> {
        let Self { greeting, decoder, mut identity, .. } = self;
        identity.public_key = done.public_key;
        let peer = meet(config, &greeting, done.metadata, identity)?;
        if let Some(last_word) = done.last_word {
            output.push_command(&last_word);
        }
        let mut traffic = Traffic::new(peer, decoder);
        if let Some(Ciphers { sealer, opener }) = done.ciphers {
            traffic.encoder.seal_with(sealer);
            traffic.decoder.open_with(opener);
        }
        Ok(traffic)
    }
}

/// A command of the handshake is awaited.
#[derive(Debug)]
pub(super) struct AwaitCommand {
    greeted: Greeted,
    handshake: Handshake,
}

impl AwaitCommand {
    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        // Judged by its header, so that nobody waits for the body of what is refused.
        let Some(header) = FrameHeader::decode(input)? else {
            return Ok((Stage::Handshake(self), Turn::Wait));
        };
        let bytes = self.check(header, config)?;
        let Some(body) = take_body(header, input) else {
            return Ok((Stage::Handshake(self), Turn::Wait));
        };
        self.greeted.bytes = bytes;
        // libzmq does not ask for the COMMAND bit before READY: there is nothing but commands.
        let step = read_command(body)
            .and_then(|command| self.handshake.handle(command, config, output))
            .map_err(|error| if header.is_command() { error } else { as_message(error) })?;
        self.greeted.go_on(step, config, output)
    }

    /// Says how many bytes the handshake has with this command.
    fn check(&self, header: FrameHeader, config: &ConnectionConfig) -> Result<u64> {
        if self.handshake.holds_flags() && !header.is_well_marked_command() {
            return Err(PeerMisbehaved::MessageBeforeReady.into());
        }
        let limit = self.handshake.max_command_size(&config.limits);
        check_size(header.body_size(), limit)?;
        let limit = config.limits.max_handshake_size;
        let announced = self
            .greeted
            .bytes
            .saturating_add(header.size() as u64)
            .saturating_add(header.body_size());
        if announced > limit as u64 {
            return Err(LimitExceeded::HandshakeSize { announced, limit }.into());
        }
        Ok(announced)
    }
}

/// Takes a frame off the front of `input` if it is all there, and gives its body.
fn take_body(header: FrameHeader, input: &mut BytesMut) -> Option<Bytes> {
    let end = header.size().checked_add(usize::try_from(header.body_size()).ok()?)?;
    (end <= input.len()).then(|| input.split_to(end).freeze().slice(header.size()..))
}

/// Reads a command of the handshake. ERROR refuses the connection; behind READY it is a command
/// like others, which the application may look at.
fn read_command(body: Bytes) -> Result<Command> {
    match Command::decode(body)? {
        Command::Error { reason } => Err(ProtocolError::Refused { reason }),
        command => Ok(command),
    }
}

/// What is wrong with a frame that is no command due in the handshake and is marked as a message.
fn as_message(error: ProtocolError) -> ProtocolError {
    match error {
        ProtocolError::Malformed(Malformed::Command(_))
        | ProtocolError::Misbehaved(PeerMisbehaved::UnexpectedCommand { .. }) => {
            PeerMisbehaved::MessageBeforeReady.into()
        }
        other => other,
    }
}

/// Whether the peer may go on is awaited.
#[derive(Debug)]
pub(super) struct AwaitDecision {
    greeted: Greeted,
    undecided: Undecided,
    decision: Option<Decision>,
}

impl AwaitDecision {
    pub(super) fn decide(&mut self, decision: Decision) {
        if !matches!(self.decision, Some(Decision::Deny(_))) {
            self.decision = Some(decision);
        }
    }

    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        match self.decision.take() {
            None => {
                // A NULL peer may have said READY. No peer has more to say before it is answered.
                let limit = FrameHeader::SIZE_MAX.saturating_add(config.limits.max_command_size);
                check_size(input.len() as u64, limit)?;
                Ok((Stage::Decision(self), Turn::Wait))
            }
            Some(Decision::Deny(status)) => Err(ProtocolError::Denied(status)),
            Some(Decision::Allow { user_id, metadata }) => {
                self.greeted.identity.user_id = Some(user_id);
                self.greeted.identity.user_metadata = metadata;
                let step = self.undecided.allowed(config, output)?;
                self.greeted.go_on(step, config, output)
            }
        }
    }
}

fn check_size(announced: u64, limit: usize) -> Result<()> {
    if announced > limit as u64 {
        return Err(LimitExceeded::CommandSize { announced, limit }.into());
    }
    Ok(())
}

fn decode(
    mut traffic: Traffic,
    input: &mut BytesMut,
    max_messages: usize,
) -> Result<(Stage, Turn)> {
    let turn = match traffic.decoder.decode(input, max_messages)? {
        Some(Inbound::Command(command)) => Turn::Event(Event::Command(command)),
        Some(Inbound::Messages(run)) => Turn::Event(Event::Messages(run)),
        None => Turn::Wait,
    };
    Ok((Stage::Traffic(traffic), turn))
}

/// Judges what the peer says about itself.
fn meet(
    config: &ConnectionConfig,
    greeting: &Greeting,
    metadata: Metadata,
    identity: Identity,
) -> Result<PeerInfo> {
    let theirs = match metadata.get(Metadata::SOCKET_TYPE) {
        Some(name) => config.check_peer_type(read_type(name)?)?,
        // As libzmq does: 37/ZMTP has that it SHOULD say.
        None => config.socket_type.usual_peer(),
    };
    let routing_id = metadata.get(Metadata::IDENTITY).cloned().unwrap_or_default();
    let (version, mechanism) = (greeting.negotiated_version(), greeting.mechanism());
    Ok(PeerInfo::new(theirs, routing_id, version, mechanism, metadata, identity))
}

fn read_type(name: &[u8]) -> Result<SocketType> {
    let name = String::from_utf8_lossy(name);
    let unknown = |_| PeerIncompatible::UnknownSocketType(name.chars().take(32).collect());
    Ok(name.parse().map_err(unknown)?)
}
