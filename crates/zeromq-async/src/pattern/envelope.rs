//! REP: one request, then its reply to the peer that sent it (28/REQREP).
//!
//! [`RepRecv`] and [`RepSend`] are the two halves of one rule over a shared [`RepState`].

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use zmtp::{Frame, Message};

use super::{Held, OfferError, OfferTo, PeerHandle, ReceiveStrategy, SendStrategy};
use crate::error::{RecvError, SendErrorKind};
use crate::identity::Peer;
use crate::sync::Mutex;

/// The request of a REP that waits for its reply, if any. [`RepRecv`] and [`RepSend`] share it.
#[derive(Debug, Default)]
pub struct RepState(Mutex<Option<ReturnAddress>>);

/// Makes a [`RepRecv`].
#[derive(Debug, Clone)]
pub struct RepRecvLayer(pub Arc<RepState>);

impl<S> Layer<S> for RepRecvLayer {
    type Service = RepRecv<S>;

    fn layer(&self, inner: S) -> RepRecv<S> {
        RepRecv { inner, state: self.0.clone(), held: None }
    }
}

/// Makes a [`RepSend`].
#[derive(Debug, Clone)]
pub struct RepSendLayer(pub Arc<RepState>);

impl<S> Layer<S> for RepSendLayer {
    type Service = RepSend<S>;

    fn layer(&self, inner: S) -> RepSend<S> {
        RepSend { inner, state: self.0.clone() }
    }
}

#[derive(Debug)]
struct ReturnAddress {
    peer: PeerHandle,
    /// The frames up to and including the empty delimiter.
    envelope: Vec<Frame>,
}

/// Takes the envelope off each request and keeps it for the reply.
#[derive(Debug)]
pub struct RepRecv<S> {
    inner: S,
    state: Arc<RepState>,
    /// A request that was looked at and not yet received.
    held: Option<(ReturnAddress, Held)>,
}

impl<S> RepRecv<S> {
    /// Forgets the last request. Returns `false` if it has its reply already.
    pub fn discard(&mut self) -> bool {
        self.state.0.lock().take().is_some()
    }
}

impl<S: ReceiveStrategy> RepRecv<S> {
    fn check_turn(&self) -> Result<(), RecvError> {
        match *self.state.0.lock() {
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
            let Some(peer) = self.inner.last_handle().cloned() else { continue };
            // 28/REQREP: a request without a delimiter is discarded whole.
            let Some((envelope, body)) = split_envelope(message) else {
                peer.count_discarded(|discarded| discarded.malformed += 1);
                continue;
            };
            return Poll::Ready(Ok((ReturnAddress { peer, envelope }, body)));
        }
    }
}

impl<S: ReceiveStrategy> ReceiveStrategy for RepRecv<S> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        self.check_turn()?;
        let (address, body) = match self.held.take() {
            Some((address, held)) => (address, held.take()),
            None => ready!(self.poll_next(cx))?,
        };
        *self.state.0.lock() = Some(address);
        Poll::Ready(Ok(body))
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.check_turn()?;
        if self.held.is_none() {
            let (address, body) = ready!(self.poll_next(cx))?;
            let held = Held::new(Some(&address.peer), body);
            self.held = Some((address, held));
        }
        Poll::Ready(Ok(()))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}

/// Splits a request after its first empty frame, if a body follows.
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

/// Puts the envelope back in front of each reply and sends it to the peer of the request.
///
/// A reply is dropped if the peer has left or does not read, because a REP must never wait
/// (28/REQREP).
#[derive(Debug)]
pub struct RepSend<S> {
    inner: S,
    state: Arc<RepState>,
}

impl<S: OfferTo> SendStrategy for RepSend<S> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        if self.state.0.lock().is_none() && self.inner.check_open().is_ok() {
            return Poll::Ready(Err(SendErrorKind::OutOfTurn));
        }
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.inner.check_open()?;
        let Some(address) = self.state.0.lock().take() else {
            return Err(SendErrorKind::OutOfTurn.into());
        };
        let mut reply = Message::from(address.envelope);
        if message.frame_count() == 0 {
            // A delimiter needs at least one frame behind it.
            message.push_back(Frame::new());
        }
        reply.append(std::mem::take(message));
        self.inner.offer_to(&address.peer, &mut reply)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}
