//! One direction of a proxy.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zeromq_async::Message;

use super::end::Pass;
use super::{EndStatistics, ProxyError, ProxySide, ProxyStatistics};
use zeromq_async::{RecvError, SendError, SendErrorKind};

/// Messages of one direction before it is the other's turn.
const MESSAGES_PER_ROUND: usize = 256;

/// What a proxy keeps of its two ends.
#[derive(Debug, Default)]
pub(super) struct Forwarding {
    pub(super) at_front: Account,
    pub(super) at_back: Account,
}

impl Forwarding {
    pub(super) fn statistics(&self) -> ProxyStatistics {
        ProxyStatistics {
            front: self.at_front.counts,
            back: self.at_back.counts,
            dropped: self.at_front.dropped + self.at_back.dropped,
        }
    }
}

/// What is kept of one end.
#[derive(Debug, Default)]
pub(super) struct Account {
    counts: EndStatistics,
    /// Messages that it should have sent and could not.
    dropped: u64,
    /// A REQ's last request, and whether the server that had it has gone.
    asked: Option<Message>,
    ask_again: bool,
}

/// One end, as long as a round lasts.
pub(super) struct Side<'a, E> {
    pub(super) end: &'a mut E,
    pub(super) name: ProxySide,
    pub(super) account: &'a mut Account,
}

/// Forwards what there is, as long as there is room; false where nothing moved.
///
/// That an end is out of turn is no error: a REQ or a REP goes on when something has passed in the
/// other direction.
pub(super) fn forward<I: Pass, O: Pass, C>(
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
        if to.account.ask_again {
            to.ask_again()?;
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

/// Whether the capture has room, or there is none.
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

impl<E: Pass> Side<'_, E> {
    /// Whether it would take a message now. One that never sends takes all, and drops them, lest
    /// they pile up at the other end: the subscriptions for a SUB, say.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Result<bool, ProxyError> {
        if !self.end.sends() {
            return Ok(true);
        }
        match self.end.poll_ready(cx) {
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) if *error.kind() != SendErrorKind::OutOfTurn => {
                Err(self.send_failed(error))
            }
            Poll::Ready(Err(_)) | Poll::Pending => Ok(false),
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Result<Option<Message>, ProxyError> {
        match self.end.poll_recv(cx) {
            Poll::Ready(Ok(message)) => {
                let counts = &mut self.account.counts;
                counts.received += 1;
                counts.received_frames += message.frame_count() as u64;
                counts.received_bytes += message.size() as u64;
                Ok(Some(message))
            }
            Poll::Ready(Err(RecvError::ReplyLost)) if self.end.asks() => {
                self.account.ask_again = self.account.asked.is_some();
                // It is to be asked in the other direction, which may have had its round.
                cx.waker().wake_by_ref();
                Ok(None)
            }
            Poll::Ready(Err(RecvError::OutOfTurn)) | Poll::Pending => Ok(None),
            Poll::Ready(Err(source)) => Err(ProxyError::Receive { side: self.name, source }),
        }
    }

    fn send(&mut self, message: Message) -> Result<(), ProxyError> {
        if !self.end.sends() {
            self.account.dropped += 1;
            return Ok(());
        }
        let (frames, bytes) = (message.frame_count() as u64, message.size() as u64);
        if self.end.asks() {
            self.account.asked = Some(message.clone());
        }
        match self.end.start_send(message) {
            Ok(()) => {
                let counts = &mut self.account.counts;
                counts.sent += 1;
                counts.sent_frames += frames;
                counts.sent_bytes += bytes;
                Ok(())
            }
            // Nobody's fault but the message's: others go on passing.
            Err(error) if is_unroutable(error.kind()) => {
                self.account.dropped += 1;
                Ok(())
            }
            Err(error) => Err(self.send_failed(error)),
        }
    }

    fn ask_again(&mut self) -> Result<(), ProxyError> {
        self.account.ask_again = false;
        match self.account.asked.clone() {
            Some(request) => self.end.start_send(request).map_err(|error| self.send_failed(error)),
            None => Ok(()),
        }
    }

    fn send_failed(&self, source: SendError) -> ProxyError {
        ProxyError::Send { side: self.name, source }
    }
}

fn is_unroutable(kind: &SendErrorKind) -> bool {
    matches!(kind, SendErrorKind::Unroutable(_) | SendErrorKind::NoRoutingId)
}
