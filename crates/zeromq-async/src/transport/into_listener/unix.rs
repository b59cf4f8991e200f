//! Unix domain sockets, and file descriptors.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use socket2::Socket;

use super::IntoListener;
use crate::endpoint::{Endpoint, IpcEndpoint};
use crate::transport::error::invalid_input;
use crate::transport::{BoundIpc, Listener, TransportOptions};

impl IntoListener for UnixListener {
    type Listener = BoundIpc;

    fn into_listener(self, options: &TransportOptions) -> io::Result<BoundIpc> {
        let endpoint = endpoint_of(&self)?;
        BoundIpc::adopted(self, endpoint, options)
    }
}

impl IntoListener for tokio::net::UnixListener {
    type Listener = BoundIpc;

    fn into_listener(self, options: &TransportOptions) -> io::Result<BoundIpc> {
        self.into_std()?.into_listener(options)
    }
}

impl IntoListener for OwnedFd {
    type Listener = Box<dyn Listener>;

    fn into_listener(self, options: &TransportOptions) -> io::Result<Box<dyn Listener>> {
        let socket = Socket::from(self);
        check_listens(&socket)?;
        let address = socket.local_addr()?;
        if address.is_unix() {
            Ok(Box::new(UnixListener::from(OwnedFd::from(socket)).into_listener(options)?))
        } else if address.is_ipv4() || address.is_ipv6() {
            Ok(Box::new(std::net::TcpListener::from(socket).into_listener(options)?))
        } else {
            Err(invalid_input("the descriptor is neither a TCP nor a Unix domain socket"))
        }
    }
}

/// Refuses a socket that does not listen, because every accept would fail.
fn check_listens(socket: &Socket) -> io::Result<()> {
    #[cfg(any(target_os = "android", target_os = "freebsd", target_os = "linux"))]
    if !socket.is_listener()? {
        let text = "the socket does not listen; bind it and call listen before it is handed over";
        return Err(invalid_input(text));
    }
    let _ = socket;
    Ok(())
}

fn endpoint_of(listener: &UnixListener) -> io::Result<Endpoint> {
    let address = listener.local_addr()?;
    if let Some(path) = address.as_pathname() {
        return Ok(Endpoint::Ipc(IpcEndpoint::from_path(path)));
    }
    abstract_name(&address)
        .map(|name| Endpoint::Ipc(IpcEndpoint::from_abstract(name)))
        .ok_or_else(|| invalid_input("the socket is not bound to a name"))
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn abstract_name(address: &std::os::unix::net::SocketAddr) -> Option<String> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    let name = address.as_abstract_name()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn abstract_name(_: &std::os::unix::net::SocketAddr) -> Option<String> {
    None
}
