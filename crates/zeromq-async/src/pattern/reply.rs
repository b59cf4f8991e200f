//! REP: one request taken, then its reply sent to where it came from (28/REQREP).

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::{Frame, Message};

use super::held::Held;
use super::{Addressed, Incoming, Outgoing, Refusal};
use crate::error::{RecvError, SendErrorKind};
use crate::identity::Peer;
use crate::peer::Pipe;
use crate::sync::Mutex;

/// Who asked, and by which way: the state that the halves of a REP share.
#[derive(Debug, Default)]
pub(crate) struct Requester(Mutex<Option<ReturnAddress>>);

#[derive(Debug)]
struct ReturnAddress {
    pipe: Arc<Pipe>,
    /// The frames up to and including the empty delimiter.
    envelope: Vec<Frame>,
}

/// The requesting half: takes the envelope off each request and keeps it for the reply.
#[derive(Debug)]
pub(crate) struct Request<I> {
    inner: I,
    requester: Arc<Requester>,
    /// A request that was looked at and not yet received.
    held: Option<(ReturnAddress, Held)>,
}

impl<I> Request<I> {
    pub(crate) fn new(inner: I, requester: Arc<Requester>) -> Self {
        Self { inner, requester, held: None }
    }

    /// Forgets the request that was received last; false where it has had its reply.
    pub(crate) fn discard(&mut self) -> bool {
        self.requester.0.lock().take().is_some()
    }
}

impl<I: Incoming> Request<I> {
    fn check_turn(&self) -> Result<(), RecvError> {
        match *self.requester.0.lock() {
            Some(_) => Err(RecvError::OutOfTurn),
            None => Ok(()),
        }
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(ReturnAddress, Message), RecvError>> {
        loop {
            let message = ready!(self.inner.poll_recv(cx))?;
            // 28/REQREP: a request without a delimiter is discarded whole.
            let Some(pipe) = self.inner.last_pipe().cloned() else { continue };
            let Some((envelope, body)) = split_envelope(message) else {
                pipe.account().discarded_popped(|discarded| discarded.malformed += 1);
                continue;
            };
            return Poll::Ready(Ok((ReturnAddress { pipe, envelope }, body)));
        }
    }
}

impl<I: Incoming> Incoming for Request<I> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        self.check_turn()?;
        let (address, body) = match self.held.take() {
            Some((address, held)) => (address, held.take()),
            None => ready!(self.poll_next(cx))?,
        };
        *self.requester.0.lock() = Some(address);
        Poll::Ready(Ok(body))
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.check_turn()?;
        if self.held.is_none() {
            let (address, body) = ready!(self.poll_next(cx))?;
            let held = Held::new(Some(&address.pipe), body);
            self.held = Some((address, held));
        }
        Poll::Ready(Ok(()))
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.inner.last_pipe()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}

/// Parts a request after its first empty frame, if a body follows.
fn split_envelope(message: Message) -> Option<(Vec<Frame>, Message)> {
    let mut envelope = message.into_frames();
    let delimiter = envelope.iter().position(|frame| frame.is_empty())?;
    let body = match envelope.len() - delimiter - 1 {
        0 => return None,
        // The list stays with the envelope, and will have room for the reply.
        1 => Message::from(envelope.pop()?),
        _ => Message::from(envelope.split_off(delimiter + 1)),
    };
    Some((envelope, body))
}

/// The replying half: puts the envelope back and sends to the peer that asked.
///
/// A reply to a peer that has gone, or that does not read, is dropped: 28/REQREP has REP never
/// wait.
#[derive(Debug)]
pub(crate) struct Reply {
    inner: Addressed,
    requester: Arc<Requester>,
}

impl Reply {
    pub(crate) fn new(inner: Addressed, requester: Arc<Requester>) -> Self {
        Self { inner, requester }
    }
}

impl Outgoing for Reply {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        if self.requester.0.lock().is_none() && self.inner.check_open().is_ok() {
            return Poll::Ready(Err(SendErrorKind::OutOfTurn));
        }
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.inner.check_open()?;
        let Some(address) = self.requester.0.lock().take() else {
            return Err(Refusal::Failed(SendErrorKind::OutOfTurn));
        };
        let mut reply = Message::from(address.envelope);
        if message.frame_count() == 0 {
            // A message has at least one frame, and a delimiter with nothing behind it is none.
            message.push_back(Frame::new());
        }
        reply.append(std::mem::take(message));
        self.inner.offer_to(&address.pipe, &mut reply)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}
