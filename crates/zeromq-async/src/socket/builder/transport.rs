//! The options of listeners and connections.

use std::time::Duration;

use super::SocketBuilder;
use crate::identity::PeerAddress;
use crate::options::{AcceptFilter, Keepalive, ReconnectStop, SocksProxy};
use crate::socket::SocketKind;
#[cfg(feature = "tls")]
use crate::tls::{TlsClient, TlsServer};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most connections that wait to be accepted at each bound endpoint (`ZMQ_BACKLOG`).
    /// Default: 100.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.options.transport.backlog = Some(connections);
        self
    }

    /// Bytes of the kernel's send buffer (`ZMQ_SNDBUF`). Default: the operating system's.
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.options.transport.send_buffer = Some(bytes);
        self
    }

    /// Bytes of the kernel's receive buffer (`ZMQ_RCVBUF`). Default: the operating system's.
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.options.transport.receive_buffer = Some(bytes);
        self
    }

    /// The type of service of TCP connections (`ZMQ_TOS`). Default: the operating system's.
    pub fn type_of_service(mut self, byte: u8) -> Self {
        self.options.transport.type_of_service = Some(byte);
        self
    }

    /// The network device that TCP connections use (`ZMQ_BINDTODEVICE`; Linux). Default: any.
    pub fn bind_device(mut self, name: impl Into<String>) -> Self {
        self.options.transport.device = Some(name.into());
        self
    }

    /// The time after which TCP ends a connection with unacknowledged bytes (`ZMQ_TCP_MAXRT`;
    /// Linux). Default: the operating system's.
    pub fn tcp_retransmit_limit(mut self, limit: Duration) -> Self {
        self.options.transport.retransmit_limit = Some(limit);
        self
    }

    /// TCP keepalive (`ZMQ_TCP_KEEPALIVE`, `_IDLE`, `_INTVL`, `_CNT`). Default: the operating
    /// system's, which is off.
    ///
    /// Binding and connecting fail at once if the system does not accept the values. Linux accepts
    /// 1 to 127 probes, and times from 1 s to 32,767 s.
    pub fn tcp_keepalive(mut self, keepalive: Keepalive) -> Self {
        self.options.transport.keepalive = Some(keepalive);
        self
    }

    /// The priority of this socket's TCP packets among all packets of this machine (`ZMQ_PRIORITY`;
    /// Linux, ignored elsewhere). Default: 0, or the priority that follows from the [type of
    /// service](Self::type_of_service).
    ///
    /// Only a privileged program may set more than 6. In others, binding and connecting fail.
    pub fn priority(mut self, priority: u32) -> Self {
        self.options.transport.priority = Some(priority);
        self
    }

    /// How long the kernel polls the network device for packets of a connection before it waits for
    /// an interrupt, in whole microseconds (`ZMQ_BUSY_POLL`; Linux, ignored elsewhere). Default:
    /// the operating system's (`net.core.busy_read`), normally 0.
    ///
    /// It costs processor time and saves latency. Only a privileged program may set more than the
    /// operating system's value. In others, binding and connecting fail.
    pub fn busy_poll(mut self, time: Duration) -> Self {
        self.options.transport.busy_poll = Some(time);
        self
    }

    /// Makes connections over tcp through a SOCKS5 proxy (`ZMQ_SOCKS_PROXY`). Default: none.
    ///
    /// The proxy looks up host names. It must connect within the [handshake
    /// timeout](Self::handshake_timeout) or the [connect timeout](Self::connect_timeout), whichever
    /// is less. Events report a failure of the proxy with its name. Events show the address of the
    /// proxy in place of the peer's address.
    pub fn socks_proxy(mut self, proxy: SocksProxy) -> Self {
        self.options.transport.socks_proxy = Some(Box::new(proxy));
        self
    }

    /// How bound endpoints of `tls://`, `wss://` and `quic://` accept connections: the certificate, and
    /// whether clients need one (`ZMQ_WSS_CERT_PEM`, `ZMQ_WSS_KEY_PEM`). Default: the context's, or none,
    /// and then binding fails.
    #[cfg(feature = "tls")]
    pub fn tls_server(mut self, server: TlsServer) -> Self {
        self.options.transport.tls_server = Some(server);
        self
    }

    /// How the socket connects to endpoints of `tls://`, `wss://` and `quic://`: the authorities that it
    /// trusts, and its own certificate (`ZMQ_WSS_TRUST_PEM`, `ZMQ_WSS_TRUST_SYSTEM`, `ZMQ_WSS_HOSTNAME`). Default: the
    /// context's, or [`TlsClient::new`].
    #[cfg(feature = "tls")]
    pub fn tls_client(mut self, client: TlsClient) -> Self {
        self.options.transport.tls_client = Some(client);
        self
    }

    /// Accepts connections at bound endpoints only if `filter` returns true for the address
    /// (`ZMQ_TCP_ACCEPT_FILTER`, `ZMQ_IPC_FILTER_UID`, `_GID`, `_PID`). Default: all are accepted.
    ///
    /// At `udp://` it is asked about the sender of each datagram, and those of others are dropped and
    /// counted as [`filtered`](crate::Discarded::filtered).
    ///
    /// Other connections are closed before the handshake, each with an
    /// [`AcceptFailed`](crate::SocketEvent::AcceptFailed) event. The filter is called for one
    /// connection at a time, so it must not block. `zeromq_auth::AddressRules` has ranges of
    /// addresses, users and processes for it. As an authenticator, they also tell the peer that it
    /// is denied.
    pub fn accept_filter(
        mut self,
        filter: impl Fn(&PeerAddress) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.options.accept_filter = Some(AcceptFilter::new(filter));
        self
    }

    /// The failures after which the socket does not try to connect again (`ZMQ_RECONNECT_STOP`).
    /// Default: none.
    pub fn reconnect_stop(mut self, stop: ReconnectStop) -> Self {
        self.options.reconnect_stop = stop;
        self
    }
}
