//! The network interface of a multicast group.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::endpoint::Host;

/// A network interface, as the system wants it: by address in IPv4, by index in IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interface {
    /// Unspecified for the system's choice.
    pub(super) address: Ipv4Addr,
    /// 0 for the system's choice.
    pub(super) index: u32,
}

impl Interface {
    const ANY: Self = Self { address: Ipv4Addr::UNSPECIFIED, index: 0 };

    /// Finds the interface for a group. Without a name, it is that of the zone of the group.
    pub(super) fn find(host: Option<&Host>, group: SocketAddr) -> io::Result<Self> {
        match host {
            Some(Host::Name(name)) => Self::named(name, group),
            Some(Host::Ip(IpAddr::V4(address))) if group.is_ipv4() => {
                Ok(Self { address: *address, index: 0 })
            }
            None | Some(Host::Any) => match group {
                SocketAddr::V4(_) => Ok(Self::ANY),
                SocketAddr::V6(group) => Ok(Self { index: group.scope_id(), ..Self::ANY }),
            },
            Some(other) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{other} is no interface for the group {group}; use its name, as in eth0"),
            )),
        }
    }

    fn named(name: &str, group: SocketAddr) -> io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?;
        let named: Vec<_> =
            interfaces.into_iter().filter(|interface| interface.name == name).collect();
        let index = named.iter().find_map(|interface| interface.index);
        let address = named.iter().find_map(|interface| match interface.ip() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        match (group, address, index) {
            (SocketAddr::V4(_), Some(address), _) => {
                Ok(Self { address, index: index.unwrap_or(0) })
            }
            (SocketAddr::V6(_), _, Some(index)) => {
                Ok(Self { address: address.unwrap_or(Ipv4Addr::UNSPECIFIED), index })
            }
            _ => Err(missing(name, group)),
        }
    }
}

fn missing(name: &str, group: SocketAddr) -> io::Error {
    let version = if group.is_ipv4() { "IPv4" } else { "IPv6" };
    let text = format!("there is no network interface {name:?} with an {version} address");
    io::Error::new(io::ErrorKind::NotFound, text)
}
