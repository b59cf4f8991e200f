//! Multicast: joining a group and hearing it alone, and how far datagrams go.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;

use super::interface::Interface;
use crate::options::TransportOptions;

/// Binds to a group and joins it. Other sockets of the machine may do the same.
pub(super) fn bind(socket: &Socket, group: SocketAddr, interface: &Interface) -> io::Result<()> {
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    socket.set_reuse_port(true)?;
    socket.bind(&bound_address(group, interface).into())?;
    match group {
        SocketAddr::V4(group) => socket.join_multicast_v4(group.ip(), &interface.address)?,
        SocketAddr::V6(group) => socket.join_multicast_v6(group.ip(), interface.index)?,
    }
    hear_own_memberships(socket, group)
}

/// The group itself: then the kernel delivers no datagrams of other groups at the port, and none that
/// were sent to this machine alone.
#[cfg(unix)]
fn bound_address(mut group: SocketAddr, interface: &Interface) -> SocketAddr {
    set_scope_id(&mut group, interface);
    group
}

/// Windows binds to no group.
#[cfg(not(unix))]
fn bound_address(group: SocketAddr, _: &Interface) -> SocketAddr {
    use std::net::{Ipv4Addr, Ipv6Addr};

    match group {
        SocketAddr::V4(group) => (Ipv4Addr::UNSPECIFIED, group.port()).into(),
        SocketAddr::V6(group) => (Ipv6Addr::UNSPECIFIED, group.port()).into(),
    }
}

/// Hears the group at its interface alone. By default Linux delivers what any socket of the machine
/// has joined.
#[cfg(target_os = "linux")]
fn hear_own_memberships(socket: &Socket, group: SocketAddr) -> io::Result<()> {
    match group {
        SocketAddr::V4(_) => socket.set_multicast_all_v4(false),
        SocketAddr::V6(_) => {
            // The option is missing before Linux 4.20.
            let _ = socket.set_multicast_all_v6(false);
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn hear_own_memberships(_: &Socket, _: SocketAddr) -> io::Result<()> {
    Ok(())
}

/// Sends to a group from an interface.
pub(super) fn send_from(
    socket: &Socket,
    group: &mut SocketAddr,
    interface: &Interface,
) -> io::Result<()> {
    set_scope_id(group, interface);
    match group {
        SocketAddr::V4(_) if interface.address.is_unspecified() => Ok(()),
        SocketAddr::V4(_) => socket.set_multicast_if_v4(&interface.address),
        SocketAddr::V6(_) if interface.index == 0 => Ok(()),
        SocketAddr::V6(_) => socket.set_multicast_if_v6(interface.index),
    }
}

/// Sets how many routers datagrams pass, and whether this machine hears them.
pub(super) fn set_scope(
    socket: &Socket,
    address: SocketAddr,
    options: &TransportOptions,
) -> io::Result<()> {
    let hops = options.multicast_hops().into();
    match address {
        SocketAddr::V4(_) => {
            socket.set_multicast_ttl_v4(hops)?;
            socket.set_multicast_loop_v4(options.multicast_loop())
        }
        SocketAddr::V6(_) => {
            socket.set_multicast_hops_v6(hops)?;
            socket.set_multicast_loop_v6(options.multicast_loop())
        }
    }
}

fn set_scope_id(group: &mut SocketAddr, interface: &Interface) {
    if let SocketAddr::V6(group) = group
        && interface.index != 0
    {
        group.set_scope_id(interface.index);
    }
}
