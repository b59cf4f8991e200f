//! The stages of a connection.
//!
//! ```text
//!      .----------.  peer greeted  .-----------.  peer ready  .---------.
//! ---->| Greeting |--------------->| Handshake |------------->| Traffic |---.
//!      '----------'                '-----------'  Event::     '---------'   | frames:
//!           |                        |  |   ^      Ready        |   ^       | Event::Messages,
//!           |           Event::      |  v   | allowed           |   '-------' Event::Command
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
//! A handshake may also ask for a decision at its start. A peer of ZMTP 2.0 has no handshake except
//! for the identity behind its greeting: the stage Identity waits for it.
//!
//! A connection with a framing begins with a Preface in place of the greeting, or with nothing. Then
//! comes what the framing says: a handshake (Introduction), a RoutingId, or neither (Bare).

use bytes::{Buf, Bytes, BytesMut};

use super::traffic::Traffic;
use super::{introduction, zmtp2};
use crate::authentication::Decision;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::{Decoder, Inbound};
use crate::error::{LimitExceeded, Malformed, PeerIncompatible, PeerMisbehaved, ProtocolError};
use crate::event::{Event, Identity, PeerInfo};
use crate::framing::{Carrier, Preface, zmtp1};
use crate::mechanism::{
    Encryption, Handshake, HandshakeContext, Outcome, PendingAuthentication, Seed, Step,
};
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{Command, FrameHeader, Greeting, v2_0};

/// The stage of a connection. A stage that fails becomes `Closed`.
#[derive(Debug)]
pub(super) enum Stage {
    Greeting(AwaitGreeting),
    /// The peer speaks ZMTP 2.0.
    Identity,
    /// A framing begins. [`Connection`](super::Connection) handles it.
    Preface(AwaitPreface),
    /// A handshake without a greeting starts.
    Introduction {
        version: (u8, u8),
        seed: Option<Seed>,
    },
    /// The peer's first frame is its routing id.
    RoutingId {
        version: (u8, u8),
    },
    /// There is no handshake.
    Bare {
        version: (u8, u8),
    },
    Handshake(AwaitCommand),
    Decision(AwaitDecision),
    Traffic(Traffic),
    /// The peer has ended the connection, or has failed. This side can still answer.
    Ended(Traffic),
    /// The start has failed.
    Failed(ProtocolError),
    Closed,
}

/// The result of handling input.
pub(super) enum Progress {
    /// There may be more to handle.
    Continue,
    Event(Event),
    /// The peer speaks in a framing.
    Carry(Carrier),
    /// An answer of the framing.
    Reply(Command),
    /// The peer has ended the connection. There may be an answer.
    End(Option<Command>),
    /// The traffic has failed.
    Failed(ProtocolError),
    /// More input or a decision is needed.
    Wait,
}

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

impl Stage {
    pub(super) fn new(sent: SentGreeting, seed: Option<Seed>) -> Self {
        Self::Greeting(AwaitGreeting { sent, seed })
    }

    /// Takes the seed of a connection that has not begun; `None` if it has.
    pub(super) fn take_first_seed(&mut self) -> Option<Option<Seed>> {
        match self {
            Self::Greeting(AwaitGreeting { sent: SentGreeting::All, .. }) => None,
            Self::Greeting(AwaitGreeting { seed, .. }) => Some(seed.take()),
            _ => None,
        }
    }

    /// The bytes of the peer's handshake so far.
    pub(super) fn handshake(&mut self) -> Option<&mut u64> {
        match self {
            Self::Handshake(AwaitCommand { greeted, .. })
            | Self::Decision(AwaitDecision { greeted, .. }) => Some(&mut greeted.bytes),
            _ => None,
        }
    }

    /// Whether this stage waits for frames.
    pub(super) fn needs_input(&self) -> bool {
        !matches!(self, Self::Introduction { .. } | Self::Bare { .. })
    }

    /// Whether the peer gets an ERROR at this stage.
    pub(super) fn knows_commands(&self) -> bool {
        !matches!(self, Self::Identity | Self::RoutingId { .. } | Self::Bare { .. })
    }

    pub(super) fn handle(
        self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        max_messages: usize,
        output: &mut Batch,
    ) -> Result<(Self, Progress)> {
        match self {
            Self::Greeting(stage) => stage.handle(config, input, output),
            Self::Identity => Ok(match zmtp2::read(config, input)? {
                Some(traffic) => Self::ready(traffic),
                None => (Self::Identity, Progress::Wait),
            }),
            Self::RoutingId { version } => {
                Ok(match introduction::read_routing_id(config, version, input)? {
                    Some(traffic) => Self::ready(traffic),
                    None => (self, Progress::Wait),
                })
            }
            Self::Introduction { version, seed } => {
                let context = introduction::context(config, seed)?;
                let step = config.mechanism.start(context, output)?;
                Greeted::new(version, 0, config).advance(step, config, output)
            }
            Self::Bare { version } => {
                let step = introduction::none(config)?;
                Greeted::new(version, 0, config).advance(step, config, output)
            }
            Self::Failed(error) => Err(error),
            Self::Preface(_) | Self::Ended(_) => Ok((self, Progress::Wait)),
            Self::Handshake(stage) => stage.handle(config, input, output),
            Self::Decision(stage) => stage.handle(config, input, output),
            Self::Traffic(stage) => decode(stage, input, max_messages),
            Self::Closed => Ok((self, Progress::Wait)),
        }
    }

    fn ready(traffic: Traffic) -> (Self, Progress) {
        let event = Event::Ready(traffic.peer.clone());
        (Self::Traffic(traffic), Progress::Event(event))
    }
}

/// The bytes before the first frame of a framing are due.
#[derive(Debug)]
pub(super) struct AwaitPreface {
    pub(super) preface: Box<dyn Preface>,
    /// Bytes of the peer that it has taken.
    pub(super) taken: u64,
    pub(super) seed: Option<Seed>,
}

/// The peer's greeting is due.
#[derive(Debug)]
pub(super) struct AwaitGreeting {
    sent: SentGreeting,
    seed: Option<Seed>,
}

/// The part of this side's greeting that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentGreeting {
    /// The signature, which a peer of ZMTP 1.0 can read.
    Signature,
    /// The signature and the major version.
    Opening,
    All,
}

impl AwaitGreeting {
    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Progress)> {
        if self.sent == SentGreeting::Signature {
            match zmtp1::is_opening(input) {
                None => return Ok((Stage::Greeting(self), Progress::Wait)),
                Some(true) => {
                    let carrier = zmtp1::carrier(config.socket_type);
                    return Ok((Stage::Closed, Progress::Carry(carrier)));
                }
                Some(false) => {}
            }
            output.push_control(Bytes::from_static(&Greeting::OPENING[zmtp1::SIGNATURE_SIZE..]));
            self.sent = SentGreeting::Opening;
        }
        if v2_0::is_opening(input) {
            zmtp2::start(config, output)?;
            return Ok((Stage::Identity, Progress::Continue));
        }
        let mechanism = &config.mechanism;
        let ours = Greeting::new(mechanism.name()).with_as_server(mechanism.is_server());
        let is_opening_here = Greeting::check_opening(input).map_err(PeerIncompatible::from)?;
        if is_opening_here && self.sent != SentGreeting::All {
            output.push_control(Bytes::copy_from_slice(&ours.rest()));
            self.sent = SentGreeting::All;
        }
        let Some(greeting) = Greeting::decode(input).map_err(PeerIncompatible::from)? else {
            return Ok((Stage::Greeting(self), Progress::Wait));
        };
        let mut peer_greeting = [0; Greeting::SIZE];
        input.copy_to_slice(&mut peer_greeting);
        let (our_mechanism, theirs) = (ours.mechanism(), greeting.mechanism());
        if our_mechanism != theirs {
            return Err(PeerIncompatible::Mechanism { ours: our_mechanism, theirs }.into());
        }
        let context = HandshakeContext {
            own_greeting: ours.to_bytes(),
            peer_greeting,
            peer_is_server: greeting.as_server(),
            metadata: config.encoded_metadata(),
            max_metadata_size: config.limits.max_metadata_size,
            authenticate_null: config.authenticate_null,
            seed: self.seed,
        };
        // Not earlier: libzmq drops a peer if its READY arrives before libzmq has read the greeting.
        let step = mechanism.start(context, output)?;
        let version = greeting.negotiated_version();
        Greeted::new(version, Greeting::SIZE as u64, config).advance(step, config, output)
    }
}

/// A peer between its greeting and its traffic.
#[derive(Debug)]
struct Greeted {
    /// The version of ZMTP to speak.
    version: (u8, u8),
    decoder: Decoder,
    /// Bytes taken from the peer so far.
    bytes: u64,
    identity: Identity,
}

impl Greeted {
    fn new(version: (u8, u8), bytes: u64, config: &ConnectionConfig) -> Self {
        let decoder = introduction::decoder(config, version);
        Self { version, decoder, bytes, identity: Identity::default() }
    }

    fn advance(
        self,
        step: Step,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<(Stage, Progress)> {
        match step {
            Step::Await(handshake) => {
                let stage = AwaitCommand { greeted: self, handshake };
                Ok((Stage::Handshake(stage), Progress::Continue))
            }
            Step::Ask(request, pending) => {
                let stage = AwaitDecision { greeted: self, pending, decision: None };
                Ok((Stage::Decision(stage), Progress::Event(Event::Authenticate(request))))
            }
            Step::Done(outcome) => Ok(Stage::ready(self.finish(outcome, config, output)?)),
        }
    }

    fn finish(
        self,
        outcome: Outcome,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<Traffic> {
        let Self { version, decoder, mut identity, .. } = self;
        identity.public_key = outcome.public_key;
        let peer = peer_info(config, version, outcome.metadata, identity)?;
        if let Some(command) = outcome.final_command {
            output.push_command(&command);
        }
        let mut traffic = Traffic::new(peer, decoder);
        if let Some(Encryption { sealer, opener }) = outcome.encryption {
            traffic.encoder.seal_with(sealer);
            traffic.decoder.open_with(opener);
        }
        Ok(traffic)
    }
}

/// Checks the peer's metadata.
fn peer_info(
    config: &ConnectionConfig,
    version: (u8, u8),
    metadata: Metadata,
    identity: Identity,
) -> Result<PeerInfo> {
    let socket_type = match metadata.get(Metadata::SOCKET_TYPE) {
        Some(name) => config.check_peer_type(read_type(name)?)?,
        // 37/ZMTP says SHOULD, and libzmq accepts a peer without.
        None => config.socket_type.usual_peer(),
    };
    let routing_id = metadata.get(Metadata::IDENTITY).cloned().unwrap_or_default();
    let mechanism = config.mechanism.name();
    Ok(PeerInfo::new(socket_type, routing_id, version, mechanism, metadata, identity))
}

fn read_type(name: &[u8]) -> Result<SocketType> {
    let name = String::from_utf8_lossy(name);
    let unknown = |_| PeerIncompatible::UnknownSocketType(name.chars().take(32).collect());
    Ok(name.parse().map_err(unknown)?)
}

/// A command of the handshake is due.
#[derive(Debug)]
pub(super) struct AwaitCommand {
    greeted: Greeted,
    handshake: Box<dyn Handshake>,
}

impl AwaitCommand {
    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Progress)> {
        // The header is enough to refuse a command: its body need not arrive.
        let Some(header) = FrameHeader::decode(input)? else {
            return Ok((Stage::Handshake(self), Progress::Wait));
        };
        let bytes = self.check(header, config)?;
        let Some(body) = take_body(header, input) else {
            return Ok((Stage::Handshake(self), Progress::Wait));
        };
        self.greeted.bytes = bytes;
        // libzmq ignores the COMMAND flag before READY: there are only commands.
        let step = read_command(body)
            .and_then(|command| self.handshake.handle(command, output))
            .map_err(|error| if header.is_command() { error } else { as_message(error) })?;
        self.greeted.advance(step, config, output)
    }

    /// Checks the flags and sizes of a command. Returns the size of the handshake including it.
    fn check(&self, header: FrameHeader, config: &ConnectionConfig) -> Result<u64> {
        if config.mechanism.requires_command_flag() && !header.is_well_marked_command() {
            return Err(PeerMisbehaved::MessageBeforeReady.into());
        }
        let expected = self.handshake.max_command_size().max(ERROR_MAX);
        check_size(header.body_size(), expected.min(config.limits.max_command_size))?;
        let limit = config.limits.max_handshake_size;
        let command = (header.size() as u64).saturating_add(header.body_size());
        let announced = self.greeted.bytes.saturating_add(command);
        if announced > limit as u64 {
            return Err(LimitExceeded::HandshakeSize { announced, limit }.into());
        }
        Ok(announced)
    }
}

/// The largest body of an ERROR command, in bytes.
const ERROR_MAX: usize = 1 + 5 + 1 + 255;

fn check_size(announced: u64, limit: usize) -> Result<()> {
    if announced > limit as u64 {
        return Err(LimitExceeded::CommandSize { announced, limit }.into());
    }
    Ok(())
}

/// Takes a complete frame off the front of `input`. Returns its body.
fn take_body(header: FrameHeader, input: &mut BytesMut) -> Option<Bytes> {
    let end = header.size().checked_add(usize::try_from(header.body_size()).ok()?)?;
    (end <= input.len()).then(|| input.split_to(end).freeze().slice(header.size()..))
}

/// Reads a command of the handshake. An ERROR refuses the connection only here: after READY it is
/// passed to the application like other commands.
fn read_command(body: Bytes) -> Result<Command> {
    match Command::decode(body)? {
        Command::Error { reason } => Err(ProtocolError::Refused { reason }),
        command => Ok(command),
    }
}

/// The error for a frame without the COMMAND flag that is not the expected command either.
fn as_message(error: ProtocolError) -> ProtocolError {
    match error {
        ProtocolError::Malformed(Malformed::Command(_))
        | ProtocolError::Misbehaved(PeerMisbehaved::UnexpectedCommand { .. }) => {
            PeerMisbehaved::MessageBeforeReady.into()
        }
        other => other,
    }
}

/// The decision whether the peer is allowed in is due.
#[derive(Debug)]
pub(super) struct AwaitDecision {
    greeted: Greeted,
    pending: Box<dyn PendingAuthentication>,
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
    ) -> Result<(Stage, Progress)> {
        match self.decision.take() {
            None => {
                // A NULL peer may have sent READY already. No peer has more to send by now.
                let limit = FrameHeader::SIZE_MAX.saturating_add(config.limits.max_command_size);
                check_size(input.len() as u64, limit)?;
                Ok((Stage::Decision(self), Progress::Wait))
            }
            Some(Decision::Deny(status)) => Err(ProtocolError::Denied(status)),
            Some(Decision::Allow { user_id, metadata }) => {
                self.greeted.identity.user_id = Some(user_id);
                self.greeted.identity.user_metadata = metadata;
                let step = self.pending.allow(output)?;
                self.greeted.advance(step, config, output)
            }
        }
    }
}

fn decode(
    mut traffic: Traffic,
    input: &mut BytesMut,
    max_messages: usize,
) -> Result<(Stage, Progress)> {
    let progress = match traffic.decoder.decode(input, max_messages) {
        Ok(Some(Inbound::Command(command))) => Progress::Event(Event::Command(command)),
        Ok(Some(Inbound::End { reply })) => {
            return Ok((Stage::Ended(traffic), Progress::End(reply)));
        }
        Ok(Some(Inbound::Messages(run))) => Progress::Event(Event::Messages(run)),
        Ok(Some(Inbound::Reply(command))) => Progress::Reply(command),
        Ok(None) => Progress::Wait,
        Err(error) => return Ok((Stage::Ended(traffic), Progress::Failed(error))),
    };
    Ok((Stage::Traffic(traffic), progress))
}
