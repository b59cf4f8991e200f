//! REQ: one request, then its reply (28/REQREP).
//!
//! [`Ask`] and [`Hear`] are the two halves of one rule over a shared [`Turn`]. With `relaxed` a new
//! request may follow before the reply to the last one has come; with `correlate` a request carries
//! a number in front of its delimiter, and only the reply that repeats it is heard.

use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;
use zmtp::{Frame, Message};

use super::held::Held;
use super::{Incoming, Outgoing, Refusal};
use crate::error::{RecvError, SendErrorKind};
use crate::identity::{Peer, PeerId};
use crate::peer::{Pattern, Pipe, only_looks};
use crate::random::random;
use crate::sync::Mutex;

/// Whose turn it is: the state that the halves of a REQ share with the engine.
#[derive(Debug)]
pub(crate) struct Turn {
    state: Mutex<State>,
    relaxed: bool,
    correlate: bool,
}

#[derive(Debug)]
struct State {
    /// The peer that owes a reply.
    awaited: Option<PeerId>,
    /// The awaited peer went away after it had the whole request.
    lost: bool,
    number: u32,
    /// Requests so far.
    asked: u64,
    hearer: Option<Waker>,
}

impl Turn {
    pub(crate) fn new(relaxed: bool, correlate: bool) -> Self {
        let number = (random() >> 32) as u32;
        let state = State { awaited: None, lost: false, number, asked: 0, hearer: None };
        Self { state: Mutex::new(state), relaxed, correlate }
    }

    fn check_may_ask(&self) -> Result<(), SendErrorKind> {
        if !self.relaxed && self.state.lock().awaited.is_some() {
            return Err(SendErrorKind::OutOfTurn);
        }
        Ok(())
    }

    /// Who is awaited, and whether they are lost; the hearer is woken when they are.
    fn listen(&self, cx: &Context<'_>) -> Option<(PeerId, bool)> {
        let mut state = self.state.lock();
        let awaited = state.awaited?;
        let is_known = state.hearer.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !only_looks(cx) && !is_known {
            state.hearer = Some(cx.waker().clone());
        }
        Some((awaited, state.lost))
    }

    /// Takes the envelope off a reply; `None` where it is not one to the present request.
    fn open(&self, mut reply: Message) -> Option<Message> {
        if self.correlate {
            let number = reply.pop_front()?;
            if *number != self.state.lock().number.to_be_bytes() {
                return None;
            }
        }
        let delimiter = reply.pop_front()?;
        (delimiter.is_empty() && reply.frame_count() > 0).then_some(reply)
    }

    /// Nothing will come from this peer any more: a request that it has is lost.
    fn lose(&self, pipe: &Arc<Pipe>) {
        let mut state = self.state.lock();
        if state.awaited == Some(pipe.id()) {
            state.lost = true;
            if let Some(hearer) = state.hearer.take() {
                hearer.wake();
            }
        }
    }
}

impl Pattern for Turn {
    fn disconnected(&self, pipe: &Arc<Pipe>) {
        // A request that still waits in the queue goes out over the next connection.
        if pipe.outbound.queued() == 0 {
            self.lose(pipe);
        }
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        self.lose(pipe);
    }
}

/// The asking half: adds the envelope, and refuses a second request before the reply.
#[derive(Debug)]
pub(crate) struct Ask<O> {
    inner: O,
    turn: Arc<Turn>,
    /// The list that the last request was made in, for the next.
    list: Vec<Frame>,
}

/// The longest list that is kept, in frames.
const KEPT_LIST: usize = 16;

impl<O> Ask<O> {
    pub(crate) fn new(inner: O, turn: Arc<Turn>) -> Self {
        Self { inner, turn, list: Vec::new() }
    }

    pub(crate) fn get_ref(&self) -> &O {
        &self.inner
    }

    fn keep_list(&mut self, request: Message) {
        let mut list = request.into_frames();
        if list.capacity() <= KEPT_LIST {
            list.clear();
            self.list = list;
        }
    }
}

impl<O: Outgoing> Outgoing for Ask<O> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.turn.check_may_ask()?;
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.turn.check_may_ask().map_err(Refusal::Failed)?;
        let mut state = self.turn.state.lock();
        let mut request = Message::from(take(&mut self.list));
        if self.turn.correlate {
            state.number = state.number.wrapping_add(1);
            request.push_back(state.number.to_be_bytes());
        }
        request.push_back(Frame::new());
        if message.frame_count() == 0 {
            // A message has at least one frame, and a delimiter with nothing behind it is none.
            message.push_back(Frame::new());
        }
        request.append(take(message));
        // What the peer has sent so far cannot be the reply to what it is sent now.
        if let Err(refusal) = self.inner.offer_after(&mut request, Pipe::forget_unasked) {
            for _ in 0..=usize::from(self.turn.correlate) {
                request.pop_front();
            }
            *message = request;
            return Err(refusal);
        }
        state.awaited = self.inner.last_pipe().map(|pipe| pipe.id());
        state.lost = false;
        state.asked += 1;
        drop(state);
        self.keep_list(request);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.inner.last_pipe()
    }
}

/// The hearing half: takes the envelope off, and drops what is not the awaited reply.
#[derive(Debug)]
pub(crate) struct Hear<I> {
    inner: I,
    turn: Arc<Turn>,
    /// Who the last reply is from.
    replier: Option<Peer>,
    /// A reply that was looked at and not yet received, and the request that it is to.
    held: Option<(u64, Held)>,
}

impl<I> Hear<I> {
    pub(crate) fn new(inner: I, turn: Arc<Turn>) -> Self {
        Self { inner, turn, replier: None, held: None }
    }

    pub(crate) fn into_inner(self) -> I {
        self.inner
    }
}

impl<I: Incoming> Hear<I> {
    /// Enters the last message as one that nobody has asked for.
    fn enter_unasked(&self) {
        if let Some(pipe) = self.inner.last_pipe() {
            pipe.account().discarded_popped(|discarded| discarded.unasked += 1);
        }
    }
}

impl<I: Incoming> Hear<I> {
    /// The reply that is held, unless another request has been sent since.
    fn take_held(&mut self) -> Option<Message> {
        let (request, held) = self.held.take()?;
        if self.turn.state.lock().asked == request {
            return Some(held.take());
        }
        self.replier = None;
        held.take();
        self.enter_unasked();
        None
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        let mut looked_again = false;
        loop {
            let Some((awaited, lost)) = self.turn.listen(cx) else {
                return Poll::Ready(Err(RecvError::OutOfTurn));
            };
            match self.inner.poll_recv(cx) {
                Poll::Ready(message) => {
                    let message = message?;
                    let from = self.inner.last_pipe().map(|pipe| pipe.id());
                    if from == Some(awaited)
                        && let Some(reply) = self.turn.open(message)
                    {
                        self.replier = self.inner.last_peer().cloned();
                        return Poll::Ready(Ok(reply));
                    }
                    self.enter_unasked();
                }
                Poll::Pending if !lost => return Poll::Pending,
                Poll::Pending if !coop::has_budget_remaining() => {
                    // Pending may mean no more than that this task has to yield.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // The reply may have come just before the loss was told: look once more.
                Poll::Pending if !looked_again => looked_again = true,
                Poll::Pending => {
                    self.turn.state.lock().awaited = None;
                    return Poll::Ready(Err(RecvError::ReplyLost));
                }
            }
        }
    }
}

impl<I: Incoming> Incoming for Hear<I> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        let reply = match self.take_held() {
            Some(reply) => reply,
            None => ready!(self.poll_reply(cx))?,
        };
        self.turn.state.lock().awaited = None;
        self.inner.drop_unasked();
        Poll::Ready(Ok(reply))
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let reply = match self.take_held() {
            Some(reply) => reply,
            None => ready!(self.poll_reply(cx))?,
        };
        let held = Held::new(self.inner.last_pipe(), reply);
        self.held = Some((self.turn.state.lock().asked, held));
        Poll::Ready(Ok(()))
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.inner.last_pipe()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.replier.as_ref()
    }
}

#[cfg(test)]
mod tests;
