//! From the host of an endpoint to socket addresses, anew at every use.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::lookups::Lookups;
use crate::endpoint::{Host, TcpAddress};

/// The addresses of this machine that a host stands for, IPv4 before IPv6. A name is an interface's
/// if there is one of that name, and a host's otherwise, as in libzmq.
pub(super) async fn local(address: &TcpAddress, lookups: &Lookups) -> io::Result<Vec<SocketAddr>> {
    let port = address.port();
    let mut addresses = match address.host() {
        // The second one is for connecting from any address to an IPv6 one.
        Host::Any => {
            vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
        }
        Host::Name(name) => match of_interface(name, port)? {
            Some(addresses) => addresses,
            None => with_port(lookups.find(name).await?, port),
        },
        other => literal(other, port)?,
    };
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

/// The addresses to connect to, in the order of the system's preference.
pub(super) async fn remote(address: &TcpAddress, lookups: &Lookups) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = match address.host() {
        Host::Name(name) => with_port(lookups.find_again(name).await?, address.port()),
        other => literal(other, address.port())?,
    };
    for address in &mut addresses {
        address.set_ip(reachable(address.ip()));
    }
    Ok(addresses)
}

fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.iter_mut().for_each(|address| address.set_port(port));
    addresses
}

/// What to connect to for an address. A socket bound to `0.0.0.0` says that it is there, and some
/// systems refuse to connect to that; others take it for the loopback address, as done here for
/// all.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The address of a host that is not a name.
fn literal(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        Host::Ip(ip) => Ok(vec![(*ip, port).into()]),
        Host::Zoned { address, zone } => {
            Ok(vec![SocketAddrV6::new(*address, port, 0, zone_index(zone)?).into()])
        }
        Host::Any | Host::Name(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "`*` stands for no address to connect to",
        )),
    }
}

/// The index of a zone, which is written as such or as the name of an interface.
fn zone_index(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let interfaces = if_addrs::get_if_addrs()?;
    let named = interfaces.iter().find(|interface| interface.name == zone);
    named.and_then(|interface| interface.index).ok_or_else(|| no_interface(zone))
}

/// The addresses of a network interface; none where a name can only be a host's.
fn of_interface(name: &str, port: u16) -> io::Result<Option<Vec<SocketAddr>>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let named = interfaces.iter().filter(|interface| interface.name == name);
    let addresses: Vec<_> =
        named.map(|interface| with_zone(interface.ip(), port, interface.index)).collect();
    match addresses.is_empty() {
        false => Ok(Some(addresses)),
        true if is_interface(name) => Err(io::Error::new(
            io::ErrorKind::NotConnected,
            format!(
                "the network interface {name:?} has no address; give it one, or name another interface"
            ),
        )),
        // The name of an alias, `eth0:1`, is no host's.
        true if name.contains(':') => Err(no_interface(name)),
        true => Ok(None),
    }
}

/// Whether there is a network interface of this name, with or without an address.
fn is_interface(name: &str) -> bool {
    cfg!(target_os = "linux") && std::path::Path::new("/sys/class/net").join(name).exists()
}

fn no_interface(name: &str) -> io::Error {
    let text = format!("there is no network interface {name:?}");
    io::Error::new(io::ErrorKind::NotFound, text)
}

/// An address of the interface with this index, which a link-local address means nothing without.
fn with_zone(ip: IpAddr, port: u16, index: Option<u32>) -> SocketAddr {
    match ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, port, 0, index.unwrap_or(0)).into()
        }
        ip => (ip, port).into(),
    }
}
