//! Traces that go on at the other end.

mod trace_parent;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tower_layer::Layer;
use zeromq_async::Message;

pub use trace_parent::{TraceParent, TraceParentError};

/// Sends with each message the trace that it belongs to, and takes it from those that are received
/// (W3C Trace Context).
///
/// The context is one more frame at the end, of text: `traceparent: 00-…`, and where there is one a
/// second line `tracestate: …`. A message without that frame is received as it is; a peer without
/// this layer would see the frame, so put it on both sides.
///
/// The rule to the letter: a frame is the layer's if it is the last of at least two, and is the
/// bytes `traceparent: ` (with the space), a valid `traceparent` of the W3C's, and then nothing, or
/// the bytes `\r\ntracestate: ` and 1 to 512 bytes of printable ASCII. Or if it is `traceparent: `
/// alone, which says that there is no context: the layer sends this behind a message whose own last
/// frame would be taken for the layer's. So what one layer sends another receives as it was; only a
/// peer without the layer must not end a message in such a frame, unless it means it.
///
/// Where the current context comes from is the application's: a function, or a [`Propagate`]. With
/// the `opentelemetry` crate it is read from `Context::current().span().span_context()`.
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
/// assert_eq!(pull.received(), Some(&parent)); // the span of the work has this parent
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct TraceContextLayer<F> {
    function: F,
}

/// Reads the application's current trace context, and may hear of those that arrive.
///
/// A function that gives a `TraceParent`, or `None`, is one.
///
/// ```
/// use zeromq_util::layer::{Propagate, TraceParent};
///
/// /// What is sent belongs to the trace of what was received last.
/// #[derive(Clone, Default)]
/// struct GoOn(Option<TraceParent>);
///
/// impl Propagate for GoOn {
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
    /// The context of what is being sent; without one the message goes as it is.
    fn current(&mut self) -> Option<TraceParent>;

    /// A message is about to be received, with or without a context.
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
    /// Reads the current context with a function, or another [`Propagate`].
    ///
    /// ```
    /// use zeromq_util::layer::TraceContextLayer;
    ///
    /// let layer = TraceContextLayer::new(|| None); // only receives
    /// # drop(layer);
    /// ```
    pub fn new(propagate: F) -> Self {
        Self { function: propagate }
    }
}

impl<S, F: Clone> Layer<S> for TraceContextLayer<F> {
    type Service = TraceContext<S, F>;

    fn layer(&self, inner: S) -> TraceContext<S, F> {
        TraceContext { inner, function: self.function.clone(), received: None }
    }
}

/// What a [`TraceContextLayer`] makes of a socket.
pub struct TraceContext<S, F> {
    inner: S,
    function: F,
    received: Option<TraceParent>,
}

impl<S, F> TraceContext<S, F> {
    /// The context that came with the message received last; `None` where it had none.
    pub fn received(&self) -> Option<&TraceParent> {
        self.received.as_ref()
    }
}

wraps!(TraceContext<S, F>, TraceContextLayer, "new(|| None)");
shown_without_function!(TraceContextLayer<F>, TraceContext<S, F>);

impl<S, F> Sink<Message> for TraceContext<S, F>
where
    S: Sink<Message> + Unpin,
    F: Propagate,
{
    type Error = S::Error;

    forward_poll_ready!(Message);

    fn start_send(mut self: Pin<&mut Self>, mut message: Message) -> Result<(), S::Error> {
        if let Some(parent) = self.function.current() {
            message.push_back(parent.to_frame());
        } else if message.last().is_some_and(|last| TraceParent::from_frame(last).is_some()) {
            message.push_back(TraceParent::none());
        }
        Pin::new(&mut self.inner).start_send(message)
    }

    forward_poll_flush!(Message);
}

impl<S, F, E> Stream for TraceContext<S, F>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    F: Propagate,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = ready!(Pin::new(&mut self.inner).poll_next(cx));
        Poll::Ready(next.map(|item| {
            item.map(|message| {
                let this = &mut *self;
                let (message, parent) = part(message);
                this.received = parent;
                this.function.received(this.received.as_ref());
                message
            })
        }))
    }
}

/// The message, and the context that was behind it.
fn part(message: Message) -> (Message, Option<TraceParent>) {
    let last = message.last().filter(|_| message.frame_count() > 1);
    let Some(parent) = last.and_then(TraceParent::from_frame) else {
        return (message, None);
    };
    let mut frames = message.into_frames();
    frames.pop();
    (frames.into_iter().collect(), parent)
}
