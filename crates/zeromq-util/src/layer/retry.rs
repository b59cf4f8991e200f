//! Requests that are sent again when no reply comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::{Frame, Message, RecvError};

use super::DROPPED_PER_POLL;
use super::deadline::Deadline;

/// Sends a request again when no reply came in time or its peer is gone: the guide's "lazy pirate".
///
/// With several peers the request goes to the next one, which works around a dead peer. There is
/// one request at a time, and the next one replaces it. A peer may get a request more than once. A
/// request that is sent again is flushed. A receive error, but not the end of the stream, sends it
/// again at once. The layer sends while it receives, so it wraps a whole socket:
///
/// * A [`ReqSocket`](zeromq_async::ReqSocket) with
///   [`relaxed`](zeromq_async::SocketBuilder::relaxed), so that it may send again, and
///   [`correlate`](zeromq_async::SocketBuilder::correlate), so that a late reply is not taken for
///   another.
/// * A [`DealerSocket`](zeromq_async::DealerSocket) with the layer's own
///   [`correlate`](Self::correlate).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_util::layer::{RecvExt, RetryLayer, SendExt, WithLayer};
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let (silent, mut server) = (RepSocket::new(), RepSocket::new());
/// let req = ReqSocket::builder().relaxed(true).correlate(true).build();
/// req.connect(silent.bind("tcp://127.0.0.1:*").await?)?;
/// req.connect(server.bind("tcp://127.0.0.1:*").await?)?;
/// tokio::spawn(async move {
///     while let Ok(request) = server.recv().await {
///         server.send(request).await.unwrap();
///     }
/// });
///
/// let mut req = req.with_layer(RetryLayer::new(Duration::from_millis(100)).attempts(20));
/// for _ in 0..3 {
///     req.send("hello").await?;
///     assert_eq!(req.recv().await?, "hello"); // though some went to the silent server first
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RetryLayer {
    timeout: Duration,
    attempts: u32,
    correlate: bool,
}

impl RetryLayer {
    /// Waits this long for a reply to each attempt.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, attempts: ATTEMPTS, correlate: false }
    }

    /// Sends a request at most this many times, at least once. Default: 3 times.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Puts a number and an empty frame before each request, as REQ does (28/REQREP,
    /// `ZMQ_REQ_CORRELATE`). Receives only the reply that repeats them, without them. Default: no.
    ///
    /// For a DEALER with REP and ROUTER peers. The reply to any attempt is received,
    /// and later ones are dropped.
    #[must_use]
    pub fn correlate(mut self, correlate: bool) -> Self {
        self.correlate = correlate;
        self
    }
}

/// The number of attempts in the guide's example.
const ATTEMPTS: u32 = 3;

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        let number = fastrand::u32(..);
        let attempts =
            Attempts { layer: *self, number, request: None, deadline: Deadline::default() };
        Retry { inner, attempts }
    }
}

pin_project! {
    /// A socket with a [`RetryLayer`].
    #[derive(Debug)]
    pub struct Retry<S> {
        #[pin]
        inner: S,
        attempts: Attempts,
    }
}

/// The last request and its attempts.
#[derive(Debug)]
struct Attempts {
    layer: RetryLayer,
    /// The number of the last request, if requests are correlated.
    number: u32,
    /// `None` if the last request has its reply or was given up.
    request: Option<Request>,
    /// The end of this attempt.
    deadline: Deadline,
}

#[derive(Debug)]
struct Request {
    message: Message,
    /// Attempts begun, with the current one.
    attempts: u32,
    resend: Resend,
}

/// The next step of sending a request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resend {
    No,
    /// Waits for room. The reply to an earlier attempt may still come.
    Send,
    /// Waits for room after an error. A REQ has nothing to receive until it has sent.
    SendBeforeReceiving,
    Flush,
}

accessors!(Retry<S>);

impl<S: Sink<Message>> Sink<Message> for Retry<S> {
    type Error = S::Error;

    forward_poll_ready!(Message);

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = self.project();
        let message = this.attempts.wrap(message);
        this.inner.start_send(message.clone())?;
        this.attempts.begin_request(message);
        Ok(())
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Retry<S>
where
    S: Sink<Message> + Stream<Item = Result<Message, E>>,
{
    type Item = Result<Message, RetryError<S::Error, E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let attempts = this.attempts;
        let mut dropped = 0;
        loop {
            if let Err(error) = attempts.poll_send(this.inner.as_mut(), cx) {
                attempts.request = None;
                return Poll::Ready(Some(Err(RetryError::Send(error))));
            }
            let next = if dropped == DROPPED_PER_POLL {
                cx.waker().wake_by_ref();
                Poll::Pending
            } else if attempts.sends_before_receiving() {
                Poll::Pending
            } else {
                this.inner.as_mut().poll_next(cx)
            };
            match next {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(message))) => {
                    if let Some(reply) = attempts.unwrap_reply(message) {
                        attempts.request = None;
                        return Poll::Ready(Some(Ok(reply)));
                    }
                    dropped += 1;
                }
                Poll::Ready(Some(Err(error))) => {
                    if !attempts.retry_after_error() {
                        return Poll::Ready(Some(Err(RetryError::Inner(error))));
                    }
                }
                Poll::Pending if attempts.request.is_none() => return Poll::Pending,
                Poll::Pending => {
                    ready!(attempts.deadline.poll(cx));
                    if !attempts.begin_attempt(Resend::Send) {
                        return Poll::Ready(Some(Err(attempts.unanswered())));
                    }
                }
            }
        }
    }
}

impl Attempts {
    fn wrap(&mut self, message: Message) -> Message {
        if !self.layer.correlate {
            return message;
        }
        self.number = self.number.wrapping_add(1);
        let envelope = [Frame::from(self.number.to_be_bytes()), Frame::new()];
        let mut wrapped = Message::multipart(envelope);
        wrapped.append(message);
        wrapped
    }

    fn begin_request(&mut self, message: Message) {
        self.request = Some(Request { message, attempts: 1, resend: Resend::No });
        self.deadline.set_after(self.layer.timeout);
    }

    /// Removes the envelope. Returns `None` if the reply is to another request.
    fn unwrap_reply(&self, mut message: Message) -> Option<Message> {
        if self.layer.correlate {
            self.request.as_ref()?;
            let number = message.pop_front()?;
            let delimiter = message.pop_front()?;
            let is_ours = *number == self.number.to_be_bytes() && delimiter.is_empty();
            return (is_ours && message.frame_count() > 0).then_some(message);
        }
        Some(message)
    }

    fn sends_before_receiving(&self) -> bool {
        let resend = self.request.as_ref().map(|request| request.resend);
        resend == Some(Resend::SendBeforeReceiving)
    }

    /// Begins an attempt, unless the request waits to be sent again already.
    fn retry_after_error(&mut self) -> bool {
        match &mut self.request {
            Some(request) if request.resend == Resend::Send => {
                request.resend = Resend::SendBeforeReceiving;
                true
            }
            _ => self.begin_attempt(Resend::SendBeforeReceiving),
        }
    }

    /// Returns false, and gives the request up, when there are no attempts left.
    fn begin_attempt(&mut self, resend: Resend) -> bool {
        match &mut self.request {
            Some(request) if request.attempts < self.layer.attempts => {
                request.attempts += 1;
                if request.resend != Resend::SendBeforeReceiving {
                    request.resend = resend;
                }
                self.deadline.set_after(self.layer.timeout);
                true
            }
            _ => {
                self.request = None;
                false
            }
        }
    }

    /// Sends the request again if it is due and there is room, and flushes it.
    fn poll_send<S: Sink<Message>>(
        &mut self,
        mut inner: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Result<(), S::Error> {
        let Some(request) = &mut self.request else { return Ok(()) };
        if matches!(request.resend, Resend::Send | Resend::SendBeforeReceiving)
            && inner.as_mut().poll_ready(cx)?.is_ready()
        {
            inner.as_mut().start_send(request.message.clone())?;
            request.resend = Resend::Flush;
        }
        if request.resend == Resend::Flush && inner.poll_flush(cx)?.is_ready() {
            request.resend = Resend::No;
        }
        Ok(())
    }

    fn unanswered<S, E>(&self) -> RetryError<S, E> {
        let RetryLayer { attempts, timeout, .. } = self.layer;
        RetryError::Unanswered { attempts, timeout }
    }
}

/// The error of a [`Retry`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError<S, E> {
    /// No attempt had a reply in time. The next request can be sent.
    #[error("no reply came to {attempts} attempts of {timeout:?} each; check that a server runs")]
    Unanswered {
        /// The number of attempts.
        attempts: u32,
        /// The time that each attempt waited.
        timeout: Duration,
    },
    /// The request could not be sent again.
    #[error("the request could not be sent again: {0}")]
    Send(#[source] S),
    /// The wrapped socket or layer failed to receive, and no attempts are left.
    #[error(transparent)]
    Inner(E),
}

impl<S, E: From<RecvError>> From<RecvError> for RetryError<S, E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}
