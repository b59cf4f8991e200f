//! `udp://`: unicast and multicast datagrams.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket};
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::TransportOptions;
use super::datagram::{DatagramSocket, DatagramTransport};
use super::error::invalid_input;
use super::tcp::{LOOKUPS, resolve, set_before_use};
use crate::endpoint::{Endpoint, UdpEndpoint};
use interface::Interface;

mod interface;
mod multicast;

/// The transport of `udp://`.
///
/// Every context has it under that scheme. A socket that is bound to a multicast group joins it at the
/// interface that the endpoint names, and hears that group alone. libzmq's hears every group that any
/// program of the machine has joined at the port.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::future::poll_fn;
/// use zeromq_async::Endpoint;
/// use zeromq_async::transport::{DatagramSocket, DatagramTransport, TransportOptions, Udp};
///
/// let (anywhere, options) = ("udp://127.0.0.1:*".parse::<Endpoint>()?, TransportOptions::default());
/// let mut bound = Udp.bind(&anywhere, &options).await?;
/// let mut sender = Udp.connect(bound.endpoint(), &options).await?;
/// poll_fn(|cx| sender.poll_send(cx, b"hello", None)).await?;
/// let mut buffer = [0; 16];
/// let (size, _from) = poll_fn(|cx| bound.poll_recv(cx, &mut buffer)).await?;
/// assert_eq!(&buffer[..size], b"hello");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Udp;

impl DatagramTransport for Udp {
    type Socket = UdpDatagrams;

    /// Joins the group of a multicast address. The interface of the group is the system's choice if
    /// the endpoint names none.
    async fn bind(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<UdpDatagrams> {
        let udp = udp(endpoint)?;
        let addresses = resolve::local(udp.host(), udp.port(), &LOOKUPS).await?;
        let mut address = *addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let group = group(udp, address)?;

        let socket = open(address, options)?;
        match &group {
            Some(interface) => {
                multicast::bind(&socket, address, interface)?;
                // A DGRAM sends to the group too.
                multicast::send_from(&socket, &mut address, interface)?;
            }
            None => {
                if address.ip().is_unspecified() && address.is_ipv6() {
                    // `[::]` receives IPv4 too on every system, as with tcp.
                    socket.set_only_v6(false)?;
                }
                socket.bind(&address.into())?;
            }
        }
        multicast::set_scope(&socket, address, options)?;
        let socket = UdpSocket::from_std(StdUdpSocket::from(socket))?;
        let local = socket.local_addr()?;
        let endpoint = match group {
            Some(_) => udp.at_port(local.port()),
            None => UdpEndpoint::from(local),
        };
        Ok(UdpDatagrams { socket, target: None, endpoint: Endpoint::Udp(endpoint) })
    }

    /// Sends to the first address of a name, from the interface that the endpoint names.
    async fn connect(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<UdpDatagrams> {
        let udp = udp(endpoint)?;
        let addresses = resolve::remote(udp.host(), udp.port(), &LOOKUPS).await?;
        let mut target = *addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let group = group(udp, target)?;

        // Not connected: a refusal that the system reports would take the place of the next datagram.
        let socket = open(target, options)?;
        multicast::set_scope(&socket, target, options)?;
        if let Some(interface) = &group {
            multicast::send_from(&socket, &mut target, interface)?;
        }
        let socket = UdpSocket::from_std(StdUdpSocket::from(socket))?;
        Ok(UdpDatagrams { socket, target: Some(target), endpoint: endpoint.clone() })
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        if !options.tunes() {
            return Ok(());
        }
        let is_v6 = udp(endpoint)?.ip().is_some_and(|ip| ip.is_ipv6());
        let ip: IpAddr = if is_v6 {
            std::net::Ipv6Addr::UNSPECIFIED.into()
        } else {
            std::net::Ipv4Addr::UNSPECIFIED.into()
        };
        match open((ip, 0).into(), options) {
            // A network interface may be missing now and exist later.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn udp(endpoint: &Endpoint) -> io::Result<&UdpEndpoint> {
    match endpoint {
        Endpoint::Udp(udp) => Ok(udp),
        other => Err(invalid_input(format!(
            "{other} is not a UDP address; Endpoint::with_scheme makes one"
        ))),
    }
}

/// The interface of a multicast group. `None` if the address is not one.
fn group(udp: &UdpEndpoint, address: SocketAddr) -> io::Result<Option<Interface>> {
    if address.ip().is_multicast() {
        return Interface::find(udp.interface(), address).map(Some);
    }
    match udp.interface() {
        None => Ok(None),
        Some(interface) => Err(invalid_input(format!(
            "{address} is no multicast group, so the interface {interface} means nothing"
        ))),
    }
}

fn open(address: SocketAddr, options: &TransportOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    set_before_use(&socket, address, options)?;
    if address.is_ipv4() {
        // The address of an endpoint may be a broadcast address.
        socket.set_broadcast(true)?;
    }
    Ok(socket)
}

/// A UDP socket that is bound, or that sends to one endpoint.
#[derive(Debug)]
pub struct UdpDatagrams {
    socket: UdpSocket,
    target: Option<SocketAddr>,
    endpoint: Endpoint,
}

impl DatagramSocket for UdpDatagrams {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<()>> {
        let to = to.or(self.target).ok_or(io::ErrorKind::NotConnected)?;
        self.socket.poll_send_to(cx, datagram, to).map_ok(drop)
    }

    fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        let from = ready!(self.socket.poll_recv_from(cx, &mut buffer))?;
        Poll::Ready(Ok((buffer.filled().len(), from)))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn peer_address(&self) -> Option<SocketAddr> {
        self.target
    }

    #[cfg(unix)]
    fn descriptor(&self) -> Option<i32> {
        Some(std::os::fd::AsRawFd::as_raw_fd(&self.socket))
    }
}

#[cfg(test)]
mod tests;
