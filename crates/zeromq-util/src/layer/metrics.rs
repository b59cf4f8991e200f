//! Counts and times of messages that pass, for the `metrics` crate.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::metrics::{Counter, Histogram, counter, histogram};
use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;
use zeromq_async::Message;

use super::SendExt;

/// Counts messages and bytes that pass, and times how long sending waits for room (feature
/// `metrics`).
///
/// A socket counts its own messages without a layer; see
/// [`MetricsExport`](crate::metrics::MetricsExport). This layer counts at its position in a stack:
/// outside of compression or inside of it, or one of several senders. That costs a few atomic
/// additions per message.
///
/// | metric | labels | |
/// |---|---|---|
/// | `zeromq_layer_messages_total` | `layer`, `direction` | messages; `direction` is `sent` or `received` |
/// | `zeromq_layer_bytes_total` | `layer`, `direction` | the bytes of their frames |
/// | `zeromq_layer_errors_total` | `layer`, `direction` | errors that passed |
/// | `zeromq_layer_send_wait_seconds` | `layer` | how long a message waited for room, if it did |
/// | `zeromq_layer_round_trip_seconds` | `layer` | with [`round_trips`](Self::round_trips) |
///
/// Install the recorder before the layer is used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use metrics_exporter_prometheus::PrometheusBuilder;
/// use zeromq_util::layer::{MetricsLayer, RecvExt, WithLayer};
/// use zeromq_async::{RepSocket, ReqSocket};
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let page = recorder.handle();
/// metrics::set_global_recorder(recorder)?;
///
/// let (req, mut rep) = (ReqSocket::new(), RepSocket::new());
/// req.connect(rep.bind("tcp://127.0.0.1:*").await?)?;
/// let mut req = req.with_layer(MetricsLayer::new("orders").round_trips());
/// req.send("Hello").await?;
/// rep.recv().await?;
/// rep.send("World!").await?;
/// req.recv().await?;
/// let bytes = r#"zeromq_layer_bytes_total{layer="orders",direction="received"} 6"#;
/// assert!(page.render().contains(bytes));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct MetricsLayer {
    name: Arc<str>,
    round_trips: bool,
}

impl MetricsLayer {
    /// Counts under a name, which is the label `layer` of each metric. Layers of the same name add
    /// up.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), round_trips: false }
    }

    /// Times also from each sent message to the next received one: the time of a request, if there is
    /// one at a time.
    #[must_use]
    pub fn round_trips(mut self) -> Self {
        self.round_trips = true;
        self
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Metrics<S>;

    fn layer(&self, inner: S) -> Metrics<S> {
        let histogram = |name| histogram!(name, "layer" => self.name.clone());
        Metrics {
            inner,
            sent: Direction::new(&self.name, "sent"),
            received: Direction::new(&self.name, "received"),
            wait: histogram("zeromq_layer_send_wait_seconds"),
            waiting_since: None,
            round_trip: self.round_trips.then(|| histogram("zeromq_layer_round_trip_seconds")),
            sent_at: None,
        }
    }
}

pin_project! {
    /// A socket with a [`MetricsLayer`].
    pub struct Metrics<S> {
        #[pin]
        inner: S,
        sent: Direction,
        received: Direction,
        wait: Histogram,
        waiting_since: Option<Instant>,
        round_trip: Option<Histogram>,
        // When the last message was sent, until the next is received.
        sent_at: Option<Instant>,
    }
}

accessors!(Metrics<S>);

impl<S: Sink<Message> + Unpin> Metrics<S> {
    /// Sends as [`SendExt::send`] does, and begins a new wait for room.
    ///
    /// A wait before, of a `send` that was dropped, is not counted. A `Sink` does not notice such a
    /// drop: inside of another layer, the next message counts that wait too.
    ///
    /// # Errors
    ///
    /// Those of the wrapped `Sink`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent. It is dropped.
    pub fn send(
        &mut self,
        message: impl Into<Message>,
    ) -> impl Future<Output = Result<(), S::Error>> {
        self.waiting_since = None;
        SendExt::send(self, message)
    }
}

struct Direction {
    messages: Counter,
    bytes: Counter,
    errors: Counter,
}

impl Direction {
    fn new(layer: &Arc<str>, direction: &'static str) -> Self {
        let labels = [("layer", layer.to_string()), ("direction", direction.to_owned())];
        Self {
            messages: counter!("zeromq_layer_messages_total", &labels),
            bytes: counter!("zeromq_layer_bytes_total", &labels),
            errors: counter!("zeromq_layer_errors_total", &labels),
        }
    }

    fn count(&self, size: usize) {
        self.messages.increment(1);
        self.bytes.increment(size as u64);
    }
}

impl<S: Sink<Message>> Sink<Message> for Metrics<S> {
    type Error = S::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        match this.inner.poll_ready(cx) {
            Poll::Pending => {
                this.waiting_since.get_or_insert_with(Instant::now);
                Poll::Pending
            }
            Poll::Ready(result) => {
                if let Some(since) = this.waiting_since.take() {
                    this.wait.record(since.elapsed());
                }
                Poll::Ready(result.inspect_err(|_| this.sent.errors.increment(1)))
            }
        }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = self.project();
        let size = message.size();
        this.inner.start_send(message).inspect_err(|_| this.sent.errors.increment(1))?;
        this.sent.count(size);
        *this.sent_at = this.round_trip.as_ref().map(|_| Instant::now());
        Ok(())
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Metrics<S>
where
    S: Stream<Item = Result<Message, E>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = ready!(this.inner.poll_next(cx));
        match &next {
            Some(Ok(message)) => {
                this.received.count(message.size());
                if let (Some(sent_at), Some(round_trip)) = (this.sent_at.take(), &this.round_trip) {
                    round_trip.record(sent_at.elapsed());
                }
            }
            Some(Err(_)) => this.received.errors.increment(1),
            None => {}
        }
        Poll::Ready(next)
    }
}

impl<S: fmt::Debug> fmt::Debug for Metrics<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("inner", &self.inner).finish_non_exhaustive()
    }
}
