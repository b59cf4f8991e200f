//! What the kernel is told about listeners and connections.

use std::time::Duration;

use super::SocketBuilder;
use crate::options::Keepalive;
use crate::socket::SocketKind;

impl<P: SocketKind> SocketBuilder<P> {
    /// How many connections may wait to be accepted at each bound endpoint (`ZMQ_BACKLOG`).
    /// Default: 100.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    ///
    /// let rep = RepSocket::builder().backlog(1024).build();
    /// # drop(rep);
    /// ```
    pub fn backlog(mut self, connections: u32) -> Self {
        self.options.transport.backlog = connections;
        self
    }

    /// Octets of the kernel's send buffer (`ZMQ_SNDBUF`). Default: the operating system's.
    ///
    /// ```
    /// use zeromq_async::PushSocket;
    ///
    /// let push = PushSocket::builder().send_buffer(1 << 20).build();
    /// # drop(push);
    /// ```
    pub fn send_buffer(mut self, octets: usize) -> Self {
        self.options.transport.send_buffer = Some(octets);
        self
    }

    /// Octets of the kernel's receive buffer (`ZMQ_RCVBUF`). Default: the operating system's.
    ///
    /// ```
    /// use zeromq_async::PullSocket;
    ///
    /// let pull = PullSocket::builder().receive_buffer(1 << 20).build();
    /// # drop(pull);
    /// ```
    pub fn receive_buffer(mut self, octets: usize) -> Self {
        self.options.transport.receive_buffer = Some(octets);
        self
    }

    /// The type of service of TCP connections (`ZMQ_TOS`). Default: the operating system's.
    ///
    /// ```
    /// use zeromq_async::PubSocket;
    ///
    /// let publisher = PubSocket::builder().type_of_service(0xB8).build(); // expedited forwarding
    /// # drop(publisher);
    /// ```
    pub fn type_of_service(mut self, octet: u8) -> Self {
        self.options.transport.type_of_service = Some(octet);
        self
    }

    /// The network device that TCP connections use (`ZMQ_BINDTODEVICE`; Linux). Default: any.
    ///
    /// ```
    /// use zeromq_async::PubSocket;
    ///
    /// let publisher = PubSocket::builder().bind_device("eth0").build();
    /// # drop(publisher);
    /// ```
    pub fn bind_device(mut self, name: impl Into<String>) -> Self {
        self.options.transport.device = Some(name.into());
        self
    }

    /// How long sent octets may stay unacknowledged before TCP gives the connection up
    /// (`ZMQ_TCP_MAXRT`; Linux). Default: the operating system's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    ///
    /// let push = PushSocket::builder().tcp_retransmit_limit(Duration::from_secs(20)).build();
    /// # drop(push);
    /// ```
    pub fn tcp_retransmit_limit(mut self, limit: Duration) -> Self {
        self.options.transport.retransmit_limit = Some(limit);
        self
    }

    /// TCP keepalive (`ZMQ_TCP_KEEPALIVE`, `_IDLE`, `_INTVL`, `_CNT`). Default: the operating
    /// system's, which is off.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{Keepalive, SubSocket};
    ///
    /// let keepalive = Keepalive::new().idle(Duration::from_secs(60)).count(3);
    /// let sub = SubSocket::builder().tcp_keepalive(keepalive).build();
    /// # drop(sub);
    /// ```
    pub fn tcp_keepalive(mut self, keepalive: Keepalive) -> Self {
        self.options.transport.keepalive = Some(keepalive);
        self
    }
}
