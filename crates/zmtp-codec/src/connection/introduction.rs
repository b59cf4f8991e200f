//! How two sides introduce themselves where there is no greeting, or no handshake.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use super::traffic::Traffic;
use crate::authentication::{AuthenticationRequest, Credentials};
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::Decoder;
use crate::error::{LimitExceeded, PeerIncompatible, ProtocolError};
use crate::event::{Identity, PeerInfo};
use crate::mechanism::{HandshakeContext, Outcome, PendingAuthentication, Seed, Step};
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{FrameError, FrameHeader, Greeting, MechanismName};

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

/// The context of a handshake without greetings: both sides have the same one, without a role.
///
/// # Errors
///
/// If no framing can carry what the mechanism encrypts.
pub(super) fn context(config: &ConnectionConfig, seed: Option<Seed>) -> Result<HandshakeContext> {
    if !config.mechanism.seals_frames() {
        let mechanism = config.mechanism.name();
        return Err(PeerIncompatible::Unframed { mechanism }.into());
    }
    let greeting = Greeting::new(config.mechanism.name()).to_bytes();
    Ok(HandshakeContext {
        own_greeting: greeting,
        peer_greeting: greeting,
        peer_is_server: false,
        metadata: config.encoded_metadata(),
        max_metadata_size: config.limits.max_metadata_size,
        authenticate_null: config.authenticate_null,
        seed,
    })
}

/// The first step without a handshake: an application can still decide by the peer's address.
///
/// # Errors
///
/// If this side requires security.
pub(super) fn none(config: &ConnectionConfig) -> Result<Step> {
    if config.mechanism.name() != MechanismName::NULL {
        return Err(PeerIncompatible::Insecure.into());
    }
    if !config.authenticate_null {
        return Ok(Step::Done(Outcome::new(Metadata::new())));
    }
    let request = AuthenticationRequest::new(MechanismName::NULL, Credentials::None);
    Ok(Step::Ask(request, Box::new(Bare)))
}

/// The peer has nothing more to say.
#[derive(Debug)]
struct Bare;

impl PendingAuthentication for Bare {
    fn allow(self: Box<Self>, _: &mut Batch) -> Result<Step> {
        Ok(Step::Done(Outcome::new(Metadata::new())))
    }
}

/// This side's routing id as a frame.
pub(super) fn own_routing_id(config: &ConnectionConfig) -> Bytes {
    let routing_id = config.routing_id_bytes();
    let mut frame = Vec::new();
    FrameHeader::message(routing_id.len(), false).encode(&mut frame);
    frame.extend_from_slice(routing_id);
    frame.into()
}

/// Reads the peer's routing id from its first frame; `Ok(None)` if some bytes are missing.
///
/// # Errors
///
/// If this side requires security or authentication.
pub(super) fn read_routing_id(
    config: &ConnectionConfig,
    version: (u8, u8),
    frames: &mut BytesMut,
) -> Result<Option<Traffic>> {
    if !config.is_open() {
        return Err(PeerIncompatible::Insecure.into());
    }
    let Some(range) = routing_id_range(config, frames)? else {
        return Ok(None);
    };
    let routing_id = take(frames, range);
    Ok(Some(traffic(config, version, config.socket_type.usual_peer(), routing_id)))
}

/// The range of the routing id in `bytes`, which start with its frame; `None` if some are missing.
pub(super) fn routing_id_range(
    config: &ConnectionConfig,
    bytes: &[u8],
) -> Result<Option<Range<usize>>> {
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

/// Takes the bytes up to the end of the range. Returns those in it.
pub(super) fn take(bytes: &mut BytesMut, range: Range<usize>) -> Bytes {
    bytes.advance(range.start);
    // A slice would keep the whole read buffer alive.
    Bytes::copy_from_slice(&bytes.split_to(range.len()))
}

/// The traffic with a peer that has no metadata.
pub(super) fn traffic(
    config: &ConnectionConfig,
    version: (u8, u8),
    socket_type: SocketType,
    routing_id: Bytes,
) -> Traffic {
    let (metadata, mechanism) = (Metadata::new(), MechanismName::NULL);
    let identity = Identity::default();
    let peer = PeerInfo::new(socket_type, routing_id, version, mechanism, metadata, identity);
    Traffic::new(peer, decoder(config, version))
}

/// The decoder for a version of ZMTP.
pub(super) fn decoder(config: &ConnectionConfig, version: (u8, u8)) -> Decoder {
    let decoder = Decoder::new(config.limits.clone());
    if version < (3, 0) { decoder.without_commands() } else { decoder }
}
