//! The receive stack of a socket, shared by its clones.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::super::receiver::now;
use super::super::{Address, FrameKind};
use super::turns::{Turn, Turns, WaitsAs};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::pattern::{ReceiveFrom, ReceiveStrategy};
use crate::sync::Mutex;

/// A receive stack that any number of tasks poll.
///
/// The stack knows one waker. It wakes the task that is next.
pub(super) struct SharedReceiver<P: FrameKind> {
    stack: Mutex<P::ReceiveStack>,
    control: P::Control,
    turns: Arc<Turns>,
    /// The waker of `turns`.
    waker: Waker,
}

/// A received frame and its address.
pub(super) type Item<P> = <<P as FrameKind>::From as Address>::Item;

impl<P: FrameKind> SharedReceiver<P> {
    pub(super) fn new(stack: P::ReceiveStack, control: P::Control) -> Self {
        let turns = Arc::<Turns>::default();
        let waker = turns.clone().into();
        Self { stack: Mutex::new(stack), control, turns, waker }
    }

    pub(super) fn control(&self) -> &P::Control {
        &self.control
    }

    /// The next message.
    pub(super) fn poll_recv(
        &self,
        turn: &mut Turn,
        waits_as: WaitsAs,
        cx: &Context<'_>,
    ) -> Poll<Result<Item<P>, RecvError>> {
        self.poll_with(turn, waits_as, cx, |_, item| Ok(item))
    }

    /// The next message and its sender.
    pub(super) fn poll_recv_from(
        &self,
        turn: &mut Turn,
        waits_as: WaitsAs,
        cx: &Context<'_>,
    ) -> Poll<Result<(Item<P>, Peer), RecvError>> {
        let with_sender = |stack: &P::ReceiveStack, item| Ok((item, sender_of(stack)?));
        self.poll_with(turn, waits_as, cx, with_sender)
    }

    /// The next message, and what `note` makes of it and the stack that it came from.
    fn poll_with<T>(
        &self,
        turn: &mut Turn,
        waits_as: WaitsAs,
        cx: &Context<'_>,
        note: impl FnOnce(&P::ReceiveStack, Item<P>) -> Result<T, RecvError>,
    ) -> Poll<Result<T, RecvError>> {
        let mut stack = self.stack.lock();
        let mut any_task = Context::from_waker(&self.waker);
        let Poll::Ready(received) = poll_item::<P>(&mut stack, &mut any_task) else {
            // Under the lock of the stack: the next task to look finds this one waiting.
            let before = self.turns.wait(turn, waits_as, cx);
            drop(stack);
            drop(before);
            return Poll::Pending;
        };
        let received = received.and_then(|item| note(&stack, item));
        let (before, others_wait) = self.turns.end(turn);
        // Takes no message: it would count as received.
        let there_is_more =
            others_wait && (received.is_err() || stack.poll_arrived(&mut any_task).is_ready());
        drop(stack);
        drop(before);
        if there_is_more {
            self.turns.wake_next();
        }
        Poll::Ready(received)
    }

    /// A message if one is waiting.
    pub(super) fn try_recv(&self) -> Result<Item<P>, RecvError> {
        let mut stack = self.stack.lock();
        now(|cx| poll_item::<P>(&mut stack, cx))
    }

    /// A message and its sender if one is waiting.
    pub(super) fn try_recv_from(&self) -> Result<(Item<P>, Peer), RecvError> {
        let mut stack = self.stack.lock();
        let item = now(|cx| poll_item::<P>(&mut stack, cx))?;
        Ok((item, sender_of(&*stack)?))
    }

    /// A task that waits to receive.
    pub(super) fn wait(&self) -> Waiting<'_, P> {
        Waiting { receiver: self, turn: Turn::default() }
    }

    /// The stream that had this turn is gone.
    pub(super) fn pass_on(&self, turn: &mut Turn) {
        self.turns.pass_on(turn);
    }
}

/// A task that waits to receive. Dropped, it passes its turn on.
pub(super) struct Waiting<'a, P: FrameKind> {
    receiver: &'a SharedReceiver<P>,
    turn: Turn,
}

impl<P: FrameKind> Waiting<'_, P> {
    pub(super) fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Result<Item<P>, RecvError>> {
        self.receiver.poll_recv(&mut self.turn, WaitsAs::Future, cx)
    }

    pub(super) fn poll_recv_from(
        &mut self,
        cx: &Context<'_>,
    ) -> Poll<Result<(Item<P>, Peer), RecvError>> {
        self.receiver.poll_recv_from(&mut self.turn, WaitsAs::Future, cx)
    }
}

impl<P: FrameKind> Drop for Waiting<'_, P> {
    fn drop(&mut self) {
        self.receiver.pass_on(&mut self.turn);
    }
}

/// The next message that has an address.
fn poll_item<P: FrameKind>(
    stack: &mut P::ReceiveStack,
    cx: &mut Context<'_>,
) -> Poll<Result<Item<P>, RecvError>> {
    loop {
        let mut message = ready!(stack.poll_recv(cx))?;
        if let Some(address) = stack.take_address(&mut message) {
            let frame = message.pop_front().unwrap_or_default();
            return Poll::Ready(Ok(address.join(frame)));
        }
        if let Some(peer) = stack.last_handle() {
            peer.count_discarded(|discarded| discarded.malformed += 1);
        }
    }
}

fn sender_of(stack: &impl ReceiveStrategy) -> Result<Peer, RecvError> {
    stack.last_peer().cloned().ok_or(RecvError::UnknownSender)
}
