//! Datagrams: transports without connections, for RADIO, DISH and DGRAM.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::TransportOptions;
use crate::endpoint::Endpoint;

/// Turns endpoints into sockets that send and receive whole datagrams.
///
/// RADIO connects to such an endpoint, DISH and DGRAM bind to one. There is no handshake, and
/// security mechanisms do not apply.
/// [`ContextBuilder::datagram_transport`](crate::ContextBuilder::datagram_transport) adds it to a
/// context under a scheme. [`Udp`](super::Udp) is an ordinary one. This one counts what it binds:
///
/// ```
/// use std::io;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use zeromq_async::transport::{DatagramTransport, TransportOptions, Udp, UdpDatagrams};
/// use zeromq_async::{Context, DishSocket, Endpoint};
///
/// struct Counting(Arc<AtomicUsize>);
///
/// impl DatagramTransport for Counting {
///     type Socket = UdpDatagrams;
///
///     async fn bind(&self, at: &Endpoint, options: &TransportOptions) -> io::Result<UdpDatagrams> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Udp.bind(&at.with_scheme("udp")?, options).await
///     }
///
///     async fn connect(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<UdpDatagrams> {
///         Udp.connect(&to.with_scheme("udp")?, options).await
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bound = Arc::new(AtomicUsize::new(0));
/// let context = Context::builder().datagram_transport("counted", Counting(bound.clone()))?.build();
/// let dish = DishSocket::builder_in(&context).build();
/// dish.bind("counted://127.0.0.1:*").await?;
/// assert_eq!(bound.load(Ordering::Relaxed), 1);
/// # Ok(()) }
/// ```
pub trait DatagramTransport: Send + Sync + 'static {
    /// The type that sends and receives.
    type Socket: DatagramSocket;

    /// Binds to an endpoint, to receive datagrams there and to send from there.
    ///
    /// # Errors
    ///
    /// The reason why not. Its kind becomes a variant of [`BindError`](crate::BindError), as with
    /// [`Transport::listen`](super::Transport::listen).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it must leave nothing bound.
    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Self::Socket>> + Send;

    /// Opens a socket that sends to an endpoint. Resolves names.
    ///
    /// # Errors
    ///
    /// The reason why the attempt failed. It becomes an event, and the socket tries again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the socket closes. It must leave nothing behind.
    fn connect(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Self::Socket>> + Send;

    /// The most bytes of a datagram. `send` refuses larger ones, and larger ones that arrive are
    /// dropped. Default: 8,192, as in libzmq. More than 1 MiB counts as 1 MiB.
    ///
    /// Each endpoint has a buffer of this size.
    fn max_datagram(&self) -> usize {
        8192
    }

    /// Whether it needs Tokio's I/O driver, as [`Udp`](super::Udp) does. Default: false.
    fn needs_io_driver(&self) -> bool {
        false
    }

    /// Refuses options that the system does not accept. Default: accepts all. See
    /// [`Transport::check`](super::Transport::check).
    ///
    /// # Errors
    ///
    /// The option, and why it is refused.
    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        let _ = (endpoint, options);
        Ok(())
    }
}

/// Sends and receives whole datagrams. Dropping it frees its address.
///
/// No error ends it: the datagram is counted as dropped, an event says why, and the next one is tried.
pub trait DatagramSocket: Send + 'static {
    /// Polls to send one datagram to an address, or without one to the endpoint connected to.
    ///
    /// # Errors
    ///
    /// The datagram was not sent. It is not sent again.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<()>>;

    /// Polls for the next datagram. Returns its size and its sender.
    ///
    /// The buffer is one byte larger than
    /// [`max_datagram`](DatagramTransport::max_datagram). A larger datagram fills it.
    ///
    /// # Errors
    ///
    /// Nothing was received.
    fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>>;

    /// The endpoint bound, with the real address in place of wildcards, or connected to.
    fn endpoint(&self) -> &Endpoint;

    /// The address of the endpoint connected to. Default: `None`.
    fn peer_address(&self) -> Option<SocketAddr> {
        None
    }

    /// The file descriptor for events, on Unix. Default: `None`.
    fn descriptor(&self) -> Option<i32> {
        None
    }
}
