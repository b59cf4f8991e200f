//! Drives an endpoint of datagrams: outbound queue to socket, socket to inbound queue.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep};
use zmtp::{Decoder, Encoder, Inbound, Limits, Metadata, PeerInfo, SocketType};

use super::super::core::SocketCore;
use super::super::disconnect::dismiss;
use super::super::peer_lifecycle;
use super::super::work_budget::WorkBudget;
use super::failures::Failures;
use super::layout::Layout;
use super::shared::Shared;
use super::writer::DatagramWriter;
use crate::endpoint::Endpoint;
use crate::error::Rejected;
use crate::event::DisconnectReason;
use crate::identity::PeerAddress;
use crate::pipe::{Drained, FrameWriter, Pipe};

/// How long reading pauses after many failures in a row.
const PAUSE: Duration = Duration::from_millis(100);

/// Moves datagrams. Its task runs it until the pipe is closed.
pub(super) struct DatagramDriver {
    pipe: Arc<Pipe>,
    socket: Shared,
    layout: Layout,
    /// One byte longer than a datagram, so that longer ones are noticed.
    buffer: Box<[u8]>,
    /// The most bytes of a message.
    max_message: u64,
    failures: Failures,
    pause: Option<Pin<Box<Sleep>>>,
    reason: Option<DisconnectReason>,
    has_ended: bool,
}

impl DatagramDriver {
    /// Connects the pipe to the socket, and adds the peer to the pattern.
    pub(super) fn start(
        core: &Arc<SocketCore>,
        pipe: &Arc<Pipe>,
        socket: Shared,
        target: Option<SocketAddr>,
        layout: Layout,
    ) -> Result<Self, Rejected> {
        let info = anonymous(core.socket_type);
        if let Some(replaced) = core.pattern.admit(pipe, &info)? {
            dismiss(core, &replaced);
        }
        let max_datagram = pipe.max_datagram().unwrap_or(usize::MAX);
        let writer = Box::new(DatagramWriter::new(socket.clone(), layout, max_datagram));
        // A RADIO only sends.
        let buffer = if pipe.connects() { 0 } else { max_datagram.saturating_add(1) };
        pipe.begin(info, target.map(PeerAddress::Udp));
        pipe.set_writer(FrameWriter::new(writer, false, Encoder::new((3, 1))));
        core.pattern.connected(pipe);
        core.peers.peer_connected();
        Ok(Self {
            pipe: pipe.clone(),
            socket,
            layout,
            buffer: vec![0; buffer].into(),
            max_message: core.options.limits.max_message_size.unwrap_or(u64::MAX),
            failures: Failures::default(),
            pause: None,
            reason: None,
            has_ended: false,
        })
    }

    /// Runs until the pipe is closed and its queue sent, then disconnects the pipe.
    pub(super) async fn run(&mut self, core: &SocketCore, endpoint: &Endpoint) {
        poll_fn(|cx| self.poll(cx, core, endpoint)).await;
        self.begin_end(DisconnectReason::Closed);
        while core.pattern.disconnecting(&self.pipe) {
            yield_now().await;
        }
        self.end(core, endpoint, false);
    }

    /// Sends nothing more. Of several reasons, the first is reported.
    pub(super) fn begin_end(&mut self, reason: DisconnectReason) {
        if self.reason.is_none() {
            self.reason = Some(reason);
            self.pipe.end_task();
        }
    }

    /// Closes the socket and disconnects the pipe, then reports the reason. A pipe that `keeps` stays.
    pub(super) fn end(&mut self, core: &SocketCore, endpoint: &Endpoint, keeps: bool) {
        let Some(reason) = self.reason.take() else { return };
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        if !keeps {
            self.pipe.close();
        }
        self.pipe.outbound.disconnect();
        self.socket.close();
        peer_lifecycle::disconnected(core, &self.pipe, endpoint, reason, keeps);
    }

    fn poll(&mut self, cx: &mut Context<'_>, core: &SocketCore, endpoint: &Endpoint) -> Poll<()> {
        if self.write(cx, core, endpoint) {
            return Poll::Ready(());
        }
        if !self.buffer.is_empty() && self.poll_pause(cx).is_ready() {
            self.read(cx, core, endpoint);
        }
        Poll::Pending
    }

    /// Sends what is queued, and drops what fails, within a budget. True if everything is sent and no
    /// more will come.
    fn write(&mut self, cx: &mut Context<'_>, core: &SocketCore, endpoint: &Endpoint) -> bool {
        for _ in 0..MAX_FAILED_PER_TURN {
            match self.pipe.drive(cx) {
                Ok(Drained::Closed) => return true,
                Ok(Drained::Idle | Drained::Blocked) => return false,
                Ok(Drained::Busy) => break,
                Err(error) => {
                    self.failures.add(core, endpoint, error);
                    self.pipe.drop_failed();
                }
            }
        }
        // After a sender that was woken just now, which writes too.
        let _ = pin!(yield_now()).poll(cx);
        false
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pause) = &mut self.pause else { return Poll::Ready(()) };
        let poll = pause.as_mut().poll(cx);
        if poll.is_ready() {
            self.pause = None;
        }
        poll
    }

    /// Receives and delivers until nothing has arrived, or the budget is spent, or the queue is full.
    fn read(&mut self, cx: &mut Context<'_>, core: &SocketCore, endpoint: &Endpoint) {
        let room = self.pipe.room(cx);
        if room == 0 {
            return;
        }
        let mut budget = WorkBudget::default();
        let (mut wire, mut messages) = (Vec::new(), 0);
        while messages < room {
            if budget.is_decoding_spent() {
                let _ = pin!(yield_now()).poll(cx);
                break;
            }
            budget.decoded(1);
            match self.socket.poll_recv(cx, &mut self.buffer) {
                Poll::Ready(Ok((size, from))) => {
                    self.failures.end();
                    messages += usize::from(self.decode(core, size, from, &mut wire));
                }
                Poll::Ready(Err(error)) => self.failures.add(core, endpoint, error),
                Poll::Pending => break,
            }
            if self.failures.are_many() {
                self.pause = Some(Box::pin(sleep(PAUSE)));
                let _ = self.poll_pause(cx);
                break;
            }
        }
        self.deliver(wire, messages);
        if messages == room && self.pipe.room(cx) > 0 {
            // The receiver has made room meanwhile.
            let _ = pin!(yield_now()).poll(cx);
        }
    }

    /// Appends the message of the datagram in the buffer to `wire`. False if there is none, or it is not
    /// let in.
    fn decode(&self, core: &SocketCore, size: usize, from: SocketAddr, wire: &mut Vec<u8>) -> bool {
        let filter = core.options.accept_filter.as_ref();
        if filter.is_some_and(|filter| !filter.accepts(&PeerAddress::Udp(from))) {
            self.pipe.reject_one(size, |discarded| discarded.filtered += 1);
            return false;
        }
        let is_whole = size < self.buffer.len() && size as u64 <= self.max_message;
        let is_message = is_whole && self.layout.decode(&self.buffer[..size], from, wire);
        if !is_message {
            self.pipe.reject_one(size, |discarded| discarded.malformed += 1);
        }
        is_message
    }

    fn deliver(&self, wire: Vec<u8>, messages: usize) {
        if messages == 0 {
            return;
        }
        let mut wire = BytesMut::from(Bytes::from(wire));
        let mut decoder = Decoder::new(Limits::default());
        while let Ok(Some(Inbound::Messages(run))) = decoder.decode(&mut wire, messages) {
            self.pipe.deliver(run);
        }
    }
}

/// The most datagrams that fail to be sent in one turn.
const MAX_FAILED_PER_TURN: usize = 64;

/// Adds a pipe for an endpoint of datagrams.
pub(super) fn join(
    core: &SocketCore,
    endpoint: &Endpoint,
    connects: bool,
    max_datagram: usize,
) -> Result<Arc<Pipe>, Rejected> {
    let (options, endpoint) = (&core.options.pipe, Arc::new(endpoint.clone()));
    let pipe = core.peers.open_datagrams(options, &core.pattern, endpoint, connects, max_datagram);
    core.peers.join(&pipe)?;
    Ok(pipe)
}

/// Describes all peers at an endpoint of datagrams. They do not introduce themselves.
fn anonymous(socket_type: SocketType) -> PeerInfo {
    let peer = socket_type.peers().first().copied().unwrap_or(socket_type);
    PeerInfo::local(peer, None, &Metadata::new())
}
