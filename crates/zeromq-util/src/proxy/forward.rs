//! One direction of a proxy.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zeromq_async::{Message, RecvError, SendError, SendErrorKind};

use super::end::ProxyEnd;
use super::error::{ProxyError, ProxySide};
use super::statistics::EndStatistics;

/// The most messages of one direction in a round.
const MESSAGES_PER_ROUND: usize = 256;

/// The counters and the last request of one end.
#[derive(Debug, Default)]
pub(super) struct EndState {
    pub(super) counts: EndStatistics,
    /// Messages that the end did not send.
    pub(super) dropped: u64,
    /// The last request of a REQ.
    request: Option<Message>,
    /// The peer that had the request is gone. It is sent again.
    repeat_request: bool,
}

/// One end, for the time of a round.
pub(super) struct Side<'a, E> {
    pub(super) end: &'a mut E,
    pub(super) name: ProxySide,
    pub(super) state: &'a mut EndState,
}

/// Forwards waiting messages while there is room. Returns false if there were none.
///
/// `OutOfTurn` is not an error: a REQ or REP continues when a message has passed in the other
/// direction.
pub(super) fn forward<I: ProxyEnd, O: ProxyEnd, C>(
    from: &mut Side<'_, I>,
    to: &mut Side<'_, O>,
    capture: &mut Option<C>,
    cx: &mut Context<'_>,
) -> Result<bool, ProxyError>
where
    C: Sink<Message, Error = SendError> + Unpin,
{
    if !from.end.receives() {
        return Ok(false);
    }
    for forwarded in 0..MESSAGES_PER_ROUND {
        if !to.poll_room(cx)? || !poll_capture(capture, cx)? {
            return Ok(forwarded > 0);
        }
        if to.state.repeat_request {
            to.repeat_request()?;
            continue;
        }
        let Some(message) = from.poll_message(cx)? else { return Ok(forwarded > 0) };
        if let Some(capture) = capture {
            Pin::new(capture).start_send(message.clone()).map_err(capture_failed)?;
        }
        to.send(message)?;
    }
    Ok(true)
}

/// Returns whether the capture has room, or there is none.
fn poll_capture<C>(capture: &mut Option<C>, cx: &mut Context<'_>) -> Result<bool, ProxyError>
where
    C: Sink<Message, Error = SendError> + Unpin,
{
    match capture.as_mut().map(|capture| Pin::new(capture).poll_ready(cx)) {
        None | Some(Poll::Ready(Ok(()))) => Ok(true),
        Some(Poll::Ready(Err(error))) => Err(capture_failed(error)),
        Some(Poll::Pending) => Ok(false),
    }
}

fn capture_failed(source: SendError) -> ProxyError {
    ProxyError::Send { side: ProxySide::Capture, source }
}

impl<E: ProxyEnd> Side<'_, E> {
    /// Returns whether the end takes a message now. An end that never sends takes and drops all, so
    /// that they do not wait at the other end.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Result<bool, ProxyError> {
        if !self.end.sends() {
            return Ok(true);
        }
        match Pin::new(&mut *self.end).poll_ready(cx) {
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) if *error.kind() != SendErrorKind::OutOfTurn => {
                Err(self.send_failed(error))
            }
            Poll::Ready(Err(_)) | Poll::Pending => Ok(false),
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Result<Option<Message>, ProxyError> {
        let received = match Pin::new(&mut *self.end).poll_next(cx) {
            Poll::Ready(received) => received.unwrap_or(Err(RecvError::Closed)),
            Poll::Pending => return Ok(None),
        };
        match received {
            Ok(message) => {
                let counts = &mut self.state.counts;
                counts.received += 1;
                counts.received_frames += message.frame_count() as u64;
                counts.received_bytes += message.size() as u64;
                Ok(Some(message))
            }
            Err(RecvError::ReplyLost) if self.end.is_req() => {
                self.state.repeat_request = self.state.request.is_some();
                // The other direction repeats it, and may have had its round.
                cx.waker().wake_by_ref();
                Ok(None)
            }
            Err(RecvError::OutOfTurn) => Ok(None),
            Err(source) => Err(ProxyError::Receive { side: self.name, source }),
        }
    }

    fn send(&mut self, message: Message) -> Result<(), ProxyError> {
        if !self.end.sends() {
            self.state.dropped += 1;
            return Ok(());
        }
        let (frames, bytes) = (message.frame_count() as u64, message.size() as u64);
        if self.end.is_req() {
            self.state.request = Some(message.clone());
        }
        match Pin::new(&mut *self.end).start_send(message) {
            Ok(()) => {
                let counts = &mut self.state.counts;
                counts.sent += 1;
                counts.sent_frames += frames;
                counts.sent_bytes += bytes;
                Ok(())
            }
            // Only this message is invalid. Others still pass.
            Err(error) if is_unroutable(error.kind()) => {
                self.state.dropped += 1;
                Ok(())
            }
            Err(error) => Err(self.send_failed(error)),
        }
    }

    fn repeat_request(&mut self) -> Result<(), ProxyError> {
        self.state.repeat_request = false;
        let Some(request) = self.state.request.clone() else { return Ok(()) };
        let sent = Pin::new(&mut *self.end).start_send(request);
        sent.map_err(|error| self.send_failed(error))
    }

    fn send_failed(&self, source: SendError) -> ProxyError {
        ProxyError::Send { side: self.name, source }
    }
}

fn is_unroutable(kind: &SendErrorKind) -> bool {
    matches!(kind, SendErrorKind::Unroutable(_) | SendErrorKind::NoRoutingId)
}
