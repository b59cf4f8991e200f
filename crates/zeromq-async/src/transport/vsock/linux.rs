//! Sockets of the family `AF_VSOCK`.

use std::io;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};

use tokio_vsock::{VsockAddr, VsockListener, VsockStream};

use crate::endpoint::{Endpoint, VsockAddress};
use crate::identity::PeerAddress;
use crate::transport::{Io, Listener};

/// A listening vsock socket.
#[derive(Debug)]
pub struct BoundVsock {
    listener: VsockListener,
    endpoint: Endpoint,
}

impl BoundVsock {
    pub(super) fn bind(address: VsockAddress) -> io::Result<Self> {
        let listener = VsockListener::bind(VsockAddr::new(address.cid, address.port))?;
        let local = listener.local_addr()?;
        let local = VsockAddress { cid: local.cid(), port: local.port() };
        Ok(Self { listener, endpoint: format!("vsock://{local}").parse()? })
    }

    pub(super) async fn dial(address: VsockAddress) -> io::Result<Io> {
        let peer = VsockAddr::new(address.cid, address.port);
        Ok(connected(VsockStream::connect(peer).await?, peer))
    }
}

fn connected(stream: VsockStream, peer: VsockAddr) -> Io {
    let descriptor = stream.as_raw_fd();
    let (reader, writer) = stream.into_split();
    let address = PeerAddress::Vsock { context_id: peer.cid(), port: peer.port() };
    Io::from_kernel(reader, writer, address, descriptor)
}

impl Listener for BoundVsock {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(Ok(connected(stream, peer)))
    }

    fn descriptor(&self) -> Option<i32> {
        Some(self.listener.as_raw_fd())
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}
