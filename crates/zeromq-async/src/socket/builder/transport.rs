//! The options of listeners and connections.

use std::time::Duration;

use super::SocketBuilder;
use crate::identity::PeerAddress;
use crate::options::{AcceptFilter, Keepalive, ReconnectStop, SocksProxy};
use crate::socket::SocketKind;
#[cfg(feature = "tls")]
use crate::tls::{TlsClient, TlsServer};

impl<P: SocketKind> SocketBuilder<P> {
    /// How many connections may wait to be accepted at each bound endpoint (`ZMQ_BACKLOG`).
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

    /// How long sent bytes may stay unacknowledged before TCP gives the connection up
    /// (`ZMQ_TCP_MAXRT`; Linux). Default: the operating system's.
    pub fn tcp_retransmit_limit(mut self, limit: Duration) -> Self {
        self.options.transport.retransmit_limit = Some(limit);
        self
    }

    /// TCP keepalive (`ZMQ_TCP_KEEPALIVE`, `_IDLE`, `_INTVL`, `_CNT`). Default: the operating
    /// system's, which is off.
    ///
    /// Binding and connecting fail at once with values that the system refuses: Linux takes 1 to 127
    /// probes, and times of 1 s to 32,767 s.
    pub fn tcp_keepalive(mut self, keepalive: Keepalive) -> Self {
        self.options.transport.keepalive = Some(keepalive);
        self
    }

    /// The priority of this socket's tcp packets among all packets of this machine (`ZMQ_PRIORITY`;
    /// Linux, ignored elsewhere). Default: what the [type of service](Self::type_of_service) makes
    /// it, which is 0.
    ///
    /// More than 6 is for privileged programs; for others binding and connecting fail then.
    pub fn priority(mut self, priority: u32) -> Self {
        self.options.transport.priority = Some(priority);
        self
    }

    /// How long the kernel looks for packets of a connection by itself before it waits for an
    /// interrupt, in whole microseconds (`ZMQ_BUSY_POLL`; Linux, ignored elsewhere). Default: the
    /// operating system's (`net.core.busy_read`), which is not at all.
    ///
    /// It costs processor time and saves latency. More than the system's is for privileged programs;
    /// for others binding and connecting fail then.
    pub fn busy_poll(mut self, time: Duration) -> Self {
        self.options.transport.busy_poll = Some(time);
        self
    }

    /// Makes connections over tcp through a SOCKS5 proxy (`ZMQ_SOCKS_PROXY`). Default: none.
    ///
    /// The proxy looks up the names of hosts. It has to connect within the
    /// [handshake timeout](Self::handshake_timeout), or the
    /// [connect timeout](Self::connect_timeout) where that is less, and a failure of it is an event
    /// that names it. The address of the peer, as events tell it, is the proxy's.
    pub fn socks_proxy(mut self, proxy: SocksProxy) -> Self {
        self.options.transport.socks_proxy = Some(Box::new(proxy));
        self
    }

    /// How bound endpoints of `tls://` accept connections: the certificate, and whether clients need one
    /// (libzmq has `ZMQ_WSS_CERT_PEM` and `ZMQ_WSS_KEY_PEM`, for wss only). Default: the context's, or
    /// none, and then binding fails.
    #[cfg(feature = "tls")]
    pub fn tls_server(mut self, server: TlsServer) -> Self {
        self.options.transport.tls_server = Some(server);
        self
    }

    /// How the socket connects to endpoints of `tls://`: whom it trusts, and its own certificate (libzmq
    /// has `ZMQ_WSS_TRUST_PEM`, `ZMQ_WSS_TRUST_SYSTEM` and `ZMQ_WSS_HOSTNAME`, for wss only). Default:
    /// the context's, or [`TlsClient::new`].
    #[cfg(feature = "tls")]
    pub fn tls_client(mut self, client: TlsClient) -> Self {
        self.options.transport.tls_client = Some(client);
        self
    }

    /// Accepts connections at bound endpoints only if `filter` returns true for the address
    /// (`ZMQ_TCP_ACCEPT_FILTER`, `ZMQ_IPC_FILTER_UID`, `_GID`, `_PID`). Default: from all.
    ///
    /// Others are closed before the handshake, and each is an
    /// [`AcceptFailed`](crate::SocketEvent::AcceptFailed). The filter is called for each connection,
    /// and others wait meanwhile. An
    /// `zeromq_auth::AddressRules` has ranges of addresses, users and processes
    /// for it; as an authenticator they also tell the peer.
    pub fn accept_filter(
        mut self,
        filter: impl Fn(&PeerAddress) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.options.accept_filter = Some(AcceptFilter::new(filter));
        self
    }

    /// After which failures no further attempt to connect is made (`ZMQ_RECONNECT_STOP`). Default:
    /// none.
    pub fn reconnect_stop(mut self, stop: ReconnectStop) -> Self {
        self.options.reconnect_stop = stop;
        self
    }
}
