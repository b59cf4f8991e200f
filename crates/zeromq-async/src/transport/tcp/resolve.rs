//! Resolves the host of an endpoint to socket addresses, at every use.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::lookups::Lookups;
use crate::endpoint::Host;
use crate::transport::error::invalid_input;

/// The addresses of this machine for a host, IPv4 before IPv6. A name is a network interface if there
/// is one, and a host otherwise, as in libzmq.
pub(in crate::transport) async fn local(
    host: &Host,
    port: u16,
    lookups: &Lookups,
) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = match host {
        // The second one is for connecting from any address to IPv6.
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

/// The addresses to connect to, in the system's order of preference.
pub(in crate::transport) async fn remote(
    host: &Host,
    port: u16,
    lookups: &Lookups,
) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = match host {
        Host::Name(name) => with_port(lookups.find_again(name).await?, port),
        other => literal(other, port)?,
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

/// Replaces an unspecified address by the loopback address. A socket bound to `0.0.0.0` reports that
/// address, and not every system connects to it.
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
        Host::Any | Host::Name(_) => Err(invalid_input("`*` cannot be connected to")),
    }
}

/// The index of a zone, which is an index or the name of a network interface.
fn zone_index(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let interfaces = if_addrs::get_if_addrs()?;
    let named = interfaces.iter().find(|interface| interface.name == zone);
    named.and_then(|interface| interface.index).ok_or_else(|| no_interface(zone))
}

/// The addresses of a network interface. `None` if the name can only be a host.
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
        // An alias such as `eth0:1` cannot be a host.
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

/// An address with the index of its interface, which a link-local address needs.
fn with_zone(ip: IpAddr, port: u16, index: Option<u32>) -> SocketAddr {
    match ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, port, 0, index.unwrap_or(0)).into()
        }
        ip => (ip, port).into(),
    }
}
