//! TCP sockets of the system, and their options.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::TcpStream;

use crate::endpoint::{Host, TcpEndpoint};
use crate::options::{Keepalive, TransportOptions};
use crate::transport::Io;
use crate::transport::error::with_context;

/// Refuses options that the system does not accept, because every attempt would fail. A network
/// interface may be missing now and exist later.
pub(super) fn check(endpoint: &TcpEndpoint, options: &TransportOptions) -> io::Result<()> {
    if !options.tunes() {
        return Ok(());
    }
    let is_v6 = match endpoint.address().host() {
        Host::Ip(ip) => ip.is_ipv6(),
        Host::Zoned { .. } => true,
        Host::Any | Host::Name(_) => false,
    };
    let address: SocketAddr =
        if is_v6 { (Ipv6Addr::UNSPECIFIED, 0).into() } else { (Ipv4Addr::UNSPECIFIED, 0).into() };
    let domain = Domain::for_address(address);
    let Ok(socket) = Socket::new(domain, Type::STREAM, Some(Protocol::TCP)) else { return Ok(()) };
    let tuned = set_before_use(&socket, address, options)
        .and_then(|()| once_connected(SockRef::from(&socket), address, options));
    match tuned {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a socket for an address, and sets the options that must precede bind and connect.
pub(super) fn open(address: SocketAddr, options: &TransportOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    set_before_use(&socket, address, options)?;
    Ok(socket)
}

/// Binds a socket, even while connections of an earlier listener are still closing, as libzmq does.
/// On Windows the same option would let two programs listen at one address, and is not needed.
pub(super) fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())
}

/// Makes the stream of a new connection. The peer's address comes from the caller: the socket has
/// none if the connection was reset at once, which would look like a failure to accept.
pub(super) fn connected(
    stream: TcpStream,
    peer: SocketAddr,
    options: &TransportOptions,
) -> io::Result<Io> {
    once_connected(SockRef::from(&stream), peer, options)?;
    Ok(Io::from_tuned_tcp(stream, peer))
}

/// Adds the option that the system refuses.
fn named(option: &str, value: &dyn Debug) -> impl Fn(io::Error) -> io::Error {
    move |error| with_context(error, format!("the system refuses {option} {value:?}"))
}

/// Sets the options that must precede bind and connect. Accepted sockets inherit them from their
/// listener, except the priority.
pub(in crate::transport) fn set_before_use(
    socket: &Socket,
    address: SocketAddr,
    options: &TransportOptions,
) -> io::Result<()> {
    // The buffers decide the window scale, which TCP settles in its first packet.
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes).map_err(named("send_buffer", &bytes))?;
    }
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes).map_err(named("receive_buffer", &bytes))?;
    }
    set_precedence(socket, address, options)?;
    #[cfg(target_os = "linux")]
    if let Some(time) = options.busy_poll {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        socket.set_busy_poll(micros).map_err(named("busy_poll", &time))?;
    }
    options.device.as_deref().map_or(Ok(()), |device| set_device(socket, device))
}

/// Sets the options of a connected socket.
fn once_connected(
    socket: SockRef<'_>,
    peer: SocketAddr,
    options: &TransportOptions,
) -> io::Result<()> {
    // Linux gives each accepted socket the priority 0.
    set_precedence(&socket, peer, options)?;
    // Messages are batched already. Nagle's algorithm would only add delay.
    socket.set_tcp_nodelay(true)?;
    if let Some(keepalive) = &options.keepalive {
        set_keepalive(&socket, keepalive).map_err(named("tcp_keepalive", keepalive))?;
    }
    #[cfg(any(target_os = "android", target_os = "linux"))]
    if options.retransmit_limit.is_some() {
        let limit = options.retransmit_limit;
        socket.set_tcp_user_timeout(limit).map_err(named("tcp_retransmit_limit", &limit))?;
    }
    Ok(())
}

/// Sets the precedence of packets in the network and in this machine.
fn set_precedence(
    socket: &Socket,
    address: SocketAddr,
    options: &TransportOptions,
) -> io::Result<()> {
    if let Some(service) = options.type_of_service {
        set_type_of_service(socket, address, service.into())
            .map_err(named("type_of_service", &service))?;
    }
    // After the type of service, which sets a priority of its own.
    #[cfg(target_os = "linux")]
    if let Some(priority) = options.priority {
        socket.set_priority(priority).map_err(named("priority", &priority))?;
    }
    Ok(())
}

fn set_keepalive(socket: &Socket, keepalive: &Keepalive) -> io::Result<()> {
    let mut parameters = TcpKeepalive::new();
    if let Some(idle) = keepalive.idle {
        parameters = parameters.with_time(idle);
    }
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "netbsd",
        target_vendor = "apple",
        windows,
    ))]
    {
        if let Some(interval) = keepalive.interval {
            parameters = parameters.with_interval(interval);
        }
        if let Some(count) = keepalive.count {
            parameters = parameters.with_retries(count);
        }
    }
    socket.set_tcp_keepalive(&parameters)
}

fn set_type_of_service(socket: &Socket, address: SocketAddr, service: u32) -> io::Result<()> {
    if address.is_ipv4() {
        return socket.set_tos_v4(service);
    }
    #[cfg(any(target_os = "android", target_os = "linux", target_os = "macos"))]
    socket.set_tclass_v6(service)?;
    Ok(())
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn set_device(socket: &Socket, device: &str) -> io::Result<()> {
    const NO_DEVICE: i32 = 19; // ENODEV, for which std has no kind
    socket.bind_device(Some(device.as_bytes())).map_err(|error| match error.raw_os_error() {
        Some(NO_DEVICE) => io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no network interface {device:?} to bind to with bind_device"),
        ),
        _ => named("bind_device", &device)(error),
    })
}

/// An error, because traffic must not leave the interface that it is confined to.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn set_device(_: &Socket, _: &str) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "this system cannot confine a socket to a network interface",
    ))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    fn connected(address: &str, options: &TransportOptions) -> Socket {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let socket = open(address, options).unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.connect(&address.into()).unwrap();
        once_connected(SockRef::from(&socket), address, options).unwrap();
        socket
    }

    #[test]
    fn every_option_reaches_the_socket() {
        let seconds = Duration::from_secs;
        let options = TransportOptions {
            send_buffer: Some(32 * 1024),
            receive_buffer: Some(16 * 1024),
            keepalive: Some(Keepalive::new().idle(seconds(7)).interval(seconds(3)).count(5)),
            retransmit_limit: Some(seconds(9)),
            type_of_service: Some(0x28),
            device: Some("lo".into()),
            priority: Some(4),
            ..TransportOptions::default()
        };
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let socket = connected(address, &options);
            // Linux doubles the requested size, for its own bookkeeping.
            assert_eq!(socket.send_buffer_size().unwrap(), 64 * 1024);
            assert_eq!(socket.recv_buffer_size().unwrap(), 32 * 1024);
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(7));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(3));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(9)));
            assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
            assert_eq!(socket.priority().unwrap(), 4);
            assert!(socket.tcp_nodelay().unwrap());
        }
        assert_eq!(connected("127.0.0.1:0", &options).tos_v4().unwrap(), 0x28);
        assert_eq!(connected("[::1]:0", &options).tclass_v6().unwrap(), 0x28);
    }

    /// Without privileges a time above the system's is refused, and then so is the socket.
    #[test]
    fn busy_poll_is_set_or_refused() {
        let options =
            TransportOptions { busy_poll: Some(Duration::from_micros(50)), ..Default::default() };
        match open("127.0.0.1:0".parse().unwrap(), &options) {
            Ok(socket) => assert_eq!(socket.busy_poll().unwrap(), 50),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        }
    }

    #[test]
    fn default_options_keep_system_values() {
        let socket = connected("127.0.0.1:0", &TransportOptions::default());
        assert!(!socket.keepalive().unwrap());
        assert_eq!(socket.tos_v4().unwrap(), 0);
        assert_eq!(socket.priority().unwrap(), 0);
        assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        assert!(socket.tcp_nodelay().unwrap());
    }
}
