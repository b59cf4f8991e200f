//! All peers at an endpoint of datagrams: one pipe, and no names.

use std::sync::Arc;

use zmtp::{PeerInfo, SocketType};

use super::super::core::SocketCore;
use crate::endpoint::Endpoint;
use crate::error::Rejected;
use crate::pipe::Pipe;

/// Adds a pipe for an endpoint of datagrams.
pub(super) fn join(
    core: &SocketCore,
    endpoint: &Endpoint,
    connects: bool,
    max_datagram: usize,
) -> Result<Arc<Pipe>, Rejected> {
    let (options, endpoint) = (&core.options.pipe, Arc::new(endpoint.clone()));
    let pipe = core.peers.open_datagrams(options, &core.pattern, endpoint, connects, max_datagram);
    core.peers.join(&pipe)?;
    Ok(pipe)
}

/// Describes all peers at an endpoint of datagrams. They do not introduce themselves.
pub(super) fn anonymous(socket_type: SocketType) -> PeerInfo {
    let peer = socket_type.peers().first().copied().unwrap_or(socket_type);
    PeerInfo::local(peer, None, &zmtp::Metadata::new())
}
