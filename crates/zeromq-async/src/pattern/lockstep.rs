//! REQ: one request, then its reply (28/REQREP).
//!
//! [`ReqSend`] and [`ReqRecv`] are the two halves of one rule over a shared [`ReqState`].

use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;
use tower_layer::Layer;
use zmtp::{Frame, Message};

use super::{Held, OfferError, PeerHandle, PeerHooks, ReceiveStrategy, SendStrategy};
use crate::error::{RecvError, SendErrorKind};
use crate::identity::{Peer, PeerId};
use crate::pipe::only_looks;
use crate::random::random;
use crate::sync::Mutex;

/// The request of a REQ that waits for its reply, if any. [`ReqSend`] and [`ReqRecv`] share it.
///
/// With `relaxed` a new request may follow before the reply to the last one has come. With
/// `correlate` a request carries a number in front of its delimiter, and only the reply that repeats
/// the number is received.
#[derive(Debug)]
pub struct ReqState {
    request: Mutex<Request>,
    relaxed: bool,
    correlate: bool,
}

#[derive(Debug)]
struct Request {
    /// The peer that owes a reply.
    awaited: Option<PeerId>,
    /// The awaited peer went away after it had the whole request.
    lost: bool,
    /// The number of the last request.
    number: u32,
    /// Requests so far.
    requests: u64,
    receiver: Option<Waker>,
}

impl ReqState {
    /// No request is under way.
    pub fn new(relaxed: bool, correlate: bool) -> Self {
        let number = (random() >> 32) as u32;
        let request = Request { awaited: None, lost: false, number, requests: 0, receiver: None };
        Self { request: Mutex::new(request), relaxed, correlate }
    }

    fn check_may_request(&self) -> Result<(), SendErrorKind> {
        if !self.relaxed && self.request.lock().awaited.is_some() {
            return Err(SendErrorKind::OutOfTurn);
        }
        Ok(())
    }

    /// The awaited peer, and whether it is lost. The receiver is woken when it is lost.
    fn awaited(&self, cx: &Context<'_>) -> Option<(PeerId, bool)> {
        let mut state = self.request.lock();
        let awaited = state.awaited?;
        let is_known = state.receiver.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !only_looks(cx) && !is_known {
            state.receiver = Some(cx.waker().clone());
        }
        Some((awaited, state.lost))
    }

    /// Removes the envelope of a reply. `None` if the reply does not belong to the current request.
    fn open(&self, mut reply: Message) -> Option<Message> {
        if self.correlate {
            let number = reply.pop_front()?;
            if *number != self.request.lock().number.to_be_bytes() {
                return None;
            }
        }
        let delimiter = reply.pop_front()?;
        (delimiter.is_empty() && reply.frame_count() > 0).then_some(reply)
    }

    /// The peer sends nothing any more. A request that it has is lost.
    fn lose(&self, peer: &PeerHandle) {
        let mut state = self.request.lock();
        if state.awaited == Some(peer.id()) {
            state.lost = true;
            if let Some(receiver) = state.receiver.take() {
                receiver.wake();
            }
        }
    }
}

impl PeerHooks for ReqState {
    fn disconnected(&self, peer: &PeerHandle) {
        // A request that still waits in the queue goes out over the next connection.
        if peer.queued() == 0 {
            self.lose(peer);
        }
    }

    fn leave(&self, peer: &PeerHandle) {
        self.lose(peer);
    }
}

/// Makes a [`ReqSend`].
#[derive(Debug, Clone)]
pub struct ReqSendLayer(pub Arc<ReqState>);

impl<S> Layer<S> for ReqSendLayer {
    type Service = ReqSend<S>;

    fn layer(&self, inner: S) -> ReqSend<S> {
        ReqSend { inner, state: self.0.clone(), list: Vec::new() }
    }
}

/// Makes a [`ReqRecv`].
#[derive(Debug, Clone)]
pub struct ReqRecvLayer(pub Arc<ReqState>);

impl<S> Layer<S> for ReqRecvLayer {
    type Service = ReqRecv<S>;

    fn layer(&self, inner: S) -> ReqRecv<S> {
        ReqRecv { inner, state: self.0.clone(), replier: None, held: None }
    }
}

/// Puts the envelope in front of each request, and refuses a second request before the reply.
#[derive(Debug)]
pub struct ReqSend<S> {
    inner: S,
    state: Arc<ReqState>,
    /// The frames of the last request, empty, for the next one.
    list: Vec<Frame>,
}

/// The longest list that is kept, in frames.
const KEPT_LIST: usize = 16;

impl<S> ReqSend<S> {
    /// The strategy inside.
    pub fn get_ref(&self) -> &S {
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

impl<S: SendStrategy> SendStrategy for ReqSend<S> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.state.check_may_request()?;
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.state.check_may_request()?;
        let mut state = self.state.request.lock();
        let mut request = Message::from(take(&mut self.list));
        let number = state.number.wrapping_add(1);
        if self.state.correlate {
            request.push_back(number.to_be_bytes());
        }
        request.push_back(Frame::new());
        if message.frame_count() == 0 {
            // A delimiter needs at least one frame behind it.
            message.push_back(Frame::new());
        }
        request.append(take(message));
        // Messages that the peer has sent so far cannot be the reply to this request. A peer without
        // room is sent nothing: it may have sent the reply to the last request.
        let offered = self.inner.offer_after(&mut request, |peer| {
            let has_room = peer.has_room();
            if has_room {
                peer.drop_unasked();
            }
            has_room
        });
        if let Err(error) = offered {
            for _ in 0..=usize::from(self.state.correlate) {
                request.pop_front();
            }
            *message = request;
            return Err(error);
        }
        state.awaited = self.inner.last_handle().map(PeerHandle::id);
        state.number = number;
        state.lost = false;
        state.requests += 1;
        drop(state);
        self.keep_list(request);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }
}

/// Takes the envelope off each reply, and drops messages that are not the awaited reply.
#[derive(Debug)]
pub struct ReqRecv<S> {
    inner: S,
    state: Arc<ReqState>,
    /// The sender of the last reply.
    replier: Option<Peer>,
    /// A reply that was looked at and not yet received, and the count of requests at that time.
    held: Option<(u64, Held)>,
}

impl<S> ReqRecv<S> {
    /// The strategy inside.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: ReceiveStrategy> ReqRecv<S> {
    /// Counts the last message as no reply to a request.
    fn count_unasked(&self) {
        if let Some(peer) = self.inner.last_handle() {
            peer.count_discarded(|discarded| discarded.unasked += 1);
        }
    }

    /// The reply that is held, unless another request has been sent since.
    fn take_held(&mut self) -> Option<Message> {
        let (request, held) = self.held.take()?;
        if self.state.request.lock().requests == request {
            return Some(held.take());
        }
        self.replier = None;
        held.take();
        self.count_unasked();
        None
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        let mut looked_again = false;
        loop {
            let Some((awaited, lost)) = self.state.awaited(cx) else {
                return Poll::Ready(Err(RecvError::OutOfTurn));
            };
            match self.inner.poll_recv(cx) {
                Poll::Ready(message) => {
                    let message = message?;
                    // The connection tells: an inproc peer that reconnects has a new pipe, with what the
                    // old one left.
                    let handle = self.inner.last_handle().map(PeerHandle::id);
                    let from = self.inner.last_peer().map(Peer::id).or(handle);
                    if from == Some(awaited)
                        && let Some(reply) = self.state.open(message)
                    {
                        self.replier = self.inner.last_peer().cloned();
                        return Poll::Ready(Ok(reply));
                    }
                    self.count_unasked();
                }
                Poll::Pending if !lost => return Poll::Pending,
                Poll::Pending if !coop::has_budget_remaining() => {
                    // Pending may mean no more than that this task has to yield.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // The reply may have arrived just before the loss: look once more.
                Poll::Pending if !looked_again => looked_again = true,
                Poll::Pending => {
                    self.state.request.lock().awaited = None;
                    return Poll::Ready(Err(RecvError::ReplyLost));
                }
            }
        }
    }
}

impl<S: ReceiveStrategy> ReceiveStrategy for ReqRecv<S> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        let reply = match self.take_held() {
            Some(reply) => reply,
            None => ready!(self.poll_reply(cx))?,
        };
        self.state.request.lock().awaited = None;
        self.inner.drop_unasked();
        Poll::Ready(Ok(reply))
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let reply = match self.take_held() {
            Some(reply) => reply,
            None => ready!(self.poll_reply(cx))?,
        };
        let held = Held::new(self.inner.last_handle(), reply);
        self.held = Some((self.state.request.lock().requests, held));
        Poll::Ready(Ok(()))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.replier.as_ref()
    }
}

#[cfg(test)]
mod tests;
