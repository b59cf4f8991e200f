//! Drives one established connection: outbound queue to transport, transport to inbound queue.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::yield_now;
use tokio::time::timeout;
use zmtp::wire::Command;
use zmtp::{Decoder, EncodedMessages, Group, Inbound, Membership, ProtocolError, Subscription};

use super::core::SocketCore;
use super::disconnect::dismiss;
use super::handshake::Established;
use super::heartbeat::HeartbeatTimer;
use super::read_buffer::ReadBuffer;
use super::work_budget::WorkBudget;
use super::{peer_lifecycle, trace};
use crate::endpoint::Endpoint;
use crate::error::SubscriptionsExceeded;
use crate::event::{DisconnectReason, HandshakeFailure, SocketEvent};
use crate::pipe::{Drained, Pipe};

/// An established connection. Its task runs it until it ends.
pub(super) struct ConnectionDriver {
    pipe: Arc<Pipe>,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    decoder: Decoder,
    input: ReadBuffer,
    heartbeat: Option<Box<HeartbeatTimer>>,
    /// The reason in an ERROR that the peer sent after its READY.
    refusal: Option<Box<str>>,
    /// The peer has ended the connection in the way of its framing.
    peer_ended: bool,
    state: State,
}

enum State {
    Running,
    /// The connection has ended, and the reason is not yet reported.
    Ending(DisconnectReason),
    Ended,
}

/// The most reads from a connection that broke. No kernel buffer holds more.
const MAX_REMAINING_READS: usize = 1024;

/// How long the peer has to close its side after this one did. Its input is read until then: a close
/// with unread bytes makes the kernel reset the connection, and the peer may lose the last messages.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

impl ConnectionDriver {
    /// Connects the pipe to the transport, and adds the peer to the pattern.
    pub(super) fn start(
        core: &Arc<SocketCore>,
        endpoint: &Endpoint,
        pipe: &Arc<Pipe>,
        established: Established,
    ) -> Result<Self, HandshakeFailure> {
        let Established { reader, writer, address, peer, decoder, input } = established;
        // ZMTP 2.0 has none.
        let has_heartbeats = peer.version() >= (3, 0);
        let heartbeat = &core.options.heartbeat;
        let heartbeat = has_heartbeats.then(|| HeartbeatTimer::start(heartbeat)).flatten();
        if let Some(replaced) = core.pattern.admit(pipe, &peer)? {
            dismiss(core, &replaced);
        }
        pipe.begin(peer.clone(), Some(address));
        pipe.set_writer(writer);
        peer_lifecycle::notify_connected(core, pipe);
        trace::record_peer(pipe.id());
        peer_lifecycle::connected(core, pipe, endpoint, peer);
        Ok(Self {
            pipe: pipe.clone(),
            reader,
            decoder,
            input: ReadBuffer::new(input),
            heartbeat,
            refusal: None,
            peer_ended: false,
            state: State::Running,
        })
    }

    /// Runs until the connection ends, then disconnects the pipe. Returns whether to connect again:
    /// not after the peer sent an ERROR. A pipe that `keeps` waits for the next connection, and any
    /// other leaves the socket.
    pub(super) async fn run(
        &mut self,
        core: &SocketCore,
        endpoint: &Endpoint,
        keeps: bool,
    ) -> bool {
        let reason = poll_fn(|cx| self.poll(cx)).await;
        let (is_closed, is_broken) =
            (matches!(reason, DisconnectReason::Closed), matches!(reason, DisconnectReason::Io(_)));
        let error = match &reason {
            DisconnectReason::Protocol(error) => Some(error.clone()),
            _ => None,
        };
        let may_reconnect = error.as_ref().is_none_or(ProtocolError::may_reconnect);
        self.begin_end(reason);
        // Boxed so that a connection does not hold the memory of its end.
        let abort = &core.shutdown.abort;
        if is_closed {
            Box::pin(abort.run_until_cancelled(self.graceful_shutdown())).await;
        } else if is_broken {
            Box::pin(abort.run_until_cancelled(self.read_remaining())).await;
        } else if let Some(error) = error {
            Box::pin(abort.run_until_cancelled(self.fail(error))).await;
        }
        if !keeps {
            self.pipe.close();
        }
        while core.pattern.disconnecting(&self.pipe) {
            yield_now().await;
        }
        self.end(core, endpoint, keeps);
        may_reconnect
    }

    /// Writes nothing more. Of several reasons, the first is reported.
    pub(super) fn begin_end(&mut self, reason: DisconnectReason) {
        if let State::Running = self.state {
            self.state = State::Ending(reason);
            self.pipe.end_task();
        }
    }

    /// Disconnects the pipe, then reports the reason. A pipe that `keeps` stays.
    pub(super) fn end(&mut self, core: &SocketCore, endpoint: &Endpoint, keeps: bool) {
        let State::Ending(reason) = replace(&mut self.state, State::Ended) else { return };
        if keeps {
            self.give_up_refused(core, endpoint, &reason);
        } else {
            self.pipe.close();
        }
        // Dropping the writer may panic in a transport's code.
        let _ = catch_unwind(AssertUnwindSafe(|| self.pipe.outbound.disconnect()));
        peer_lifecycle::disconnected(core, &self.pipe, endpoint, reason, keeps);
    }

    /// Gives up a message, if the peer has ended several connections in the middle of it. It would
    /// block all later ones.
    fn give_up_refused(&self, core: &SocketCore, endpoint: &Endpoint, reason: &DisconnectReason) {
        let Some(attempts) = core.options.resend_limit else { return };
        if !matches!(reason, DisconnectReason::PeerClosed | DisconnectReason::Io(_)) {
            return;
        }
        let Some(refused) = self.pipe.outbound.take_refused(attempts) else { return };
        let bytes = refused.bytes();
        self.pipe.drop_refused(refused);
        let (endpoint, peer) = (endpoint.clone(), self.pipe.id());
        core.events.emit(SocketEvent::MessageRefused { endpoint, peer, attempts, bytes });
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<DisconnectReason> {
        match self.step(cx) {
            Ok(()) => Poll::Pending,
            Err(reason) => Poll::Ready(reason),
        }
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Result<(), DisconnectReason> {
        self.write(cx)?;
        let reading = self.read(cx)?;
        self.poll_heartbeat(cx, reading)
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), DisconnectReason> {
        let drained = self.pipe.drive(cx);
        match drained {
            Ok(Drained::Idle | Drained::Blocked) => Ok(()),
            Ok(Drained::Busy) => {
                // After the sender that was woken just now, which writes too.
                let _ = pin!(yield_now()).poll(cx);
                Ok(())
            }
            Ok(Drained::Closed) => Err(DisconnectReason::Closed),
            Err(error) => Err(broken(error)),
        }
    }

    /// Reads and delivers until there is nothing to read, or the budget is spent, or the queue is full:
    /// then false.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, DisconnectReason> {
        let mut budget = WorkBudget::default();
        loop {
            if !self.deliver(&mut budget, |pipe| pipe.room(cx))? {
                return Ok(false);
            }
            if self.peer_ended {
                // An answer of the framing may be queued.
                let _ = self.pipe.drive(cx);
                return Err(self.closed_by_peer());
            }
            if budget.is_spent() {
                // After other tasks and the events of the runtime's driver. Woken directly, this task
                // would run again dozens of times before those.
                let _ = pin!(yield_now()).poll(cx);
                return Ok(true);
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => return Err(self.closed_by_peer()),
                Poll::Ready(Ok(read)) => budget.read(read),
                Poll::Ready(Err(error)) => return Err(broken(error)),
                Poll::Pending => {
                    self.input.rest();
                    return Ok(true);
                }
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let wanted = self.decoder.wanted(&self.input.bytes);
        let read = self.input.poll_read(cx, &mut self.reader, wanted);
        if let (Poll::Ready(Ok(1..)), Some(heartbeat)) = (&read, &mut self.heartbeat) {
            heartbeat.on_input();
        }
        read
    }

    /// A peer that closes right after an ERROR has refused this side's READY.
    fn closed_by_peer(&mut self) -> DisconnectReason {
        match self.refusal.take() {
            Some(reason) => ProtocolError::Refused { reason: reason.into() }.into(),
            None => DisconnectReason::PeerClosed,
        }
    }

    /// Receives what the kernel still holds of a connection that broke. A peer that sends its last
    /// messages and closes is often noticed by a failing write.
    ///
    /// The high-water mark does not apply, because the peer cannot wait. The kernel's buffer limits
    /// what comes.
    async fn read_remaining(&mut self) {
        let reading = async {
            for _ in 0..MAX_REMAINING_READS {
                let mut budget = WorkBudget::default();
                while !self.deliver(&mut budget, |_| usize::MAX)? || budget.is_decoding_spent() {
                    yield_now().await;
                    budget = WorkBudget::default();
                }
                if self.peer_ended || poll_fn(|cx| self.poll_read(cx)).await.map_err(broken)? == 0 {
                    break;
                }
            }
            Ok::<_, DisconnectReason>(())
        };
        // The reason of the end is known already.
        let _ = timeout(SHUTDOWN_TIMEOUT, reading).await;
    }

    /// Decodes and delivers the input, within the budget. False if the inbound queue has no room
    /// for the next message. Commands before that message are handled.
    fn deliver(
        &mut self,
        budget: &mut WorkBudget,
        room: impl Fn(&Pipe) -> usize,
    ) -> Result<bool, DisconnectReason> {
        while !self.input.bytes.is_empty() || self.decoder.buffered() > 0 {
            if budget.is_decoding_spent() {
                break;
            }
            let room = room(&self.pipe).min(self.messages_left(budget));
            let walked = self.decoder.frames();
            let inbound = self.decoder.decode(&mut self.input.bytes, room);
            budget.decoded(self.decoder.frames() - walked);
            let inbound = inbound?;
            if inbound.is_some() {
                self.refusal = None;
            }
            match inbound {
                Some(Inbound::Messages(run)) => self.messages(budget, run)?,
                Some(Inbound::Command(command)) => self.command(budget, command)?,
                Some(Inbound::Reply(command)) => self.pipe.outbound.reply(&command),
                Some(Inbound::End { reply }) => {
                    reply.iter().for_each(|reply| self.pipe.outbound.reply(reply));
                    self.peer_ended = true;
                    return Ok(true);
                }
                None => return Ok(room > 0 || !self.decoder.is_message_next(&self.input.bytes)),
            }
        }
        Ok(true)
    }

    fn messages_left(&self, budget: &WorkBudget) -> usize {
        match self.pipe.pattern().takes_subscriptions() {
            true => budget.steps_left(),
            false => budget.frames_left(),
        }
    }

    fn messages(
        &mut self,
        budget: &mut WorkBudget,
        run: EncodedMessages,
    ) -> Result<(), DisconnectReason> {
        let pattern = self.pipe.pattern();
        if !pattern.takes_subscriptions() {
            if pattern.takes_groups() {
                run.check_grouped().map_err(ProtocolError::from)?;
            }
            self.pipe.deliver(run.cut_from(self.input.memory()));
            return Ok(());
        }
        // A publisher receives few messages: ZMTP 3.0 subscriptions, and an XSUB's own messages.
        for message in run {
            budget.subscription(message.first().map_or(0, |topic| topic.len()));
            if let Some(change) = Subscription::from_message(&message) {
                pattern.subscription(&self.pipe, change)?;
            } else {
                self.pipe.deliver_one(message);
            }
        }
        Ok(())
    }

    fn command(
        &mut self,
        budget: &mut WorkBudget,
        command: Command,
    ) -> Result<(), DisconnectReason> {
        match command {
            Command::Subscribe { topic } => {
                budget.subscription(topic.len());
                self.subscription(Subscription::Subscribe(topic))?;
            }
            Command::Cancel { topic } => {
                budget.subscription(topic.len());
                self.subscription(Subscription::Cancel(topic))?;
            }
            Command::Join { group } => self.membership(budget, group, Membership::Join)?,
            Command::Leave { group } => self.membership(budget, group, Membership::Leave)?,
            Command::Ping { ttl, context } => {
                HeartbeatTimer::on_ping(&mut self.heartbeat, ttl);
                self.pipe.outbound.reply(&Command::Pong { context });
            }
            // 37/ZMTP has ERROR in the handshake only. libzmq ignores it here.
            Command::Error { reason } => self.refusal = Some(reason.into()),
            // 37/ZMTP: commands that are not understood are ignored.
            _ => {}
        }
        Ok(())
    }

    fn subscription(&self, change: Subscription) -> Result<(), SubscriptionsExceeded> {
        let pattern = self.pipe.pattern();
        if !pattern.takes_subscriptions() {
            return Ok(());
        }
        pattern.subscription(&self.pipe, change)
    }

    fn membership(
        &self,
        budget: &mut WorkBudget,
        group: Bytes,
        change: fn(Group) -> Membership,
    ) -> Result<(), DisconnectReason> {
        budget.subscription(group.len());
        let pattern = self.pipe.pattern();
        if !pattern.takes_memberships() {
            return Ok(());
        }
        // A copy, which does not keep the read buffer alive.
        let group = Group::try_from(&group[..]).map_err(ProtocolError::from)?;
        Ok(pattern.membership(&self.pipe, change(group))?)
    }

    fn poll_heartbeat(
        &mut self,
        cx: &mut Context<'_>,
        reading: bool,
    ) -> Result<(), DisconnectReason> {
        let Some(heartbeat) = &mut self.heartbeat else { return Ok(()) };
        if !reading {
            // This side's receiver is slow. The peer's bytes wait unread.
            heartbeat.on_input();
        }
        while let Some(ping) = heartbeat.poll(cx)? {
            self.pipe.outbound.command(&ping);
        }
        Ok(())
    }

    /// Ends the connection so that the peer receives all that was written.
    async fn graceful_shutdown(&mut self) {
        let Some(mut writer) = self.pipe.outbound.take_writer() else { return };
        let shutdown = async {
            writer.finish().await?;
            while !self.peer_ended && self.reader.read_buf(&mut self.input.bytes).await? > 0 {
                while self.reject_remaining() {
                    yield_now().await;
                }
            }
            io::Result::Ok(())
        };
        let _ = timeout(SHUTDOWN_TIMEOUT, shutdown).await;
    }

    /// Tells the peer about an error, in a framing that can. What it sends until it closes is not
    /// read, but taken from the kernel: see [`SHUTDOWN_TIMEOUT`].
    async fn fail(&mut self, error: ProtocolError) {
        let Some(mut writer) = self.pipe.outbound.take_writer() else { return };
        let failing = async {
            if writer.fail(&error).await? {
                tokio::io::copy(&mut self.reader, &mut tokio::io::sink()).await?;
            }
            io::Result::Ok(())
        };
        let _ = timeout(SHUTDOWN_TIMEOUT, failing).await;
    }

    /// Counts what the peer sends after this side has closed as rejected, within one budget. True if
    /// there is more.
    fn reject_remaining(&mut self) -> bool {
        let mut budget = WorkBudget::default();
        while !budget.is_decoding_spent() {
            let walked = self.decoder.frames();
            let inbound = self.decoder.decode(&mut self.input.bytes, budget.frames_left());
            budget.decoded(self.decoder.frames() - walked);
            match inbound {
                Ok(Some(Inbound::Messages(run))) => self.pipe.reject(&run),
                Ok(Some(Inbound::Command(_) | Inbound::Reply(_))) => {}
                Ok(None) => return false,
                end @ (Ok(Some(Inbound::End { .. })) | Err(_)) => {
                    self.peer_ended = end.is_ok();
                    self.input.bytes.clear();
                    return false;
                }
            }
        }
        true
    }
}

fn broken(error: io::Error) -> DisconnectReason {
    DisconnectReason::Io(Arc::new(error))
}
