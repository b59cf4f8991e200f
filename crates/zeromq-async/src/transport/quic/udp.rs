//! UDP sockets under QUIC, and the endpoints over them.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Endpoint, Runtime, ServerConfig, TokioRuntime, UdpPoller};
use socket2::{Domain, Protocol, Type};
use tokio::runtime::{self, Handle};
use tokio::sync::watch;
use tokio::time::timeout;

use super::config;
use crate::options::TransportOptions;
use crate::sync::Mutex;
use crate::transport::tcp::set_before_use;

/// A QUIC endpoint. Its UDP socket lives as long as it and its connections.
pub(super) struct UdpEndpoint {
    pub(super) quinn: Endpoint,
}

/// The shared endpoints of connecting sockets, one for each runtime and address family. A receive buffer
/// of about 3 MB belongs to each.
static CONNECTING: LazyLock<Mutex<Connecting>> = LazyLock::new(Mutex::default);

/// By runtime, and whether it is IPv6.
type Connecting = HashMap<(runtime::Id, bool), Weak<UdpEndpoint>>;

impl UdpEndpoint {
    /// Binds, and accepts connections.
    pub(super) async fn bind(
        address: SocketAddr,
        options: &TransportOptions,
        server: ServerConfig,
    ) -> io::Result<Arc<Self>> {
        let open = || {
            let socket = datagram_socket(address, options)?;
            socket.bind(&address.into())?;
            io::Result::Ok(UdpSocket::from(socket))
        };
        let socket = match open() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                freed(address, error).await?;
                open()?
            }
            socket => socket?,
        };
        Self::over(socket, Some(server)).map(Arc::new)
    }

    /// An endpoint to connect from. It is shared, unless a source or options make it special.
    pub(super) fn for_peer(
        peer: SocketAddr,
        source: Option<SocketAddr>,
        options: &TransportOptions,
    ) -> io::Result<Arc<Self>> {
        let local = source.unwrap_or_else(|| unspecified(peer));
        let open = || {
            let socket = datagram_socket(local, options)?;
            socket.bind(&local.into())?;
            Self::over(socket.into(), None).map(Arc::new)
        };
        if source.is_some() || options.tunes() {
            return open();
        }
        let mut all = CONNECTING.lock();
        let key = (Handle::current().id(), peer.is_ipv6());
        if let Some(known) = all.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        all.retain(|_, endpoint| endpoint.strong_count() > 0);
        let endpoint = open()?;
        all.insert(key, Arc::downgrade(&endpoint));
        Ok(endpoint)
    }

    fn over(socket: UdpSocket, server: Option<ServerConfig>) -> io::Result<Self> {
        let socket = Arc::new(Socket::new(TokioRuntime.wrap_udp_socket(socket)?)?);
        let runtime = Arc::new(TokioRuntime);
        let quinn =
            Endpoint::new_with_abstract_socket(config::endpoint(), server, socket, runtime)?;
        Ok(Self { quinn })
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.quinn.local_addr()
    }

    /// Refuses new connections. Accepted ones go on.
    pub(super) fn stop_listening(&self) {
        self.quinn.set_server_config(None);
        if let Ok(address) = self.local_address()
            && let Some(open) = OPEN.lock().get_mut(&address)
        {
            open.is_listening = false;
        }
    }
}

/// The address of any interface, of the same family.
fn unspecified(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Opens a UDP socket for an address, with the options that apply to it.
fn datagram_socket(address: SocketAddr, options: &TransportOptions) -> io::Result<socket2::Socket> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    set_before_use(&socket, address, options)?;
    Ok(socket)
}

/// A UDP socket that tells when it is closed. QUIC closes it in a task, after the last connection.
struct Socket {
    /// Dropped first.
    inner: Arc<dyn AsyncUdpSocket>,
    entry: Entry,
}

/// An open socket in [`OPEN`].
struct Entry(SocketAddr);

/// The open sockets of this process, by address.
static OPEN: LazyLock<Mutex<HashMap<SocketAddr, Open>>> = LazyLock::new(Mutex::default);

struct Open {
    is_listening: bool,
    closed: watch::Sender<bool>,
}

/// How long to wait for the last packets of connections that have ended.
const MAX_CLOSING: Duration = Duration::from_secs(5);

/// Waits until an address is free, if it is that of a former listener whose connections are ending.
async fn freed(address: SocketAddr, error: io::Error) -> io::Result<()> {
    let closing = {
        let open = OPEN.lock();
        open.get(&address).filter(|open| !open.is_listening).map(|open| open.closed.subscribe())
    };
    let Some(mut closed) = closing else { return Err(error) };
    // It fails if the sender is gone, which is after the socket.
    match timeout(MAX_CLOSING, closed.wait_for(|closed| *closed)).await {
        Ok(_) => Ok(()),
        Err(_) => Err(error),
    }
}

impl Socket {
    fn new(inner: Arc<dyn AsyncUdpSocket>) -> io::Result<Self> {
        let address = inner.local_addr()?;
        let open = Open { is_listening: true, closed: watch::Sender::new(false) };
        OPEN.lock().insert(address, open);
        Ok(Self { inner, entry: Entry(address) })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(open) = OPEN.lock().remove(&self.0) {
            let _ = open.closed.send(true);
        }
    }
}

/// Keeps the entry of a socket for as long as the socket.
#[derive(Debug)]
struct Poller {
    /// Dropped first.
    inner: Pin<Box<dyn UdpPoller>>,
    _socket: Arc<Socket>,
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_writable(cx)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("address", &self.entry.0).finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller { inner: self.inner.clone().create_io_poller(), _socket: self })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(cx, buffers, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}
