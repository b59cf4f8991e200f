//! The rest of a ZMTP 2.0 peer's greeting, and its identity: all the handshake it has.

use bytes::{Buf, Bytes, BytesMut};

use super::{AwaitGreeting, Result, Stage, Traffic, Turn, known_type};
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::{LimitExceeded, PeerIncompatible, ProtocolError};
use crate::event::{Event, Identity, PeerInfo};
use crate::mechanism::Mechanism;
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{FrameError, FrameHeader, MechanismName, UnsupportedVersion, v2_0};

/// The identity of a ZMTP 2.0 peer is awaited, and the bytes before it.
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
        let Some(size) = identity_size(identity, config)? else {
            return Ok((Stage::Identity(self), Turn::Wait));
        };
        input.advance(v2_0::GREETING_SIZE + size.start);
        // A slice would keep all that the handshake was read into.
        let routing_id = Bytes::copy_from_slice(&input.split_to(size.len()));
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

/// Where in `bytes` the identity is that they begin with, if it is all there.
fn identity_size(
    bytes: &[u8],
    config: &ConnectionConfig,
) -> Result<Option<std::ops::Range<usize>>, ProtocolError> {
    let Some(header) = FrameHeader::decode(bytes)? else {
        return Ok(None);
    };
    if header.is_command() {
        return Err(FrameError::ReservedFlags(bytes[0]).into());
    }
    let (announced, limit) = (header.body_size(), config.limits.max_metadata_size);
    let size = usize::try_from(announced).ok().filter(|&size| size <= limit);
    let size = size.ok_or(LimitExceeded::HandshakeSize { announced, limit })?;
    let end = header.size() + size;
    Ok((end <= bytes.len()).then_some(header.size()..end))
}

/// Judges the type that the peer says it is.
fn meet(config: &ConnectionConfig, number: u8) -> Result<SocketType> {
    let theirs = v2_0::socket_type(number)
        .ok_or_else(|| PeerIncompatible::UnknownSocketType(format!("number {number}")))?;
    known_type(config, theirs)
}
