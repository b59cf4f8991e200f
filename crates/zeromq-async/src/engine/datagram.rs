//! Endpoints of datagrams: one task each, which moves datagrams between a socket and a pipe.
//!
//! There is no connection and no handshake. A `bound` endpoint receives, and sends for a DGRAM. A
//! `dialed` one sends for a RADIO. Both run a `driver`. The `writer` turns the frames of the queue into
//! datagrams, in the `layout` of the socket type.

use std::sync::Arc;

use zmtp::SocketType;

use super::core::SocketCore;
use super::task;
use crate::endpoint::Endpoint;
use crate::error::{BindError, BindErrorKind, ConnectError, ConnectErrorKind, Mismatch};
use crate::transport::DynDatagramTransport;

mod bound;
mod dialed;
mod driver;
mod failures;
mod layout;
mod shared;
mod writer;

use bound::Receiving;
use dialed::Dialing;
use driver::join;
use layout::Layout;
pub(super) use shared::BoundDatagrams;

/// Refuses an endpoint of connections that the socket type cannot use.
pub(super) fn check_connections(
    socket_type: SocketType,
    endpoint: &Endpoint,
) -> Result<(), Mismatch> {
    match (socket_type, endpoint) {
        (SocketType::Dgram, _) => Err(Mismatch::OnlyDatagrams { socket_type }),
        (SocketType::Stream, Endpoint::Inproc(_)) => Err(Mismatch::NoInproc { socket_type }),
        (SocketType::Stream, Endpoint::Ws(_)) => Err(Mismatch::NoWebSocket { socket_type }),
        _ => Ok(()),
    }
}

/// Binds to an endpoint of datagrams, and receives there from now on.
pub(super) async fn bind(
    core: &Arc<SocketCore>,
    transport: Arc<dyn DynDatagramTransport>,
    endpoint: Endpoint,
) -> Result<Endpoint, BindError> {
    let layout = check(core, Role::Binds)
        .map_err(|mismatch| BindError::new(&endpoint, BindErrorKind::Mismatch(mismatch)))?;
    core.transports.check_bindable(&endpoint, &core.options.transport)?;
    let runtime = core.select_runtime(transport.needs_io_driver());
    let runtime = runtime.map_err(|unsuited| BindError::new(&endpoint, unsuited.into()))?;
    let max_datagram = transport.max_datagram();
    let (options, at) = (core.options.transport.clone(), endpoint.clone());
    let binding = async move { transport.bind(&at, &options).await };
    let socket =
        task::on(&runtime, binding).await.unwrap_or_else(|interrupted| Err(interrupted.into()));
    let socket = socket.map_err(|error| BindError::from_io(&endpoint, error))?;
    Receiving::spawn(core, &runtime, socket, &endpoint, layout, max_datagram)
}

/// Sends to an endpoint of datagrams from now on.
pub(super) fn connect(
    core: &Arc<SocketCore>,
    transport: Arc<dyn DynDatagramTransport>,
    endpoint: Endpoint,
) -> Result<(), ConnectError> {
    let layout = check(core, Role::Connects)
        .map_err(|mismatch| ConnectError::new(&endpoint, ConnectErrorKind::Mismatch(mismatch)))?;
    let runtime = core.select_runtime(transport.needs_io_driver());
    let runtime = runtime.map_err(|unsuited| ConnectError::new(&endpoint, unsuited.into()))?;
    let max_datagram = transport.max_datagram();
    let pipe = join(core, &endpoint, true, max_datagram)
        .map_err(|rejected| ConnectError::new(&endpoint, ConnectErrorKind::Rejected(rejected)))?;
    Dialing::spawn(core, &runtime, transport, endpoint, pipe, layout);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Binds,
    Connects,
}

/// The layout of the socket type's datagrams, if it can bind or connect to an endpoint of them.
fn check(core: &SocketCore, role: Role) -> Result<Layout, Mismatch> {
    let socket_type = core.socket_type;
    let layout = Layout::of(socket_type).ok_or(Mismatch::NoDatagrams { socket_type })?;
    match (socket_type, role) {
        (SocketType::Radio, Role::Binds) => Err(Mismatch::OnlyConnects { socket_type }),
        (SocketType::Radio, Role::Connects) | (_, Role::Binds) => match core.options.security {
            ref security if security.is_none() => Ok(layout),
            _ => Err(Mismatch::NoSecurity),
        },
        (_, Role::Connects) => Err(Mismatch::OnlyBinds { socket_type }),
    }
}
