//! The handshake of ZMTP 2.0: the rest of the greeting, then an identity in a frame.
//!
//! Such a peer knows no commands, so it gets no ERROR.

use bytes::{Buf, Bytes, BytesMut};

use super::introduction;
use super::traffic::Traffic;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::error::{PeerIncompatible, ProtocolError};
use crate::socket_type::SocketType;
use crate::wire::{UnsupportedVersion, v2_0};

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

/// Sends the rest of this side's greeting, and its identity.
///
/// # Errors
///
/// If this side requires security or authentication: ZMTP 2.0 has neither.
pub(super) fn start(config: &ConnectionConfig, output: &mut Batch) -> Result<()> {
    if !config.is_open() {
        return Err(UnsupportedVersion::NoSecurity.into());
    }
    let rest = v2_0::rest(config.socket_type, config.routing_id_bytes())
        .ok_or(UnsupportedVersion::TooOld(1))?;
    output.push_control(Bytes::from(rest));
    Ok(())
}

/// Reads the peer's greeting and identity; `Ok(None)` if some bytes are missing.
pub(super) fn read(config: &ConnectionConfig, input: &mut BytesMut) -> Result<Option<Traffic>> {
    let Some((greeting, identity)) = input.split_at_checked(v2_0::GREETING_SIZE) else {
        return Ok(None);
    };
    let socket_type = socket_type(config, greeting[v2_0::GREETING_SIZE - 1])?;
    let Some(range) = introduction::routing_id_range(config, identity)? else {
        return Ok(None);
    };
    input.advance(v2_0::GREETING_SIZE);
    let routing_id = introduction::take(input, range);
    Ok(Some(introduction::traffic(config, v2_0::VERSION, socket_type, routing_id)))
}

fn socket_type(config: &ConnectionConfig, number: u8) -> Result<SocketType> {
    let theirs = v2_0::socket_type(number)
        .ok_or_else(|| PeerIncompatible::UnknownSocketType(format!("number {number}")))?;
    Ok(config.check_peer_type(theirs)?)
}
