//! The handshake of ZMTP 2.0: the rest of the greeting, then an identity in a frame.
//!
//! Such a peer knows no commands, so it gets no ERROR.

use bytes::{Buf, Bytes, BytesMut};

use super::traffic::Traffic;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::decoder::Decoder;
use crate::error::{LimitExceeded, PeerIncompatible, ProtocolError};
use crate::event::{Identity, PeerInfo};
use crate::metadata::Metadata;
use crate::socket_type::SocketType;
use crate::wire::{FrameError, FrameHeader, MechanismName, UnsupportedVersion, v2_0};

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

/// Sends the rest of this side's greeting, and its identity.
///
/// # Errors
///
/// If this side requires security or authentication: ZMTP 2.0 has neither.
pub(super) fn start(config: &ConnectionConfig, output: &mut Batch) -> Result<()> {
    let is_open = config.mechanism.name() == MechanismName::NULL && !config.authenticate_null;
    if !is_open {
        return Err(UnsupportedVersion::NoSecurity.into());
    }
    let identity = config.routing_id.as_ref().map_or(&[][..], AsRef::as_ref);
    let rest = v2_0::rest(config.socket_type, identity).ok_or(UnsupportedVersion::TooOld(1))?;
    output.push_control(Bytes::from(rest));
    Ok(())
}

/// Reads the peer's greeting and identity; `Ok(None)` if some bytes are missing.
pub(super) fn read(config: &ConnectionConfig, input: &mut BytesMut) -> Result<Option<Traffic>> {
    let Some((greeting, identity)) = input.split_at_checked(v2_0::GREETING_SIZE) else {
        return Ok(None);
    };
    let socket_type = socket_type(config, greeting[v2_0::GREETING_SIZE - 1])?;
    let Some(range) = identity_range(identity, config)? else {
        return Ok(None);
    };
    input.advance(v2_0::GREETING_SIZE + range.start);
    // A slice would keep the whole read buffer alive.
    let routing_id = Bytes::copy_from_slice(&input.split_to(range.len()));
    let (metadata, identity) = (Metadata::new(), Identity::default());
    let (version, mechanism) = (v2_0::VERSION, MechanismName::NULL);
    let peer = PeerInfo::new(socket_type, routing_id, version, mechanism, metadata, identity);
    let decoder = Decoder::new(config.limits.clone()).without_commands();
    Ok(Some(Traffic::new(peer, decoder)))
}

/// The range of the identity in `bytes`, which start with its frame; `None` if some are missing.
fn identity_range(
    bytes: &[u8],
    config: &ConnectionConfig,
) -> Result<Option<std::ops::Range<usize>>> {
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

fn socket_type(config: &ConnectionConfig, number: u8) -> Result<SocketType> {
    let theirs = v2_0::socket_type(number)
        .ok_or_else(|| PeerIncompatible::UnknownSocketType(format!("number {number}")))?;
    Ok(config.check_peer_type(theirs)?)
}
