//! Options of transports.

use std::net::SocketAddr;
use std::time::Duration;

use super::SocksProxy;
#[cfg(feature = "tls")]
use crate::tls::{TlsClient, TlsServer};

/// TCP keepalive (`ZMQ_TCP_KEEPALIVE` 1): when and how often the system probes a silent connection.
///
/// Values that are not set are the system's, as with libzmq's -1. On Linux: 2 hours of silence, then
/// 9 probes 75 s apart. A dead peer is detected after `idle + interval * count`. ZMTP heartbeats also
/// detect a peer that hangs, and are the better choice if both sides have them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::{Keepalive, SubSocket};
///
/// let keepalive = Keepalive::new()
///     .idle(Duration::from_secs(60))
///     .interval(Duration::from_secs(10))
///     .count(3);
/// let sub = SubSocket::builder().tcp_keepalive(keepalive).build();
/// assert!(sub.bind("tcp://127.0.0.1:0").await.is_ok()); // the system accepts these values
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Keepalive {
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) count: Option<u32>,
}

impl Keepalive {
    /// Keepalive with the system's timing.
    pub const fn new() -> Self {
        Self { idle: None, interval: None, count: None }
    }

    /// How long a connection is silent before the first probe, in whole seconds
    /// (`ZMQ_TCP_KEEPALIVE_IDLE`).
    pub const fn idle(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
    }

    /// The time between two probes, in whole seconds (`ZMQ_TCP_KEEPALIVE_INTVL`).
    pub const fn interval(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// How many probes without an answer end the connection (`ZMQ_TCP_KEEPALIVE_CNT`).
    pub const fn count(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }
}

/// The socket options that a [transport](crate::transport) applies when it listens and dials.
///
/// A transport on top of another one passes them on. The connect timeout is not among them: the
/// socket drops the future of `dial`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportOptions {
    /// How many connections may wait to be accepted. The system has a limit too (`somaxconn`).
    /// `ZMQ_BACKLOG`, default 100.
    pub(crate) backlog: Option<u32>,
    /// The kernel's send buffer in bytes. `None` lets the system tune it. `ZMQ_SNDBUF`.
    pub(crate) send_buffer: Option<usize>,
    /// The kernel's receive buffer in bytes. `None` lets the system tune it. `ZMQ_RCVBUF`.
    pub(crate) receive_buffer: Option<usize>,
    /// TCP keepalive. `None` is the system's default, which is off. `ZMQ_TCP_KEEPALIVE`.
    pub(crate) keepalive: Option<Keepalive>,
    /// How long TCP retransmits before it gives up the connection. Linux and Android, ignored
    /// elsewhere. `ZMQ_TCP_MAXRT`.
    pub(crate) retransmit_limit: Option<Duration>,
    /// The type-of-service byte of IPv4 packets, or the traffic class in IPv6. `ZMQ_TOS`.
    pub(crate) type_of_service: Option<u8>,
    /// The network interface or VRF that tcp and udp traffic is confined to. Linux, an error elsewhere.
    /// `ZMQ_BINDTODEVICE`.
    pub(crate) device: Option<String>,
    /// The priority of outgoing packets. Linux, ignored elsewhere. `ZMQ_PRIORITY`.
    pub(crate) priority: Option<u32>,
    /// How long the kernel polls for packets before it waits for an interrupt. Linux, ignored
    /// elsewhere. `ZMQ_BUSY_POLL`.
    pub(crate) busy_poll: Option<Duration>,
    /// The proxy that TCP connections go through. `ZMQ_SOCKS_PROXY`.
    pub(crate) socks_proxy: Option<Box<SocksProxy>>,
    /// How `tls://` accepts. Binding fails without it.
    #[cfg(feature = "tls")]
    pub(crate) tls_server: Option<TlsServer>,
    /// How `tls://` connects. `None` trusts what the operating system trusts.
    #[cfg(feature = "tls")]
    pub(crate) tls_client: Option<TlsClient>,
    /// `ZMQ_MULTICAST_HOPS`.
    pub(crate) multicast_hops: Option<u8>,
    /// `ZMQ_MULTICAST_LOOP`.
    pub(crate) multicast_loop: Option<bool>,
    pub(crate) attempt: AttemptOptions,
}

/// The state of the socket's attempts to connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AttemptOptions {
    /// Addresses that answered without completing a handshake, oldest first. They are tried last, in
    /// this order.
    pub(crate) failed_addresses: Vec<SocketAddr>,
    /// How long this attempt may take. `None` is without limit.
    pub(crate) connect_timeout: Option<Duration>,
    /// How long handshakes below ZMTP may take. `None` is without limit.
    pub(crate) handshake_timeout: Option<Duration>,
}

impl TransportOptions {
    /// How many networks multicast datagrams pass (`ZMQ_MULTICAST_HOPS`). Default: 1, the local one.
    pub fn multicast_hops(&self) -> u8 {
        self.multicast_hops.unwrap_or(1)
    }

    /// Whether this machine hears the multicast datagrams that it sends (`ZMQ_MULTICAST_LOOP`).
    /// Default: true.
    pub fn multicast_loop(&self) -> bool {
        self.multicast_loop.unwrap_or(true)
    }

    /// The backlog, as `listen(2)` takes it.
    pub(crate) fn listen_backlog(&self) -> i32 {
        i32::try_from(self.backlog.unwrap_or(100)).unwrap_or(i32::MAX)
    }

    /// Whether an option is set that the kernel may refuse.
    pub(crate) fn tunes(&self) -> bool {
        let untuned = Self {
            backlog: self.backlog,
            socks_proxy: self.socks_proxy.clone(),
            #[cfg(feature = "tls")]
            tls_server: self.tls_server.clone(),
            #[cfg(feature = "tls")]
            tls_client: self.tls_client.clone(),
            multicast_hops: self.multicast_hops,
            multicast_loop: self.multicast_loop,
            attempt: self.attempt.clone(),
            ..Self::default()
        };
        *self != untuned
    }
}
