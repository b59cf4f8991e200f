//! Layers around a `Stream` and `Sink` that is not `Unpin`.

use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, Sink, Stream};
use pin_project_lite::pin_project;
use zeromq_async::{Message, RecvError};
use zeromq_util::layer::{
    CircuitBreakerLayer, CompressionLayer, ConcurrencyLimitLayer, DeduplicateLayer,
    DropOldestLayer, KeepLatestLayer, Layer, MetricsLayer, RateLimitLayer, RecvExt, RetryLayer,
    SendExt, TraceContextLayer, WithLayer,
};

use crate::mock::{Failure, Mock, mock};

pin_project! {
    /// A mock that must not be moved once it is polled.
    struct Pinned {
        #[pin]
        inner: Mock,
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl Stream for Pinned {
    type Item = Result<Message, Failure>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().inner.poll_next(cx)
    }
}

impl Sink<Message> for Pinned {
    type Error = Failure;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.project().inner.poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Failure> {
        self.project().inner.start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.project().inner.poll_close(cx)
    }
}

/// Sends and receives a message through a layer.
#[allow(clippy::unwrap_used, reason = "a test may fail here")]
fn check<L, E>(layer: L)
where
    L: Layer<Pinned>,
    L::Service: Sink<Message> + Stream<Item = Result<Message, E>>,
    E: From<RecvError> + std::fmt::Debug,
    <L::Service as Sink<Message>>::Error: std::fmt::Debug,
{
    let (inner, remote) = mock();
    let mut socket = pin!(Pinned { inner, _pinned: PhantomPinned }.with_layer(layer));
    remote.make_room(1);
    socket.ready().now_or_never().unwrap().unwrap();
    socket.send("request").now_or_never().unwrap().unwrap();
    socket.flush().now_or_never().unwrap().unwrap();
    assert_eq!(remote.sent(), ["request"]);
    remote.deliver("reply");
    assert_eq!(socket.recv().now_or_never().unwrap().unwrap(), "reply");
}

#[tokio::test]
async fn layers_wrap_what_is_not_unpin() {
    let second = Duration::from_secs(1);
    check(CircuitBreakerLayer::on_send(1, second));
    check(CompressionLayer::lz4());
    check(ConcurrencyLimitLayer::new(1));
    check(DeduplicateLayer::new(1, |message: &Message| message.size()));
    check(DropOldestLayer::new(1));
    check(KeepLatestLayer::new(1, |message: &Message| message.size()));
    check(MetricsLayer::new("pinned"));
    check(RateLimitLayer::new());
    check(RetryLayer::new(second));
    check(TraceContextLayer::new(|| None));
}
