//! The rest of a ZMTP 2.0 peer's greeting, and its identity: all the handshake it has.

use bytes::{Buf, Bytes, BytesMut};

use super::{AwaitGreeting, Result, Stage, Traffic, Turn, known_type};
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::{PeerIncompatible, PeerMisbehaved, ProtocolError};
use crate::event::{Event, Identity, PeerInfo};
use crate::mechanism::Mechanism;
use crate::metadata::Metadata;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{FrameError, FrameHeader, MechanismName, UnsupportedVersion, v2_0};

/// The identity of a ZMTP 2.0 peer is awaited, and the octets before it.
///
/// Such a peer knows no commands: it is not told by an ERROR what is wrong.
#[derive(Debug)]
pub(in super::super) struct AwaitIdentity(());

impl AwaitGreeting {
    /// Goes on with a ZMTP 2.0 peer, unless this side wants to know who it is.
    pub(super) fn speak_v2_0(
        self,
        config: &ConnectionConfig,
        output: &mut Batch,
    ) -> Result<(Stage, Turn)> {
        let is_open = matches!(config.mechanism, Mechanism::Null) && !config.authenticate_null;
        if !is_open {
            return Err(UnsupportedVersion::NoSecurity.into());
        }
        let identity = config.routing_id.as_ref().map_or(&[][..], AsRef::as_ref);
        let rest = v2_0::rest(config.socket_type, identity).ok_or(UnsupportedVersion::TooOld(1))?;
        output.push_control(Bytes::from(rest));
        Ok((Stage::Identity(AwaitIdentity(())), Turn::Again))
    }
}

impl AwaitIdentity {
    pub(super) fn handle(
        self,
        config: &ConnectionConfig,
        input: &mut BytesMut,
    ) -> Result<(Stage, Turn)> {
        let Some((greeting, identity)) = input.split_at_checked(v2_0::GREETING_SIZE) else {
            return Ok((Stage::Identity(self), Turn::Wait));
        };
        let socket_type = meet(config, greeting[v2_0::GREETING_SIZE - 1])?;
        let Some(size) = identity_size(identity)? else {
            return Ok((Stage::Identity(self), Turn::Wait));
        };
        input.advance(v2_0::GREETING_SIZE + size.start);
        let routing_id = input.split_to(size.len()).freeze();
        let peer = PeerInfo::new(
            socket_type,
            routing_id,
            v2_0::VERSION,
            MechanismName::NULL,
            Metadata::new(),
            Identity::default(),
        );
        let decoder = Decoder::new(config.limits.clone()).without_commands();
        let encoder = Encoder::new(v2_0::VERSION);
        let event = Event::Ready(peer.clone());
        Ok((Stage::Traffic(Traffic { peer, decoder, encoder }), Turn::Event(event)))
    }
}

/// Where in `octets` the identity is that they begin with, if it is all there.
fn identity_size(octets: &[u8]) -> Result<Option<std::ops::Range<usize>>, ProtocolError> {
    let Some(header) = FrameHeader::decode(octets)? else {
        return Ok(None);
    };
    if header.is_command() {
        return Err(FrameError::ReservedFlags(octets[0]).into());
    }
    if header.has_more() {
        return Err(PeerMisbehaved::MessageBeforeReady.into());
    }
    let size = usize::try_from(header.body_size()).unwrap_or(usize::MAX);
    if size > RoutingId::MAX {
        return Err(PeerMisbehaved::RoutingIdTooLong(size).into());
    }
    let end = header.size() + size;
    Ok((end <= octets.len()).then_some(header.size()..end))
}

/// Judges the type that the peer says it is.
fn meet(config: &ConnectionConfig, number: u8) -> Result<SocketType> {
    let theirs = v2_0::socket_type(number)
        .ok_or_else(|| PeerIncompatible::UnknownSocketType(format!("number {number}")))?;
    known_type(config, theirs)
}
