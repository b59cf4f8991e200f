//! Orders that come as messages.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::task::coop;
use zeromq_async::Message;

use super::end::Pass;
use super::steering::{State, Steering};
use super::{ProxyEnd, ProxyError, ProxySide};
use parking_lot::Mutex;
use zeromq_async::{RecvError, SendErrorKind};

/// The socket that orders come from. In a box, for it is not on the way of messages.
pub(super) struct Control {
    end: Box<dyn Pass + Send>,
    /// What a REP has still to answer.
    owed: Option<Message>,
}

/// Orders taken in one round: somebody who gives nothing but orders must not hold up messages.
const ORDERS_PER_ROUND: usize = 16;

impl Control {
    pub(super) fn new(control: impl ProxyEnd + Send + 'static) -> Self {
        Self { end: Box::new(control), owed: None }
    }

    /// Obeys what has come.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        steering: &Mutex<Steering>,
    ) -> Result<(), ProxyError> {
        for _ in 0..ORDERS_PER_ROUND {
            if let Some(owed) = self.owed.take() {
                self.answer(cx, owed)?;
            }
            if self.owed.is_some() {
                return Ok(());
            }
            // Unconstrained: what passes must not use up the time of orders, nor they its.
            let received = pin!(coop::unconstrained(poll_fn(|cx| self.end.poll_recv(cx)))).poll(cx);
            match received {
                Poll::Ready(Ok(orders)) => self.obey(cx, &orders, &mut steering.lock())?,
                // A REQ that has asked nothing gets no orders, which is no reason to end.
                Poll::Ready(Err(RecvError::OutOfTurn)) => return Ok(()),
                Poll::Ready(Err(source)) => {
                    return Err(ProxyError::Receive { side: ProxySide::Control, source });
                }
                Poll::Pending => return Ok(()),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Each frame may be an order, as libzmq has it: so an envelope does no harm.
    fn obey(
        &mut self,
        cx: &mut Context<'_>,
        orders: &Message,
        steering: &mut Steering,
    ) -> Result<(), ProxyError> {
        let mut statistics = None;
        for order in orders.frames() {
            match order.as_slice() {
                b"PAUSE" => steering.order(State::Paused),
                b"RESUME" => steering.order(State::Active),
                b"TERMINATE" => steering.order(State::Terminated),
                b"STATISTICS" => statistics = Some(steering.statistics().to_message()),
                _ => {}
            }
        }
        match statistics {
            Some(statistics) => self.answer(cx, statistics),
            None if self.end.answers() => self.answer(cx, Message::new()),
            None => Ok(()),
        }
    }

    /// Answers. Where that takes waiting, a REP does so later, and others do not.
    fn answer(&mut self, cx: &mut Context<'_>, answer: Message) -> Result<(), ProxyError> {
        let sent = match self.end.poll_ready(cx) {
            Poll::Ready(Ok(())) => self.end.start_send(answer),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.owed = self.end.answers().then_some(answer);
                Ok(())
            }
        };
        match sent {
            // Whoever asked cannot be told, and must not end the proxy by asking.
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
