//! Commands that come as messages.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::task::coop;
use zeromq_async::{Message, RecvError, SendErrorKind};

use super::end::ProxyEnd;
use super::error::{ProxyError, ProxySide};
use super::steering::{State, Steering};

/// The socket that receives commands.
pub(super) struct Control {
    end: Box<dyn ProxyEnd + Send>,
    /// A reply of a REP that waits for room.
    reply: Option<Message>,
}

/// The most commands in a round, so that they do not hold up messages.
const COMMANDS_PER_ROUND: usize = 16;

impl Control {
    pub(super) fn new(control: impl ProxyEnd + Send + 'static) -> Self {
        Self { end: Box::new(control), reply: None }
    }

    /// Executes the commands that have arrived.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        steering: &Mutex<Steering>,
    ) -> Result<(), ProxyError> {
        for _ in 0..COMMANDS_PER_ROUND {
            if let Some(reply) = self.reply.take() {
                self.send(cx, reply)?;
            }
            if self.reply.is_some() {
                return Ok(());
            }
            // Unconstrained: commands and forwarded messages must not use up each other's budget.
            let next = poll_fn(|cx| Pin::new(&mut *self.end).poll_next(cx));
            let received = match pin!(coop::unconstrained(next)).poll(cx) {
                Poll::Ready(received) => received.unwrap_or(Err(RecvError::Closed)),
                Poll::Pending => return Ok(()),
            };
            match received {
                Ok(commands) => self.execute(cx, &commands, &mut steering.lock())?,
                // A REQ that has sent no request receives no commands.
                Err(RecvError::OutOfTurn) => return Ok(()),
                Err(source) => {
                    return Err(ProxyError::Receive { side: ProxySide::Control, source });
                }
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Each frame may be a command, as in libzmq, so an envelope does no harm.
    fn execute(
        &mut self,
        cx: &mut Context<'_>,
        commands: &Message,
        steering: &mut Steering,
    ) -> Result<(), ProxyError> {
        let mut statistics = None;
        for command in commands.frames() {
            match command.as_slice() {
                b"PAUSE" => steering.set(State::Paused),
                b"RESUME" => steering.set(State::Active),
                b"TERMINATE" => steering.set(State::Terminated),
                b"STATISTICS" => statistics = Some(steering.statistics().to_message()),
                _ => {}
            }
        }
        match statistics {
            Some(statistics) => self.send(cx, statistics),
            None if self.end.is_rep() => self.send(cx, Message::new()),
            None => Ok(()),
        }
    }

    /// Sends a reply. If there is no room, a REP sends it later, and others drop it.
    fn send(&mut self, cx: &mut Context<'_>, reply: Message) -> Result<(), ProxyError> {
        if !self.end.sends() {
            return Ok(());
        }
        let mut end = Pin::new(&mut *self.end);
        let sent = match end.as_mut().poll_ready(cx) {
            Poll::Ready(Ok(())) => end.start_send(reply),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.reply = self.end.is_rep().then_some(reply);
                Ok(())
            }
        };
        match sent {
            // The client cannot be replied to. That must not end the proxy.
            Err(error)
                if matches!(
                    error.kind(),
                    SendErrorKind::NoRoutingId
                        | SendErrorKind::Unroutable(_)
                        | SendErrorKind::OutOfTurn
                ) =>
            {
                Ok(())
            }
            sent => sent.map_err(|source| ProxyError::Send { side: ProxySide::Control, source }),
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
