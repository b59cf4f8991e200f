//! A socket of datagrams that its task, its writer and the table of bound endpoints share.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::pipe::Pipe;
use crate::sync::Mutex;
use crate::transport::DatagramSocket;

/// The socket of an endpoint. The first to close it drops it, which frees its address.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Option<Box<dyn DatagramSocket>>>>);

impl Shared {
    pub(super) fn new(socket: Box<dyn DatagramSocket>) -> Self {
        Self(Arc::new(Mutex::new(Some(socket))))
    }

    /// Polls to send. A closed socket sends nothing.
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<()>> {
        match &mut *self.0.lock() {
            Some(socket) => socket.poll_send(cx, datagram, to),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Polls to receive. A closed socket stays pending.
    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        match &mut *self.0.lock() {
            Some(socket) => socket.poll_recv(cx, buffer),
            None => Poll::Pending,
        }
    }

    pub(super) fn close(&self) {
        let socket = self.0.lock().take();
        // Under no lock: a socket may be the application's.
        drop(socket);
    }
}

/// A bound endpoint of datagrams, shared by its task and the socket that may close it.
pub(in crate::engine) struct BoundDatagrams {
    pub(super) socket: Shared,
    pub(in crate::engine) pipe: Arc<Pipe>,
    closed: AtomicBool,
}

impl BoundDatagrams {
    pub(super) fn new(socket: Shared, pipe: Arc<Pipe>) -> Arc<Self> {
        Arc::new(Self { socket, pipe, closed: AtomicBool::new(false) })
    }

    /// Takes no more messages. With none queued the address is free when this returns, and else when
    /// they are sent. False if it was closed before.
    pub(in crate::engine) fn close(&self) -> bool {
        let is_first = !self.closed.swap(true, Ordering::AcqRel);
        self.pipe.close();
        if self.pipe.outbound.queued() == 0 {
            self.socket.close();
        }
        is_first
    }
}
