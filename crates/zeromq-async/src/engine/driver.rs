//! The pump of one connection: outbound queue to kernel, kernel to inbound queue.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use zmtp::wire::{Command, Ttl};
use zmtp::{
    Decoder, EncodedMessages, Heartbeat, HeartbeatAction, HeartbeatConfig, Inbound, ProtocolError,
    Subscription,
};

use super::Engine;
use super::handshake::Established;
use super::read_buffer::ReadBuffer;
use super::trace;
use super::turn::Turn;
use crate::endpoint::Endpoint;
use crate::error::SubscriptionsExceeded;
use crate::event::{DisconnectReason, HandshakeFailure, SocketEvent};
use crate::pipe::{Drained, Pipe};

/// Drives one connection until it ends.
pub(super) struct Driver {
    pipe: Arc<Pipe>,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    decoder: Decoder,
    input: ReadBuffer,
    pulse: Option<Box<Pulse>>,
    /// What the peer said in an ERROR behind its READY.
    refusal: Option<Box<str>>,
    state: State,
}

/// How far the connection is.
enum State {
    Running,
    /// It has ended for this reason, which is not told yet.
    Ending(DisconnectReason),
    Ended,
}

/// The heartbeat of a connection and the timer that drives it.
struct Pulse {
    heartbeat: Heartbeat,
    timer: Pin<Box<Sleep>>,
}

/// Reads from a connection that broke: more than any kernel's buffer holds.
const READS_OF_THE_REST: usize = 1024;

/// How long a peer has to close its side after this one has: until then what it still sends is
/// read and dropped, because closing with unread bytes makes the kernel reset the connection,
/// which can cost the peer the last messages.
const FAREWELL: Duration = Duration::from_secs(1);

impl Driver {
    /// Joins the pipe to the connection and makes the peer known to the pattern.
    pub(super) fn start(
        engine: &Arc<Engine>,
        endpoint: &Endpoint,
        pipe: &Arc<Pipe>,
        established: Established,
    ) -> Result<Self, HandshakeFailure> {
        let Established { reader, writer, address, peer, decoder, input } = established;
        // A peer of ZMTP 2.0 could not answer.
        let has_heartbeats = peer.version() >= (3, 0);
        let pulse = has_heartbeats.then(|| Pulse::start(&engine.options.heartbeat)).flatten();
        if let Some(replaced) = engine.pattern.admit(pipe, &peer)? {
            engine.dismiss(&replaced);
        }
        pipe.begin(peer.clone(), Some(address));
        pipe.set_writer(writer);
        engine.tell_connected(pipe);
        engine.pattern.connected(pipe);
        engine.peers.peer_connected();
        trace::record_peer(pipe.id());
        engine.events.emit(SocketEvent::HandshakeSucceeded {
            endpoint: endpoint.clone(),
            peer: pipe.id(),
            info: peer,
        });
        Ok(Self {
            pipe: pipe.clone(),
            reader,
            decoder,
            input: ReadBuffer::new(input),
            pulse,
            refusal: None,
            state: State::Running,
        })
    }

    /// Runs until the connection ends, and parts the pipe from it. Says whether it makes sense to
    /// connect again: not after the peer has sent an ERROR. The pipe of an endpoint that `keeps` it
    /// waits for the next connection; any other leaves the socket.
    pub(super) async fn run(&mut self, engine: &Engine, endpoint: &Endpoint, keeps: bool) -> bool {
        let reason = poll_fn(|cx| self.poll(cx)).await;
        let (is_closed, is_broken) =
            (matches!(reason, DisconnectReason::Closed), matches!(reason, DisconnectReason::Io(_)));
        let may_reconnect = match &reason {
            DisconnectReason::Protocol(error) => error.may_reconnect(),
            _ => true,
        };
        self.begin_end(reason);
        // Boxed so that a connection does not pay for the memory of its end.
        if is_closed {
            Box::pin(engine.abort.run_until_cancelled(self.say_farewell())).await;
        } else if is_broken {
            Box::pin(engine.abort.run_until_cancelled(self.take_rest())).await;
        }
        if !keeps {
            self.pipe.close();
        }
        while engine.pattern.disconnecting(&self.pipe) {
            yield_now().await;
        }
        self.end(engine, endpoint, keeps);
        may_reconnect
    }

    /// The connection task writes no more. Of several reasons, the first is told.
    pub(super) fn begin_end(&mut self, reason: DisconnectReason) {
        if let State::Running = self.state {
            self.state = State::Ending(reason);
            self.pipe.end_task();
        }
    }

    /// Parts the pipe from the connection, and tells why.
    pub(super) fn end(&mut self, engine: &Engine, endpoint: &Endpoint, keeps: bool) {
        if let State::Ending(reason) = replace(&mut self.state, State::Ended) {
            self.part(engine, endpoint, reason, keeps);
        }
    }

    /// Takes no more messages, leaves, then tells. The pipe of an endpoint that `keeps` it stays.
    fn part(&self, engine: &Engine, endpoint: &Endpoint, reason: DisconnectReason, keeps: bool) {
        if keeps {
            self.give_up_refused(engine, endpoint, &reason);
        } else {
            self.pipe.close();
        }
        // The writer may be an application's, and panic when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| self.pipe.outbound.disconnect()));
        engine.pattern.disconnected(&self.pipe);
        engine.tell_lost(&self.pipe, &reason);
        let (enqueued, queued) = self.pipe.outbound.enqueued();
        let unsent = if keeps { queued } else { engine.peers.leave(&self.pipe) };
        engine.peers.peer_disconnected();
        engine.events.emit(SocketEvent::Disconnected {
            endpoint: endpoint.clone(),
            peer: self.pipe.id(),
            reason,
            unsent,
            enqueued,
            kept: keeps && !self.pipe.outbound.is_closing(),
        });
    }

    /// Gives up a message that the peer takes time and again for a reason to leave, lest it block
    /// those behind it for ever.
    fn give_up_refused(&self, engine: &Engine, endpoint: &Endpoint, reason: &DisconnectReason) {
        let Some(attempts) = engine.options.resend_limit else { return };
        if !matches!(reason, DisconnectReason::PeerClosed | DisconnectReason::Io(_)) {
            return;
        }
        let Some(refused) = self.pipe.outbound.take_refused(attempts) else { return };
        let bytes = refused.bytes();
        self.pipe.drop_refused(refused);
        engine.events.emit(SocketEvent::MessageRefused {
            endpoint: endpoint.clone(),
            peer: self.pipe.id(),
            attempts,
            bytes,
        });
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
        self.beat(cx, reading)
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), DisconnectReason> {
        match self.pipe.drive(cx) {
            Ok(Drained::Idle | Drained::Blocked) => Ok(()),
            Ok(Drained::Busy) => {
                // Behind the sender that has just been woken, which will write too.
                let _ = pin!(yield_now()).poll(cx);
                Ok(())
            }
            Ok(Drained::Closed) => Err(DisconnectReason::Closed),
            Err(error) => Err(broken(error)),
        }
    }

    /// Reads and delivers until there is nothing to read, or the turn is over, or there is no room:
    /// then false.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, DisconnectReason> {
        let mut turn = Turn::default();
        loop {
            if !self.deliver(&mut turn, |pipe| pipe.room(cx))? {
                return Ok(false);
            }
            if turn.is_over() {
                // Behind other tasks, and behind what the runtime's driver has for them: woken
                // directly, this task would run again dozens of times before that is looked at.
                let _ = pin!(yield_now()).poll(cx);
                return Ok(true);
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => return Err(self.closed_by_peer()),
                Poll::Ready(Ok(read)) => turn.read(read),
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
        if let (Poll::Ready(Ok(1..)), Some(pulse)) = (&read, &mut self.pulse) {
            pulse.heartbeat.on_input();
        }
        read
    }

    /// A peer that says ERROR behind its own READY and leaves has refused what this side said in its
    /// READY. One that stays has not.
    fn closed_by_peer(&mut self) -> DisconnectReason {
        match self.refusal.take() {
            Some(reason) => ProtocolError::Refused { reason: reason.into() }.into(),
            None => DisconnectReason::PeerClosed,
        }
    }

    /// Takes what the kernel has kept of a connection that broke: a peer that sends its last and
    /// leaves is often noticed by writing to it.
    ///
    /// The high-water mark does not count, for nobody can wait any more; the kernel's buffer is the
    /// limit.
    async fn take_rest(&mut self) {
        let rest = async {
            for _ in 0..READS_OF_THE_REST {
                let mut turn = Turn::default();
                while !self.deliver(&mut turn, |_| usize::MAX)? || turn.is_worked_off() {
                    yield_now().await;
                    turn = Turn::default();
                }
                if poll_fn(|cx| self.poll_read(cx)).await.map_err(broken)? == 0 {
                    break;
                }
            }
            Ok::<_, DisconnectReason>(())
        };
        // Why the connection ended is known already; one that still goes on is left all the same.
        let _ = timeout(FAREWELL, rest).await;
    }

    /// Decodes what has been read; false where a message comes next that the receiver has no room
    /// for. Commands need none, and wait behind no message but those before them. What is left when
    /// the turn is worked off waits for the next.
    fn deliver(
        &mut self,
        turn: &mut Turn,
        room: impl Fn(&Pipe) -> usize,
    ) -> Result<bool, DisconnectReason> {
        while !self.input.bytes.is_empty() || self.decoder.buffered() > 0 {
            if turn.is_worked_off() {
                break;
            }
            let room = room(&self.pipe).min(self.messages_left(turn));
            let walked = self.decoder.frames();
            let inbound = self.decoder.decode(&mut self.input.bytes, room);
            turn.decoded(self.decoder.frames() - walked);
            let inbound = inbound?;
            if inbound.is_some() {
                self.refusal = None;
            }
            match inbound {
                Some(Inbound::Messages(run)) => self.messages(turn, run)?,
                Some(Inbound::Command(command)) => self.command(turn, command)?,
                None => return Ok(room > 0 || !self.decoder.is_message_next(&self.input.bytes)),
            }
        }
        Ok(true)
    }

    fn messages_left(&self, turn: &Turn) -> usize {
        match self.pipe.pattern().takes_subscriptions() {
            true => turn.steps_left(),
            false => turn.frames_left(),
        }
    }

    fn messages(
        &mut self,
        turn: &mut Turn,
        run: EncodedMessages,
    ) -> Result<(), SubscriptionsExceeded> {
        let pattern = self.pipe.pattern();
        if !pattern.takes_subscriptions() {
            self.pipe.deliver(run.cut_from(self.input.memory()));
            return Ok(());
        }
        // A publisher's inbound messages are few: ZMTP 3.0 subscriptions, or XPUB's way up.
        for message in run {
            turn.subscription(message.first().map_or(0, |topic| topic.len()));
            if let Some(change) = Subscription::from_message(&message) {
                pattern.subscription(&self.pipe, change)?;
            } else {
                self.pipe.deliver_one(message);
            }
        }
        Ok(())
    }

    fn command(&mut self, turn: &mut Turn, command: Command) -> Result<(), SubscriptionsExceeded> {
        match command {
            Command::Subscribe { topic } => {
                turn.subscription(topic.len());
                self.subscription(Subscription::Subscribe(topic))?;
            }
            Command::Cancel { topic } => {
                turn.subscription(topic.len());
                self.subscription(Subscription::Cancel(topic))?;
            }
            Command::Ping { ttl, context } => {
                if ttl != Ttl::NONE {
                    // The peer's promise holds it to account even where this side does not ask.
                    let pulse = self.pulse.get_or_insert_with(|| Pulse::new(Default::default()));
                    pulse.heartbeat.on_ping(ttl, now());
                }
                self.pipe.outbound.reply(&Command::Pong { context });
            }
            // 37/ZMTP has ERROR in the handshake only; libzmq passes over it here.
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

    fn beat(&mut self, cx: &mut Context<'_>, reading: bool) -> Result<(), DisconnectReason> {
        let Some(pulse) = &mut self.pulse else { return Ok(()) };
        if !reading {
            // Signs of life wait unread because this side's receiver is slow, not the peer's.
            pulse.heartbeat.on_input();
        }
        while let Some(deadline) = pulse.heartbeat.poll_timeout() {
            pulse.timer.as_mut().reset(Instant::from_std(deadline));
            if pulse.timer.as_mut().poll(cx).is_pending() {
                break;
            }
            match pulse.heartbeat.handle_timeout(now()) {
                HeartbeatAction::SendPing(ping) => self.pipe.outbound.command(&ping),
                HeartbeatAction::PeerDead => return Err(DisconnectReason::HeartbeatTimedOut),
                HeartbeatAction::Nothing => {}
            }
        }
        Ok(())
    }

    /// Ends the connection so that the peer gets all that was written to it.
    async fn say_farewell(&mut self) {
        let Some(mut writer) = self.pipe.outbound.take_writer() else { return };
        let farewell = async {
            writer.writer.shutdown().await?;
            while self.reader.read_buf(&mut self.input.bytes).await? > 0 {
                while self.enter_unheard() {
                    yield_now().await;
                }
            }
            io::Result::Ok(())
        };
        // A peer that does not answer in time has had its chance.
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Enters what the peer still sends after this side has closed the connection, as much as fits
    /// into one turn; true where there is more.
    fn enter_unheard(&mut self) -> bool {
        let mut turn = Turn::default();
        while !turn.is_worked_off() {
            let walked = self.decoder.frames();
            let inbound = self.decoder.decode(&mut self.input.bytes, turn.frames_left());
            turn.decoded(self.decoder.frames() - walked);
            match inbound {
                Ok(Some(Inbound::Messages(run))) => self.pipe.reject(&run),
                Ok(Some(Inbound::Command(_))) => {}
                Ok(None) => return false,
                Err(_) => {
                    self.input.bytes.clear();
                    return false;
                }
            }
        }
        true
    }
}

impl Pulse {
    /// The heartbeat this side asks for, if it does.
    fn start(config: &HeartbeatConfig) -> Option<Box<Self>> {
        config.interval.map(|_| Self::new(config.clone()))
    }

    fn new(config: HeartbeatConfig) -> Box<Self> {
        let heartbeat = Heartbeat::new(config, now());
        Box::new(Self { heartbeat, timer: Box::pin(sleep_until(Instant::now())) })
    }
}

/// Tokio's clock, so that paused time in tests drives heartbeats too.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn broken(error: io::Error) -> DisconnectReason {
    DisconnectReason::Io(Arc::new(error))
}
