//! Binding and connecting the socket, and where its messages go then.

use std::ffi::OsStr;
use std::net::SocketAddr;

use tokio::net::lookup_host;
use zeromq_async::{AnySocket, Endpoint, Frame, PeerSocket, UdpEndpoint};

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
        AnySocket::Peer(peer) => connect_peers(peer, &connected)?,
        AnySocket::Dgram(_) => resolve(socket, &connected, bound.is_empty()).await?,
        _ => {
            bind_or_connect(socket, &connected).await?;
            let group = |group: &_| Frame::from(OsStr::as_encoded_bytes(group).to_vec());
            let groups =
                matches!(socket, AnySocket::Radio(_)).then_some(&arguments.interests.groups);
            groups.into_iter().flatten().map(|name| group(name)).collect()
        }
    };
    Ok(Targets::new(addresses))
}

async fn bind_or_connect(socket: &AnySocket, attachments: &[Attachment]) -> Result<(), Failure> {
    let sockets: Vec<_> =
        attachments.iter().map(|attachment| (socket.handle(), attachment)).collect();
    endpoints::attach(&sockets).await
}

/// Connects to other PEERs. Returns their routing ids.
fn connect_peers(peer: &PeerSocket, attachments: &[Attachment]) -> Result<Vec<Frame>, Failure> {
    let connect = |attachment: &Attachment| {
        let id = peer.connect_peer(attachment.endpoint()).map_err(Failure::error)?;
        Ok(Frame::from(id.get().to_be_bytes()))
    };
    attachments.iter().map(connect).collect()
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
