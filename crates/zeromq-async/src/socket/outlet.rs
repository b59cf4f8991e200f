//! The sending side of a socket: its layers, and a place for one message that found no room.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::SocketHandle;
use crate::error::{SendError, SendErrorKind};
use crate::pattern::{Outgoing, Refusal};

/// `Outgoing` layers made into what a `Sink` needs.
///
/// Between `poll_ready` and `start_send` another sender may take the room that there was. The
/// message then waits here, for `start_send` has no way to give it back.
pub(super) struct Outlet<O> {
    layers: O,
    parked: Option<Message>,
    handle: SocketHandle,
}

impl<O> Outlet<O> {
    pub(super) fn new(layers: O, handle: SocketHandle) -> Self {
        Self { layers, parked: None, handle }
    }
}

impl<O: Outgoing> Outlet<O> {
    pub(super) async fn send(&mut self, message: Message) -> Result<(), SendError> {
        let mut message = Some(message);
        poll_fn(|cx| self.poll_send(cx, &mut message)).await
    }

    /// Sends the message out of its place, or leaves it there.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let ready = ready!(self.poll_ready(cx));
            let Some(taken) = message.take() else { return Poll::Ready(Ok(())) };
            if let Err(error) = ready {
                return Poll::Ready(Err(error.with_message(taken)));
            }
            match self.layers.offer(taken) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Refusal::Full(back)) => *message = Some(back),
                Err(Refusal::Failed(error)) => return Poll::Ready(Err(error)),
            }
        }
    }

    pub(super) fn try_send(&mut self, message: Message) -> Result<(), SendError> {
        if !self.place_parked()? {
            return Err(SendError::new(SendErrorKind::Full, message));
        }
        self.layers.offer(message).map_err(|refusal| match refusal {
            Refusal::Full(message) => SendError::new(SendErrorKind::Full, message),
            Refusal::Failed(error) => error,
        })
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            ready!(self.layers.poll_ready(cx))?;
            if self.place_parked()? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    pub(super) fn start_send(&mut self, message: Message) -> Result<(), SendError> {
        match self.layers.offer(message) {
            Ok(()) => Ok(()),
            Err(Refusal::Full(message)) => {
                self.parked = Some(message);
                Ok(())
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.parked.is_some() {
            ready!(self.poll_ready(cx))?;
        }
        self.layers.poll_flush(cx).map(Ok)
    }

    /// Whether the place is free, after trying to send what is in it.
    fn place_parked(&mut self) -> Result<bool, SendError> {
        let Some(message) = self.parked.take() else { return Ok(true) };
        match self.layers.offer(message) {
            Ok(()) => Ok(true),
            Err(Refusal::Full(message)) => {
                self.parked = Some(message);
                Ok(false)
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }
}

impl<O> Outlet<O> {
    /// Counts a message that never found room as unsent.
    pub(super) fn abandon_parked(&mut self) {
        if self.parked.take().is_some() {
            self.handle.count_unsent(1);
        }
    }
}

impl<O> Drop for Outlet<O> {
    fn drop(&mut self) {
        self.abandon_parked();
    }
}

impl<O: Clone> Clone for Outlet<O> {
    fn clone(&self) -> Self {
        Self::new(self.layers.clone(), self.handle.clone())
    }
}
