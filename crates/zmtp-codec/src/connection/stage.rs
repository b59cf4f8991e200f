//! The stages of a connection.
//!
//! ```text
//!      .----------.                .-----------.              .---------.
//! ---->| Greeting |--------------->| Handshake |------------->| Traffic |---.
//!      '----------' peer greeted:  '-----------' peer ready:  '---------'   | frames:
//!           |       READY goes out       |       Event::Ready   |   ^       | Event::Messages,
//!           |                            |                      |   '-------' Event::Command
//!           | any fault                  | any fault            | any fault
//!           v                            v                      v
//!      .----------------------------------------------------------.
//!      |                          Closed                          |
//!      '----------------------------------------------------------'
//! ```

use bytes::{Bytes, BytesMut};

use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::{Decoder, Inbound};
use crate::encoder::Encoder;
use crate::error::{PeerIncompatible, PeerMisbehaved, ProtocolError};
use crate::event::{Event, PeerInfo};
use crate::mechanism::{Handshake, Step};
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{FrameHeader, Greeting};

/// What a connection is after its handshake: two halves that need nothing of each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Traffic {
    /// Who the peer is.
    pub peer: PeerInfo,
    /// For what the peer sends.
    pub decoder: Decoder,
    /// For what is sent to the peer.
    pub encoder: Encoder,
}

/// Where a connection stands. Taken by value: what fails is closed.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Greeting(AwaitGreeting),
    Handshake(AwaitCommand),
    Traffic(Traffic),
    Closed,
}

/// What comes of handling input.
pub(super) enum Turn {
    /// There may be more to handle.
    Again,
    Event(Event),
    /// Nothing can be done without more input.
    Wait,
}

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

impl Stage {
    pub(super) fn new() -> Self {
        Self::Greeting(AwaitGreeting { rest_is_sent: false })
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
            Self::Handshake(stage) => stage.handle(config, input),
            Self::Traffic(stage) => stage.handle(input, max_messages),
            Self::Closed => Ok((self, Turn::Wait)),
        }
    }
}

/// The peer's greeting is awaited.
#[derive(Clone, Debug)]
pub(super) struct AwaitGreeting {
    rest_is_sent: bool,
}

impl AwaitGreeting {
    fn handle(
        mut self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        let ours = config.mechanism.name();
        let opening_is_here = Greeting::check_opening(input).map_err(PeerIncompatible::from)?;
        if opening_is_here && !self.rest_is_sent {
            output.push_control(Bytes::copy_from_slice(&Greeting::new(ours).rest()));
            self.rest_is_sent = true;
        }
        let greeting = Greeting::decode(input).map_err(PeerIncompatible::from)?;
        let Some(greeting) = greeting else {
            return Ok((Stage::Greeting(self), Turn::Wait));
        };
        let _ = input.split_to(Greeting::SIZE);
        let theirs = greeting.mechanism();
        if ours != theirs {
            return Err(PeerIncompatible::Mechanism { ours, theirs }.into());
        }
        // Not earlier: libzmq drops a peer that says READY before it has read libzmq's greeting.
        let handshake = Handshake::start(config, output);
        let decoder = Decoder::new(config.limits.clone());
        Ok((Stage::Handshake(AwaitCommand { greeting, handshake, decoder }), Turn::Again))
    }
}

/// A command of the handshake is awaited.
#[derive(Clone, Debug)]
pub(super) struct AwaitCommand {
    greeting: Greeting,
    handshake: Handshake,
    decoder: Decoder,
}

impl AwaitCommand {
    fn handle(mut self, config: &ConnectionConfig, input: &mut BytesMut) -> Result<(Stage, Turn)> {
        // Judged by its header, so that nobody waits for the body of a message that is refused.
        if FrameHeader::decode(input)?.is_some_and(|header| !header.is_command()) {
            return Err(PeerMisbehaved::MessageBeforeReady.into());
        }
        let Some(Inbound::Command(command)) = self.decoder.decode(input, 0)? else {
            return Ok((Stage::Handshake(self), Turn::Wait));
        };
        let Step::Done { metadata } = self.handshake.handle(&command)?;
        let peer = meet(config, &self.greeting, metadata)?;
        let encoder = Encoder::new(peer.version());
        let event = Event::Ready(peer.clone());
        let decoder = self.decoder;
        Ok((Stage::Traffic(Traffic { peer, decoder, encoder }), Turn::Event(event)))
    }
}

impl Traffic {
    fn handle(mut self, input: &mut BytesMut, max_messages: usize) -> Result<(Stage, Turn)> {
        let turn = match self.decoder.decode(input, max_messages)? {
            Some(Inbound::Command(command)) => Turn::Event(Event::Command(command)),
            Some(Inbound::Messages(run)) => Turn::Event(Event::Messages(run)),
            None => Turn::Wait,
        };
        Ok((Stage::Traffic(self), turn))
    }
}

/// Judges what the peer says about itself.
fn meet(config: &ConnectionConfig, greeting: &Greeting, metadata: Metadata) -> Result<PeerInfo> {
    let name = metadata.get(Metadata::SOCKET_TYPE).ok_or(PeerMisbehaved::NoSocketType)?;
    let name = String::from_utf8_lossy(name);
    let theirs: SocketType = name
        .parse()
        .map_err(|_| PeerIncompatible::UnknownSocketType(name.chars().take(32).collect()))?;
    let ours = config.socket_type;
    if !ours.accepts(theirs) {
        return Err(PeerIncompatible::SocketType { ours, theirs }.into());
    }
    let routing_id = metadata.get(Metadata::IDENTITY).cloned().unwrap_or_default();
    if routing_id.len() > RoutingId::MAX {
        return Err(PeerMisbehaved::RoutingIdTooLong(routing_id.len()).into());
    }
    Ok(PeerInfo::new(theirs, routing_id, greeting, metadata))
}
