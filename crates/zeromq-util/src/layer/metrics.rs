//! Messages counted and timed as they pass, for the `metrics` crate.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::metrics::{Counter, Histogram, counter, histogram};
use futures_core::Stream;
use futures_sink::Sink;
use tokio::time::Instant;
use tower_layer::Layer;
use zeromq_async::Message;

use super::beginning;

/// Counts messages and bytes as they pass, and times how long sending waits for room (feature
/// `metrics`).
///
/// What a socket counts by itself costs nothing and needs no layer; see
/// [`MetricsExport`](crate::metrics::MetricsExport). This layer counts at its place in a
/// stack: above a filter or below compression, and one of several senders by itself. That costs a
/// few atomic additions a message.
///
/// | metric | labels | |
/// |---|---|---|
/// | `zeromq_layer_messages_total` | `layer`, `direction` | messages; `direction` is `sent` or `received` |
/// | `zeromq_layer_bytes_total` | `layer`, `direction` | the bytes of their frames |
/// | `zeromq_layer_errors_total` | `layer`, `direction` | errors that passed |
/// | `zeromq_layer_send_wait_seconds` | `layer` | how long each message waited for room; nothing where it did not |
/// | `zeromq_layer_round_trip_seconds` | `layer` | with [`round_trips`](Self::round_trips) |
///
/// The recorder is asked when the layer is put around something, so install it before.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use metrics_exporter_prometheus::PrometheusBuilder;
/// use zeromq_util::layer::{MetricsLayer, RecvExt, SendExt, WithLayer};
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
    /// Counts under a name, which is the label `layer` of each metric.
    ///
    /// Several under one name are added up.
    ///
    /// ```
    /// let layer = zeromq_util::layer::MetricsLayer::new("orders");
    /// # drop(layer);
    /// ```
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), round_trips: false }
    }

    /// Also times from each message sent to the next received: what a request takes, with REQ or
    /// whatever else has one at a time.
    ///
    /// ```
    /// let layer = zeromq_util::layer::MetricsLayer::new("orders").round_trips();
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn round_trips(mut self) -> Self {
        self.round_trips = true;
        self
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Metrics<S>;

    fn layer(&self, inner: S) -> Metrics<S> {
        Metrics {
            inner,
            sent: Direction::new(&self.name, "sent"),
            received: Direction::new(&self.name, "received"),
            wait: histogram!("zeromq_layer_send_wait_seconds", "layer" => self.name.clone()),
            waiting: None,
            round_trip: self.round_trips.then(
                || histogram!("zeromq_layer_round_trip_seconds", "layer" => self.name.clone()),
            ),
            asked: None,
        }
    }
}

/// What a [`MetricsLayer`] makes of a socket.
pub struct Metrics<S> {
    inner: S,
    sent: Direction,
    received: Direction,
    wait: Histogram,
    /// Since when there has been no room.
    waiting: Option<Instant>,
    round_trip: Option<Histogram>,
    /// When the last message was sent that nothing has been received after.
    asked: Option<Instant>,
}

wraps!(Metrics<S>, MetricsLayer, "new(\"orders\")");

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

impl<S: Sink<Message> + Unpin> Sink<Message> for Metrics<S> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = &mut *self;
        if beginning::is_first() {
            // Of a send that was given up.
            this.waiting = None;
        }
        match Pin::new(&mut this.inner).poll_ready(cx) {
            Poll::Pending => {
                this.waiting.get_or_insert_with(Instant::now);
                Poll::Pending
            }
            Poll::Ready(result) => {
                if let Some(since) = this.waiting.take() {
                    this.wait.record(since.elapsed());
                }
                Poll::Ready(result.inspect_err(|_| this.sent.errors.increment(1)))
            }
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), S::Error> {
        let this = &mut *self;
        let size = message.size();
        let sent = Pin::new(&mut this.inner).start_send(message);
        match &sent {
            Ok(()) => {
                this.sent.count(size);
                this.asked = this.round_trip.as_ref().map(|_| Instant::now());
            }
            Err(_) => this.sent.errors.increment(1),
        }
        sent
    }

    forward_poll_flush!(Message);
}

impl<S, E> Stream for Metrics<S>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        let next = ready!(Pin::new(&mut this.inner).poll_next(cx));
        match &next {
            Some(Ok(message)) => {
                this.received.count(message.size());
                if let (Some(asked), Some(round_trip)) = (this.asked.take(), &this.round_trip) {
                    round_trip.record(asked.elapsed());
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
