//! From the host of an endpoint to socket addresses, anew at every use.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use tokio::net::lookup_host;

use crate::endpoint::{Host, TcpAddress};

/// The addresses of this machine that a host stands for, IPv4 before IPv6. A name is an interface's
/// if there is one of that name, and a host's otherwise, as in libzmq.
pub(super) async fn local(address: &TcpAddress) -> io::Result<Vec<SocketAddr>> {
    let port = address.port();
    let mut addresses = match address.host() {
        // The second one is for connecting from any address to an IPv6 one.
        Host::Any => {
            vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
        }
        Host::Name(name) => match of_interface(name, port)? {
            addresses if addresses.is_empty() => of_host(name, port).await?,
            addresses => addresses,
        },
        other => literal(other, port).await?,
    };
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

/// The addresses to connect to, in the order of the system's preference.
pub(super) async fn remote(address: &TcpAddress) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = match address.host() {
        Host::Name(name) => of_host(name, address.port()).await?,
        other => literal(other, address.port()).await?,
    };
    for address in &mut addresses {
        address.set_ip(reachable(address.ip()));
    }
    Ok(addresses)
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
async fn literal(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        Host::Ip(ip) => Ok(vec![(*ip, port).into()]),
        // The resolver knows the indices of zones.
        Host::Zoned { address, zone } => of_host(&format!("{address}%{zone}"), port).await,
        Host::Any | Host::Name(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "`*` stands for no address to connect to",
        )),
    }
}

/// The addresses of a host name.
async fn of_host(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    // The resolver's errors have no kind that tells an unknown name from a mistake elsewhere.
    let found = lookup_host((name, port))
        .await
        .map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

/// The addresses of a network interface; none if there is no such interface.
fn of_interface(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let named = interfaces.iter().filter(|interface| interface.name == name);
    Ok(named.map(|interface| with_zone(interface.ip(), port, interface.index)).collect())
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
