//! The send stack of a socket as a `Sink` and a future.

use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::SocketHandle;
use crate::error::{SendError, SendErrorKind};
use crate::identity::PeerId;
use crate::pattern::{OfferError, SendStrategy, SendTo};
use crate::pipe::Ledger;

/// A send stack, and a message to an address `A` that `Sink::start_send` took and found no room for.
///
/// Between `poll_ready` and `start_send` another sender may fill the queue. The message then waits
/// here, because `start_send` cannot give it back.
pub(super) struct SendHalf<O, A = ()> {
    stack: O,
    pending: Option<(A, Message)>,
    /// The address of the pending message that the last error has.
    failed: Option<A>,
    /// Closed as a `Sink`: it takes no more messages, whatever other senders do.
    closed: bool,
    handle: SocketHandle,
}

impl<O, A> SendHalf<O, A> {
    pub(super) fn new(stack: O, handle: SocketHandle) -> Self {
        Self { stack, pending: None, failed: None, closed: false, handle }
    }

    pub(super) fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    pub(super) fn stack(&self) -> &O {
        &self.stack
    }

    fn ledger(&self) -> &Ledger {
        self.handle.ledger()
    }
}

/// The future of `send`.
///
/// An async block would hold the message twice, as an argument and as a local variable, and copy it
/// from one to the other. The message is the first field because it is copied fastest there.
#[must_use]
#[repr(C)]
pub(super) struct Sending<'a, O> {
    message: Message,
    /// `None` when the future is done.
    half: Option<&'a mut SendHalf<O>>,
}

impl<O: SendStrategy> Future for Sending<'_, O> {
    type Output = Result<(), SendError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { message, half } = self.get_mut();
        let sending = half.as_mut().expect("a future is not polled when it is done");
        let sent = sending.poll_send(cx, &(), message);
        if sent.is_ready() {
            *half = None;
        }
        sent
    }
}

impl<O: SendStrategy> SendHalf<O> {
    pub(super) fn last_peer(&self) -> Option<PeerId> {
        self.stack.last_handle().map(|pipe| pipe.id())
    }

    /// Sends the message once there is room for it.
    #[inline]
    pub(super) fn send(&mut self, message: Message) -> Sending<'_, O> {
        Sending { message, half: Some(self) }
    }
}

impl<O: SendTo<A>, A> SendHalf<O, A> {
    /// Sends the message, or leaves it where it is.
    #[inline]
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        address: &A,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>> {
        match self.poll_ready(cx) {
            Poll::Ready(Ok(())) => match self.stack.offer_at(address, message) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(OfferError::Full) => {}
                Err(OfferError::Failed(kind)) => {
                    return Poll::Ready(Err(SendError::new(kind, take(message))));
                }
            },
            Poll::Ready(Err(error)) => {
                return Poll::Ready(Err(self.give_back(error, take(message))));
            }
            Poll::Pending => {}
        }
        self.poll_send_again(cx, address, message)
    }

    /// Goes on where no room was found. The stack may have waited for a peer that an earlier message was
    /// for, and this one is for another.
    #[cold]
    #[inline(never)]
    fn poll_send_again(
        &mut self,
        cx: &mut Context<'_>,
        address: &A,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let offered = match ready!(self.poll_ready(cx)) {
                Ok(()) => self.stack.offer_at(address, message),
                Err(error) => return Poll::Ready(Err(self.give_back(error, take(message)))),
            };
            match offered {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(OfferError::Full) => {}
                Err(OfferError::Failed(kind)) => {
                    return Poll::Ready(Err(SendError::new(kind, take(message))));
                }
            }
        }
    }

    pub(super) fn try_send(&mut self, address: &A, mut message: Message) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::new(SendErrorKind::Closed, message));
        }
        match self.send_pending() {
            Ok(true) => {}
            Ok(false) => return Err(SendError::new(SendErrorKind::Full, message)),
            Err(error) => return Err(self.give_back(error, message)),
        }
        match self.stack.offer_at(address, &mut message) {
            Ok(()) => Ok(()),
            Err(OfferError::Full) => Err(SendError::new(SendErrorKind::Full, message)),
            Err(OfferError::Failed(kind)) => Err(SendError::new(kind, message)),
        }
    }

    #[inline]
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.closed {
            return Poll::Ready(Err(SendErrorKind::Closed.into()));
        }
        self.poll_room(cx)
    }

    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            ready!(self.stack.poll_ready(cx))?;
            if self.pending.is_none() || self.send_pending()? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    #[inline]
    pub(super) fn start_send(&mut self, address: A, mut message: Message) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::new(SendErrorKind::Closed, message));
        }
        match self.stack.offer_at(&address, &mut message) {
            Ok(()) => Ok(()),
            Err(OfferError::Full) => {
                self.pending = Some((address, message));
                self.ledger().park();
                Ok(())
            }
            Err(OfferError::Failed(kind)) => Err(SendError::new(kind, message)),
        }
    }

    /// Flushes, and takes no more from the first call on.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let result = self.poll_flush(cx);
        self.closed = true;
        result
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.pending.is_some() {
            ready!(self.poll_room(cx))?;
        }
        self.stack.poll_flush(cx).map(Ok)
    }

    /// Puts this message into the error. A pending message that is in it already is lost.
    fn give_back(&mut self, error: SendError, message: Message) -> SendError {
        if !error.has_message() {
            return error.with_message(message);
        }
        self.failed = None;
        let kind = error.kind().clone();
        error.into_message().into_iter().for_each(|pending| self.ledger().lost(pending));
        SendError::new(kind, message)
    }

    /// Tries to send the pending message; returns whether there is none now.
    fn send_pending(&mut self) -> Result<bool, SendError> {
        let Some((address, mut message)) = self.pending.take() else { return Ok(true) };
        let offered = self.stack.offer_at(&address, &mut message);
        if let Err(OfferError::Full) = offered {
            self.pending = Some((address, message));
            return Ok(false);
        }
        self.ledger().unpark();
        match offered {
            Err(OfferError::Failed(kind)) => {
                self.failed = Some(address);
                Err(SendError::new(kind, message))
            }
            _ => Ok(true),
        }
    }
}

impl<O, A> SendHalf<O, A> {
    /// Takes the address of the message in the error of `poll_ready`, `poll_flush` or `poll_close`.
    pub(super) fn take_failed(&mut self) -> Option<A> {
        self.failed.take()
    }

    /// Takes no more messages.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Counts a pending message as unsent.
    pub(super) fn abandon_pending(&mut self) {
        if let Some((_, pending)) = self.pending.take() {
            self.ledger().unpark();
            self.ledger().lost(pending);
        }
    }
}

impl<O, A> Drop for SendHalf<O, A> {
    fn drop(&mut self) {
        self.abandon_pending();
    }
}

impl<O: Clone, A> Clone for SendHalf<O, A> {
    fn clone(&self) -> Self {
        Self::new(self.stack.clone(), self.handle.clone())
    }
}
