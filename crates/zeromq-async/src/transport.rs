//! Byte streams to peers, and custom transports such as TLS, an SSH channel or a simulated network.
//!
//! A [`Transport`] turns endpoints into connected streams and knows nothing of ZMTP. It listens with
//! a [`Listener`], and dials: one attempt to connect. Reconnects, timeouts and authentication belong to
//! the socket. [`Tcp`] and [`Ipc`] are ordinary transports. `inproc://` is not a transport, because it
//! joins two queues without bytes.
//!
//! A [`Context`](crate::Context) has transports by scheme, and its sockets bind and connect to
//! endpoints of those schemes. This one only renames TCP, where TLS would encrypt:
//!
//! ```
//! use std::io;
//! use zeromq_async::transport::{BoundTcp, Io, Tcp, Transport, TransportOptions};
//! use zeromq_async::{Context, Endpoint, PullSocket, PushSocket};
//!
//! struct Plain;
//!
//! impl Transport for Plain {
//!     type Listener = BoundTcp;
//!
//!     async fn listen(&self, at: &Endpoint, options: &TransportOptions) -> io::Result<BoundTcp> {
//!         Tcp.listen(&at.with_scheme("tcp")?, options).await
//!     }
//!
//!     async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
//!         Tcp.dial(&to.with_scheme("tcp")?, options).await
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let context = Context::builder().transport("plain", Plain)?.build();
//! let mut pull = PullSocket::builder_in(&context).build();
//! let mut push = PushSocket::builder_in(&context).build();
//! let bound = pull.bind("plain://127.0.0.1:*").await?;
//! push.connect(bound.with_scheme("plain")?)?;
//! push.send("hello").await?;
//! assert_eq!(pull.recv().await?, "hello");
//! # Ok(()) }
//! ```
//!
//! A stream that carries frames in another way than ZMTP has a framing: see [`Io::with_framing`].
//! A [`DatagramTransport`] is the same without connections: it sends and receives whole datagrams, for
//! RADIO, DISH and DGRAM. [`Udp`] is one.
//!
//! A stream without an endpoint, such as the pipes of a child process, goes to
//! [`accept_stream`](crate::SocketHandle::accept_stream) or
//! [`connect_stream`](crate::SocketHandle::connect_stream). So does, with the feature `ws`, a connection
//! that a web server has upgraded to WebSocket: see `zws::Upgrade`. A listening socket from elsewhere, such
//! as systemd, goes to [`bind_listener`](crate::SocketHandle::bind_listener).

use std::future::Future;
use std::io;
use std::task::{Context, Poll};

use crate::endpoint::Endpoint;
pub use crate::options::TransportOptions;

mod datagram;
mod error;
mod into_listener;
mod io_stream;
#[cfg(unix)]
mod ipc;
#[cfg(feature = "quic")]
mod quic;
mod registry;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod udp;
#[cfg(feature = "vsock")]
mod vsock;
#[cfg(feature = "ws")]
mod ws;
#[cfg(all(feature = "tls", feature = "ws"))]
mod wss;

pub use datagram::{DatagramSocket, DatagramTransport};
pub(crate) use error::lacks_descriptor;
pub use into_listener::IntoListener;
pub(crate) use io_stream::Halves;
pub use io_stream::Io;
#[cfg(unix)]
pub use ipc::{BoundIpc, Ipc};
#[cfg(feature = "quic")]
pub use quic::{BoundQuic, Quic};
pub(crate) use registry::{DynDatagramTransport, Transports};
#[cfg(test)]
pub(crate) use tcp::Resolving;
pub(crate) use tcp::is_local_address;
pub use tcp::{BoundTcp, Tcp};
#[cfg(all(test, target_os = "linux"))]
pub(crate) use tcp::{TWO_ADDRESSES, listeners_on_one_port};
#[cfg(feature = "tls")]
pub use tls::{BoundTls, Tls};
pub use udp::{Udp, UdpDatagrams};
#[cfg(feature = "vsock")]
pub use vsock::{BoundVsock, Vsock};
#[cfg(feature = "ws")]
pub use ws::{BoundWs, Ws};
#[cfg(all(feature = "tls", feature = "ws"))]
pub use wss::{BoundWss, Wss};
#[cfg(feature = "ws")]
#[doc(inline)]
pub use zmtp::framing::zws;

/// Turns endpoints into byte streams.
///
/// [`ContextBuilder::transport`](crate::ContextBuilder::transport) adds it to a context under a scheme.
/// The [module](self) has an example.
pub trait Transport: Send + Sync + 'static {
    /// The type that accepts connections.
    type Listener: Listener;

    /// Listens at an endpoint.
    ///
    /// # Errors
    ///
    /// The reason why it cannot listen. [`AddrInUse`](io::ErrorKind::AddrInUse),
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable), [`NotFound`](io::ErrorKind::NotFound)
    /// and [`PermissionDenied`](io::ErrorKind::PermissionDenied) become variants of
    /// [`BindError`](crate::BindError), which also names the endpoint.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped early, it must leave nothing bound.
    fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Makes one attempt to connect. Resolves names each time.
    ///
    /// # Errors
    ///
    /// The reason why the attempt failed. It becomes an event, and the socket tries again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at the connect timeout and when the socket closes. It must leave nothing
    /// behind.
    fn dial(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Io>> + Send;

    /// Whether it needs Tokio's I/O driver, as [`Tcp`] and [`Ipc`] do. Default: false.
    ///
    /// If so, `bind` and `connect` fail on a runtime without
    /// [`enable_io`](tokio::runtime::Builder::enable_io).
    fn needs_io_driver(&self) -> bool {
        false
    }

    /// Refuses options that the system does not accept, before the first attempt. Default: accepts
    /// all.
    ///
    /// A transport on top of another one calls that one.
    ///
    /// # Errors
    ///
    /// The option, and why it is refused. `bind` and `connect` return it as
    /// [`BindErrorKind::OptionRefused`](crate::BindErrorKind::OptionRefused) and
    /// [`ConnectErrorKind::OptionRefused`](crate::ConnectErrorKind::OptionRefused).
    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        let _ = (endpoint, options);
        Ok(())
    }
}

/// Accepts connections at one bound endpoint. Dropping it closes the endpoint.
pub trait Listener: Send + 'static {
    /// Polls for the next connection.
    ///
    /// A slow step for each connection, such as a TLS handshake, would delay the others. Leave it to
    /// [`Io::upgrade`].
    ///
    /// # Errors
    ///
    /// A temporary failure, such as `ConnectionAborted` or too few file descriptors. The listener is
    /// polled again after a pause.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>>;

    /// The listening file descriptor for events, on Unix. Default: `None`.
    fn descriptor(&self) -> Option<i32> {
        None
    }

    /// The bound endpoint, with the real address in place of wildcards.
    fn local_endpoint(&self) -> &Endpoint;
}

impl<L: Listener + ?Sized> Listener for Box<L> {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        (**self).poll_accept(cx)
    }

    fn descriptor(&self) -> Option<i32> {
        (**self).descriptor()
    }

    fn local_endpoint(&self) -> &Endpoint {
        (**self).local_endpoint()
    }
}

#[cfg(test)]
mod tests;
