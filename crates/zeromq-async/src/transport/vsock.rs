//! `vsock://`: sockets between a virtual machine and its host.

use std::io;
#[cfg(not(target_os = "linux"))]
use std::task::{Context, Poll};

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::BoundVsock;

#[cfg(not(target_os = "linux"))]
use super::Listener;
use super::{Io, Transport, TransportOptions};
use crate::endpoint::{Endpoint, VsockAddress};

/// The transport of `vsock://CID:PORT`: plain ZMTP between a virtual machine and its host, or between
/// processes of one system (`vsock://` of libzmq's main branch).
///
/// Every context has it under that scheme, with the feature `vsock`. It works on Linux, and elsewhere
/// binding and connecting fail with `Unsupported`. The context id is a number, `*` or `-1` to bind to
/// all, or `@` for the host; the port is a number, or `*` or `-1` to bind to a free one.
///
/// The options of tcp do not apply, except the backlog that the system has anyway. It was not tested
/// between machines.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zeromq_async::{BindErrorKind, ConnectErrorKind, PullSocket};
///
/// let pull = PullSocket::new();
/// let error = pull.bind("vsock://everyone:5555").await.unwrap_err();
/// assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_) | BindErrorKind::Unsupported));
/// let error = pull.connect("vsock://*:5555").unwrap_err();
/// assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)));
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Vsock;

impl Transport for Vsock {
    type Listener = BoundVsock;

    async fn listen(&self, endpoint: &Endpoint, _: &TransportOptions) -> io::Result<BoundVsock> {
        BoundVsock::bind(address(endpoint)?)
    }

    async fn dial(&self, endpoint: &Endpoint, _: &TransportOptions) -> io::Result<Io> {
        BoundVsock::dial(address(endpoint)?).await
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, _: &TransportOptions) -> io::Result<()> {
        if !cfg!(target_os = "linux") {
            return Err(io::ErrorKind::Unsupported.into());
        }
        address(endpoint).map(drop)
    }
}

fn address(endpoint: &Endpoint) -> io::Result<VsockAddress> {
    let text = endpoint.to_string();
    let (_, address) = text.split_once("://").unwrap_or_default();
    Ok(VsockAddress::parse(address).map_err(|kind| kind.of(&text))?)
}

/// A listening vsock socket. This system has none.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct BoundVsock {
    never: std::convert::Infallible,
}

#[cfg(not(target_os = "linux"))]
impl BoundVsock {
    fn bind(_: VsockAddress) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn dial(_: VsockAddress) -> io::Result<Io> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(not(target_os = "linux"))]
impl Listener for BoundVsock {
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<Io>> {
        match self.never {}
    }

    fn local_endpoint(&self) -> &Endpoint {
        match self.never {}
    }
}
