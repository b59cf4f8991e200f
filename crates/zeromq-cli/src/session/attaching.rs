//! Binding and connecting the socket, and where its messages go then.

use std::ffi::OsStr;
use std::net::SocketAddr;

use tokio::net::lookup_host;
use zeromq_async::{AnySocket, ConnectError, Endpoint, Frame, UdpEndpoint};

use crate::arguments::SocketArguments;
use crate::endpoints::{self, Attachment};
use crate::failure::Failure;
use crate::targets::Targets;

/// Binds and connects the socket.
pub(super) async fn attach(
    socket: &AnySocket,
    arguments: &SocketArguments,
) -> Result<Targets, Failure> {
    let attachments = arguments.attachments();
    let connects = |attachment: &Attachment| matches!(attachment, Attachment::Connect(_));
    let (connected, bound): (Vec<_>, Vec<_>) = attachments.into_iter().partition(connects);
    bind_or_connect(socket, &bound).await?;
    let addresses = match socket {
        AnySocket::Peer(peer) => connect(&connected, |endpoint| {
            peer.connect_peer(endpoint).map(|id| id.get().to_be_bytes().into())
        })?,
        AnySocket::Stream(_) if connected.is_empty() => return Ok(Targets::HexId),
        AnySocket::Dgram(_) if connected.is_empty() => return Ok(Targets::FirstFrame),
        AnySocket::Stream(stream) => connect(&connected, |endpoint| stream.connect_peer(endpoint))?,
        AnySocket::Dgram(_) => resolve(socket, &connected, bound.is_empty()).await?,
        _ => {
            bind_or_connect(socket, &connected).await?;
            let group = |group: &_| Frame::from(OsStr::as_encoded_bytes(group).to_vec());
            let groups =
                matches!(socket, AnySocket::Radio(_)).then_some(&arguments.interests.groups);
            groups.into_iter().flatten().map(|name| group(name)).collect()
        }
    };
    Ok(Targets::in_turn(addresses))
}

async fn bind_or_connect(socket: &AnySocket, attachments: &[Attachment]) -> Result<(), Failure> {
    let sockets: Vec<_> =
        attachments.iter().map(|attachment| (socket.handle(), attachment)).collect();
    endpoints::attach(&sockets).await
}

/// Connects to each endpoint. Returns the routing ids of the peers.
fn connect(
    attachments: &[Attachment],
    to: impl Fn(&str) -> Result<Frame, ConnectError>,
) -> Result<Vec<Frame>, Failure> {
    let ids = attachments.iter().map(|attachment| to(attachment.endpoint()));
    ids.collect::<Result<_, _>>().map_err(Failure::error)
}

/// The addresses that a DGRAM sends to. It cannot connect, so it binds to a free port if it is not bound.
async fn resolve(
    socket: &AnySocket,
    attachments: &[Attachment],
    is_unbound: bool,
) -> Result<Vec<Frame>, Failure> {
    let mut addresses = Vec::new();
    for attachment in attachments {
        addresses.push(address(attachment.endpoint()).await?);
    }
    if is_unbound {
        let is_ipv6 = addresses.iter().any(SocketAddr::is_ipv6);
        let free = if is_ipv6 { "udp://[::]:*" } else { "udp://0.0.0.0:*" };
        socket.bind(free).await.map_err(Failure::error)?;
    }
    Ok(addresses.iter().map(|address| Frame::from(address.to_string())).collect())
}

async fn address(endpoint: &str) -> Result<SocketAddr, Failure> {
    let parsed: Endpoint = endpoint.parse().map_err(Failure::error)?;
    let Endpoint::Udp(udp) = parsed else {
        return Err(Failure::about(endpoint, "a DGRAM socket has datagrams only; use udp://"));
    };
    if udp.interface().is_some() {
        return Err(Failure::about(endpoint, "a DGRAM socket sends without choosing an interface"));
    }
    look_up(&udp).await.map_err(|error| Failure::about(endpoint, error))
}

async fn look_up(udp: &UdpEndpoint) -> std::io::Result<SocketAddr> {
    let host = udp.host().to_string();
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let unknown = || std::io::Error::other("the host has no address");
    lookup_host((name, udp.port())).await?.next().ok_or_else(unknown)
}
