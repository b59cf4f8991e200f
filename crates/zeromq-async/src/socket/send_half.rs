//! The sending side of a socket: its layers, and a place for one message that found no room.

use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::SocketHandle;
use crate::error::{SendError, SendErrorKind};
use crate::identity::PeerId;
use crate::pattern::{Refusal, SendStrategy};
use crate::peer::Ledger;

/// `SendStrategy` layers made into what a `Sink` needs.
///
/// Between `poll_ready` and `start_send` another sender may take the room that there was. The
/// message then waits here, for `start_send` has no way to give it back.
pub(super) struct SendHalf<O> {
    layers: O,
    parked: Option<Message>,
    /// Closed as a `Sink`: it takes no more, whatever others send.
    closed: bool,
    handle: SocketHandle,
}

impl<O> SendHalf<O> {
    pub(super) fn new(layers: O, handle: SocketHandle) -> Self {
        Self { layers, parked: None, closed: false, handle }
    }

    pub(super) fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    pub(super) fn layers(&self) -> &O {
        &self.layers
    }

    fn ledger(&self) -> &Ledger {
        self.handle.ledger()
    }
}

/// What `send` does, as a future.
///
/// An async block would have the message twice, as what it was called with and as what it sends,
/// and copy it from one to the other. The message comes first because of how it is best copied.
#[must_use]
#[repr(C)]
pub(super) struct Sending<'a, O> {
    message: Message,
    /// None when it is done.
    half: Option<&'a mut SendHalf<O>>,
}

impl<O: SendStrategy> Future for Sending<'_, O> {
    type Output = Result<(), SendError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { message, half } = self.get_mut();
        let sending = half.as_mut().expect("a future is not polled when it is done");
        let sent = sending.poll_send(cx, message);
        if sent.is_ready() {
            *half = None;
        }
        sent
    }
}

impl<O: SendStrategy> SendHalf<O> {
    pub(super) fn last_peer(&self) -> Option<PeerId> {
        self.layers.last_handle().map(|pipe| pipe.id())
    }

    /// Sends the message once there is room for it.
    #[inline]
    pub(super) fn send(&mut self, message: Message) -> Sending<'_, O> {
        Sending { message, half: Some(self) }
    }

    /// Sends the message, or leaves it where it is.
    #[inline]
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let offered = match ready!(self.poll_ready(cx)) {
                Ok(()) => self.layers.offer(message),
                Err(error) => return Poll::Ready(Err(self.give_back(error, take(message)))),
            };
            match offered {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Refusal::Full) => {}
                Err(Refusal::Failed(kind)) => {
                    return Poll::Ready(Err(SendError::new(kind, take(message))));
                }
            }
        }
    }

    pub(super) fn try_send(&mut self, mut message: Message) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::new(SendErrorKind::Closed, message));
        }
        match self.place_parked() {
            Ok(true) => {}
            Ok(false) => return Err(SendError::new(SendErrorKind::Full, message)),
            Err(error) => return Err(self.give_back(error, message)),
        }
        match self.layers.offer(&mut message) {
            Ok(()) => Ok(()),
            Err(Refusal::Full) => Err(SendError::new(SendErrorKind::Full, message)),
            Err(Refusal::Failed(kind)) => Err(SendError::new(kind, message)),
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
            ready!(self.layers.poll_ready(cx))?;
            if self.parked.is_none() || self.place_parked()? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    #[inline]
    pub(super) fn start_send(&mut self, mut message: Message) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::new(SendErrorKind::Closed, message));
        }
        match self.layers.offer(&mut message) {
            Ok(()) => Ok(()),
            Err(Refusal::Full) => {
                self.parked = Some(message);
                self.ledger().park();
                Ok(())
            }
            Err(Refusal::Failed(kind)) => Err(SendError::new(kind, message)),
        }
    }

    /// Flushes, and takes no more from the first call on.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let result = self.poll_flush(cx);
        self.closed = true;
        result
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.parked.is_some() {
            ready!(self.poll_room(cx))?;
        }
        self.layers.poll_flush(cx).map(Ok)
    }

    /// The error for this message; one that it has already is parked no more, and lost.
    fn give_back(&self, error: SendError, message: Message) -> SendError {
        if !error.has_message() {
            return error.with_message(message);
        }
        let kind = error.kind().clone();
        error.into_message().into_iter().for_each(|parked| self.ledger().lost(parked));
        SendError::new(kind, message)
    }

    /// Whether the place is free, after trying to send what is in it.
    fn place_parked(&mut self) -> Result<bool, SendError> {
        let Some(mut message) = self.parked.take() else { return Ok(true) };
        let offered = self.layers.offer(&mut message);
        if let Err(Refusal::Full) = offered {
            self.parked = Some(message);
            return Ok(false);
        }
        self.ledger().unpark();
        match offered {
            Err(Refusal::Failed(kind)) => Err(SendError::new(kind, message)),
            _ => Ok(true),
        }
    }
}

impl<O> SendHalf<O> {
    /// Counts a message that never found room as unsent.
    pub(super) fn abandon_parked(&mut self) {
        if let Some(parked) = self.parked.take() {
            self.ledger().unpark();
            self.ledger().lost(parked);
        }
    }
}

impl<O> Drop for SendHalf<O> {
    fn drop(&mut self) {
        self.abandon_parked();
    }
}

impl<O: Clone> Clone for SendHalf<O> {
    fn clone(&self) -> Self {
        Self::new(self.layers.clone(), self.handle.clone())
    }
}
