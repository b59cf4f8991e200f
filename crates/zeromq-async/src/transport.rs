//! Byte streams to peers, and how to bring one's own: TLS, an SSH channel, a simulated network.
//!
//! A [`Transport`] turns an endpoint into connected streams and knows nothing of ZMTP. It listens,
//! which gives a [`Listener`], and dials, which makes one attempt to connect. When to try again,
//! how long an attempt may take and who may connect is the socket's business. [`Tcp`] and [`Ipc`]
//! are transports like any other; `inproc://` is none, for it joins two queues and has no bytes.
//!
//! A transport is put into a [`Context`](crate::Context) under a scheme, and every socket of that
//! context binds and connects to endpoints of it. This one adds nothing to TCP but a name, at the
//! places where TLS would encrypt:
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
//! Where there is one stream and no address, as with a pipe to a child process, a socket takes it
//! as it is: [`accept_stream`](crate::SocketHandle::accept_stream) and
//! [`connect_stream`](crate::SocketHandle::connect_stream). A listener that somebody else has made,
//! as systemd does, is taken with [`bind_listener`](crate::SocketHandle::bind_listener).

use std::future::Future;
use std::io;
use std::task::{Context, Poll};

use crate::endpoint::Endpoint;
pub use crate::options::TransportOptions;

mod adopted;
mod explained;
mod io_driver;
mod io_stream;
#[cfg(unix)]
mod ipc;
mod registry;
mod tcp;

pub use adopted::IntoListener;
pub(crate) use io_driver::has_io_driver;
pub(crate) use io_stream::Halves;
pub use io_stream::Io;
#[cfg(unix)]
pub use ipc::{BoundIpc, Ipc};
pub(crate) use registry::Transports;
#[cfg(test)]
pub(crate) use tcp::Resolving;
pub(crate) use tcp::is_local_address;
pub use tcp::{BoundTcp, Tcp};

/// Makes byte streams of endpoints.
///
/// It is put into a context with [`ContextBuilder::transport`](crate::ContextBuilder::transport),
/// which says under which scheme. The [module](self) has an example.
pub trait Transport: Send + Sync + 'static {
    /// What accepts connections.
    type Listener: Listener;

    /// Listens at an endpoint.
    ///
    /// # Errors
    ///
    /// Whatever prevents it. [`AddrInUse`](io::ErrorKind::AddrInUse),
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable), [`NotFound`](io::ErrorKind::NotFound)
    /// and [`PermissionDenied`](io::ErrorKind::PermissionDenied) become variants of
    /// [`BindError`](crate::BindError); all are given the endpoint's name there.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes it should leave nothing bound.
    fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Makes one attempt to connect. Names should be looked up anew each time.
    ///
    /// # Errors
    ///
    /// Whatever came of the attempt. Each is an event of the socket, which tries again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the connect timeout is over or the socket closes, and should
    /// leave nothing behind.
    fn dial(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> impl Future<Output = io::Result<Io>> + Send;

    /// Whether it uses the sockets of Tokio, as [`Tcp`] and [`Ipc`] do.
    ///
    /// Then `bind` and `connect` fail at once on a runtime without
    /// [`enable_io`](tokio::runtime::Builder::enable_io). False by default.
    fn needs_io_driver(&self) -> bool {
        false
    }

    /// Refuses what no attempt could do, before the first is made: options that the system does not
    /// take. By default nothing.
    ///
    /// A transport that is made of another one asks that one.
    ///
    /// # Errors
    ///
    /// Which option it is, and why. `bind` and `connect` return it as
    /// [`BindError::OptionRefused`](crate::BindError::OptionRefused) and
    /// [`ConnectError::OptionRefused`](crate::ConnectError::OptionRefused).
    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        let _ = (endpoint, options);
        Ok(())
    }
}

/// Accepts connections at one bound endpoint. Dropping it stops listening.
pub trait Listener: Send + 'static {
    /// The next connection.
    ///
    /// What takes time with each connection, as a handshake of TLS does, must not be done in here:
    /// others would wait for it. [`Io::upgrade`] does it later.
    ///
    /// # Errors
    ///
    /// Of one connection (`ConnectionAborted`) or of this moment (no file descriptor is left). It
    /// is not the end of the listener: it is called again after a pause.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>>;

    /// The file descriptor that listens, on Unix, for events. Default: none is told.
    fn descriptor(&self) -> Option<i32> {
        None
    }

    /// Where it listens: the endpoint that was asked for, every wildcard replaced by what was
    /// found.
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

/// Whether a connection could not be accepted because the process, or the whole system, has as many
/// files and sockets open as it may.
pub(crate) fn lacks_descriptor(error: &io::Error) -> bool {
    // ENFILE and EMFILE, which have the same numbers on all Unixes; WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests;
