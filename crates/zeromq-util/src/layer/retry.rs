//! A request sent again, to another peer, when no reply comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;
use zeromq_async::{Frame, Message};

use super::DROPPED_PER_TURN;
use super::deadline::Deadline;
use zeromq_async::RecvError;

/// Sends a request again when no reply has come in time, or its peer is gone: the guide's "lazy
/// pirate".
///
/// It goes to the next peer in turn, if there are several, and so works around one that has died.
/// There is one request at a time: the next one takes the place of the last, and a peer may get a
/// request more than once. What is sent again is flushed. An error while it waits for the reply, but
/// not the end of the stream, has it sent again at once. The layer goes around a whole socket, for it sends while it receives:
///
/// * A [`ReqSocket`](zeromq_async::ReqSocket) with [`relaxed`](zeromq_async::SocketBuilder::relaxed), so that it
///   may ask again, and [`correlate`](zeromq_async::SocketBuilder::correlate), so that a late reply is not
///   taken for another.
/// * A [`DealerSocket`](zeromq_async::DealerSocket) with the layer's own [`correlate`](Self::correlate).
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
///     assert_eq!(req.recv().await?, "hello"); // whomever it asked first
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
    /// How long each attempt waits for a reply.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let layer = zeromq_util::layer::RetryLayer::new(Duration::from_millis(2500));
    /// # drop(layer);
    /// ```
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, attempts: ATTEMPTS, correlate: false }
    }

    /// How often a request is sent at most, at least once. Default: 3 times.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let layer = zeromq_util::layer::RetryLayer::new(Duration::from_secs(1)).attempts(5);
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Puts a number and an empty frame before each request, as REQ does (28/REQREP,
    /// `ZMQ_REQ_CORRELATE`), and receives only the reply that repeats them, without them. Default:
    /// no.
    ///
    /// For a DEALER, which then asks REP and ROUTER sockets. The reply to any attempt will do, and
    /// later ones are dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_util::layer::{RecvExt, RetryLayer, SendExt, WithLayer};
    /// use zeromq_async::{DealerSocket, RepSocket};
    ///
    /// let (dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
    /// dealer.connect(rep.bind("tcp://127.0.0.1:*").await?)?;
    /// let layer = RetryLayer::new(Duration::from_secs(1)).correlate(true);
    /// let mut dealer = dealer.with_layer(layer);
    /// dealer.send("Hello").await?;
    /// assert_eq!(rep.recv().await?, "Hello");
    /// rep.send("World").await?;
    /// assert_eq!(dealer.recv().await?, "World");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn correlate(mut self, correlate: bool) -> Self {
        self.correlate = correlate;
        self
    }
}

/// As often as the guide's example.
const ATTEMPTS: u32 = 3;

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        let number = fastrand::u32(..);
        Retry { inner, layer: *self, number, request: None, deadline: Deadline::default() }
    }
}

/// What a [`RetryLayer`] makes of a socket.
#[derive(Debug)]
pub struct Retry<S> {
    inner: S,
    layer: RetryLayer,
    /// Of the last request, where they are correlated.
    number: u32,
    request: Option<Request>,
    /// The end of this attempt.
    deadline: Deadline,
}

/// A request without a reply.
#[derive(Debug)]
struct Request {
    message: Message,
    /// With the one under way.
    attempts: u32,
    next: Next,
}

/// What a request waits for, beside its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    /// For room to be sent again; the reply to an earlier attempt may still come.
    Room,
    /// The same after an error: a REQ has nothing to receive until then.
    RoomAlone,
    /// For the kernel to take what was sent again: nobody else flushes it.
    Flush,
}

wraps!(Retry<S>, RetryLayer, "new(std::time::Duration::from_secs(1))");

impl<S: Sink<Message> + Unpin> Sink<Message> for Retry<S> {
    type Error = S::Error;

    forward_poll_ready!(Message);

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let message = self.enclose(message);
        Pin::new(&mut self.inner).start_send(message.clone())?;
        self.request = Some(Request { message, attempts: 1, next: Next::Nothing });
        let timeout = self.layer.timeout;
        self.deadline.set_after(timeout);
        Ok(())
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Retry<S>
where
    S: Sink<Message> + Stream<Item = Result<Message, E>> + Unpin,
{
    type Item = Result<Message, RetryError<S::Error, E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut passed_over = 0;
        loop {
            if let Err(error) = this.poll_send(cx) {
                this.request = None;
                return Poll::Ready(Some(Err(RetryError::Send(error))));
            }
            let next = if passed_over < DROPPED_PER_TURN {
                this.poll_inner(cx)
            } else {
                cx.waker().wake_by_ref();
                Poll::Pending
            };
            match next {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(message))) => {
                    if let Some(reply) = this.disclose(message) {
                        this.request = None;
                        return Poll::Ready(Some(Ok(reply)));
                    }
                    passed_over += 1;
                }
                Poll::Ready(Some(Err(error))) => {
                    if !this.fail_attempt() {
                        return Poll::Ready(Some(Err(RetryError::Inner(error))));
                    }
                }
                Poll::Pending if this.request.is_none() => return Poll::Pending,
                Poll::Pending => {
                    ready!(this.deadline.poll(cx));
                    if !this.begin_attempt(Next::Room) {
                        let RetryLayer { attempts, timeout, .. } = this.layer;
                        let unanswered = RetryError::Unanswered { attempts, timeout };
                        return Poll::Ready(Some(Err(unanswered)));
                    }
                }
            }
        }
    }
}

impl<S> Retry<S> {
    fn enclose(&mut self, message: Message) -> Message {
        if !self.layer.correlate {
            return message;
        }
        self.number = self.number.wrapping_add(1);
        let mut enclosed =
            Message::multipart([Frame::from(self.number.to_be_bytes()), Frame::new()]);
        enclosed.append(message);
        enclosed
    }

    /// The reply without its envelope; none where it is not for the request under way.
    fn disclose(&self, mut message: Message) -> Option<Message> {
        if self.layer.correlate {
            self.request.as_ref()?;
            let number = message.pop_front()?;
            let delimiter = message.pop_front()?;
            let is_ours = *number == self.number.to_be_bytes() && delimiter.is_empty();
            return (is_ours && message.frame_count() > 0).then_some(message);
        }
        Some(message)
    }

    /// After an error: what waits to be sent again goes on doing so.
    fn fail_attempt(&mut self) -> bool {
        match &mut self.request {
            Some(request) if request.next == Next::Room => {
                request.next = Next::RoomAlone;
                true
            }
            _ => self.begin_attempt(Next::RoomAlone),
        }
    }

    /// Has the request sent once more, unless it was often enough: it is given up then.
    fn begin_attempt(&mut self, next: Next) -> bool {
        match &mut self.request {
            Some(request) if request.attempts < self.layer.attempts => {
                request.attempts += 1;
                if request.next != Next::RoomAlone {
                    request.next = next;
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
}

impl<S: Sink<Message> + Unpin> Retry<S> {
    /// Sends the request again if it is due and there is room, and flushes it.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Result<(), S::Error> {
        let Some(request) = &mut self.request else { return Ok(()) };
        let mut inner = Pin::new(&mut self.inner);
        if matches!(request.next, Next::Room | Next::RoomAlone)
            && inner.as_mut().poll_ready(cx)?.is_ready()
        {
            inner.as_mut().start_send(request.message.clone())?;
            request.next = Next::Flush;
        }
        if request.next == Next::Flush && inner.poll_flush(cx)?.is_ready() {
            request.next = Next::Nothing;
        }
        Ok(())
    }
}

impl<S: Stream + Unpin> Retry<S> {
    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        match &self.request {
            Some(Request { next: Next::RoomAlone, .. }) => Poll::Pending,
            _ => Pin::new(&mut self.inner).poll_next(cx),
        }
    }
}

/// A request has no reply, or what the layer wraps failed.
///
/// ```
/// use std::time::Duration;
/// use zeromq_util::layer::RetryError;
/// use zeromq_async::{RecvError, SendError};
///
/// let timeout = Duration::from_secs(1);
/// let error = RetryError::<SendError, RecvError>::Unanswered { attempts: 3, timeout };
/// assert!(error.to_string().starts_with("no reply came to 3 attempts of 1s each"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError<S, E> {
    /// No attempt had a reply in time. The next request can be sent.
    #[error("no reply came to {attempts} attempts of {timeout:?} each; is a server there?")]
    Unanswered {
        /// How often it was sent.
        attempts: u32,
        /// How long each attempt waited.
        timeout: Duration,
    },
    /// The request could not be sent again.
    #[error("the request could not be sent again: {0}")]
    Send(#[source] S),
    /// What the layer wraps failed to receive, and the request was sent often enough.
    #[error(transparent)]
    Inner(E),
}

impl<S, E: From<RecvError>> From<RecvError> for RetryError<S, E> {
    fn from(error: RecvError) -> Self {
        Self::Inner(error.into())
    }
}
