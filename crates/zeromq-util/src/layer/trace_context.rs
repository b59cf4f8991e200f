//! W3C Trace Context in messages.

mod trace_parent;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::Message;

pub use trace_parent::{TraceParent, TraceParentError};

/// Sends the current trace context with each message, and takes it from received ones (W3C Trace
/// Context).
///
/// The context is a frame of text at the end: `traceparent: 00-…`, and if present a second line
/// `tracestate: …`. A message without that frame is received as it is. A peer without this layer
/// sees the frame, so use the layer on both sides.
///
/// A frame is a context if it is the last of at least two and consists of the bytes `traceparent: `
/// (with the space), a valid W3C `traceparent`, and then nothing, or the bytes `\r\ntracestate: `
/// and 1 to 512 bytes of printable ASCII. A frame `traceparent: ` alone says that there is no
/// context. The layer adds it if the last frame of a message itself looks like a context, so the
/// layer at the other end receives each message as it was.
///
/// The application provides the current context: as a function, or as a [`Propagate`]. With the
/// `opentelemetry` crate, read it from `Context::current().span().span_context()`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{RecvExt, SendExt, TraceContextLayer, TraceParent, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// tokio::task_local!(static CURRENT: TraceParent);
/// let current = || CURRENT.try_with(Clone::clone).ok();
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut push = push.with_layer(TraceContextLayer::new(current));
/// let mut pull = pull.with_layer(TraceContextLayer::new(current));
///
/// let parent: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?;
/// CURRENT.scope(parent.clone(), push.send("work")).await?;
///
/// assert_eq!(pull.recv().await?, "work");
/// assert_eq!(pull.received(), Some(&parent)); // the parent of the work's span
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct TraceContextLayer<F> {
    propagate: F,
}

/// Provides the application's current trace context.
///
/// Functions that return an `Option<TraceParent>` implement it.
///
/// ```
/// use zeromq_util::layer::{Propagate, TraceParent};
///
/// /// Continues the trace of the message received last.
/// #[derive(Clone, Default)]
/// struct Continue(Option<TraceParent>);
///
/// impl Propagate for Continue {
///     fn current(&mut self) -> Option<TraceParent> {
///         self.0.clone()
///     }
///
///     fn received(&mut self, parent: Option<&TraceParent>) {
///         self.0 = parent.cloned();
///     }
/// }
/// ```
pub trait Propagate {
    /// Returns the context of the message that is being sent. With `None` it goes as it is.
    fn current(&mut self) -> Option<TraceParent>;

    /// Called with the context of each received message, if it has one.
    fn received(&mut self, parent: Option<&TraceParent>) {
        let _ = parent;
    }
}

impl<F: FnMut() -> Option<TraceParent>> Propagate for F {
    fn current(&mut self) -> Option<TraceParent> {
        self()
    }
}

impl<F: Propagate> TraceContextLayer<F> {
    /// Reads the current context from a function, or from another [`Propagate`].
    pub fn new(propagate: F) -> Self {
        Self { propagate }
    }
}

impl<S, F: Clone> Layer<S> for TraceContextLayer<F> {
    type Service = TraceContext<S, F>;

    fn layer(&self, inner: S) -> TraceContext<S, F> {
        TraceContext { inner, propagate: self.propagate.clone(), received: None }
    }
}

pin_project! {
    /// A socket with a [`TraceContextLayer`].
    pub struct TraceContext<S, F> {
        #[pin]
        inner: S,
        propagate: F,
        received: Option<TraceParent>,
    }
}

accessors!(TraceContext<S, F>);

impl<S, F> TraceContext<S, F> {
    /// Returns the context of the message received last, if it had one.
    pub fn received(&self) -> Option<&TraceParent> {
        self.received.as_ref()
    }
}

impl<S, F> Sink<Message> for TraceContext<S, F>
where
    S: Sink<Message>,
    F: Propagate,
{
    type Error = S::Error;

    forward_poll_ready!(Message);

    fn start_send(self: Pin<&mut Self>, mut message: Message) -> Result<(), S::Error> {
        let this = self.project();
        if let Some(parent) = this.propagate.current() {
            message.push_back(parent.to_frame());
        } else if message.last().is_some_and(|last| TraceParent::from_frame(last).is_some()) {
            message.push_back(TraceParent::none());
        }
        this.inner.start_send(message)
    }

    forward_poll_flush!(Message);
}

impl<S, F, E> Stream for TraceContext<S, F>
where
    S: Stream<Item = Result<Message, E>>,
    F: Propagate,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = ready!(this.inner.poll_next(cx));
        Poll::Ready(next.map(|item| {
            item.map(|message| {
                let (message, parent) = split_context(message);
                *this.received = parent;
                this.propagate.received(this.received.as_ref());
                message
            })
        }))
    }
}

fn split_context(message: Message) -> (Message, Option<TraceParent>) {
    let last = message.last().filter(|_| message.frame_count() > 1);
    let Some(parent) = last.and_then(TraceParent::from_frame) else {
        return (message, None);
    };
    let mut frames = message.into_frames();
    frames.pop();
    (frames.into_iter().collect(), parent)
}

impl<F> fmt::Debug for TraceContextLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContextLayer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, F> fmt::Debug for TraceContext<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TraceContext");
        debug.field("inner", &self.inner).field("received", &self.received).finish_non_exhaustive()
    }
}
