//! Layers around sockets, halves of sockets, and other layers.
//!
//! A layer implements [`Layer`] of tower: it wraps a socket and adds one behavior. The wrapped value
//! is a `Sink` of messages, a `Stream` of `Result<Message, E>`, or both: a
//! [`Socket`](zeromq_async::Socket), a [`Sender`](zeromq_async::Sender), a
//! [`Receiver`](zeromq_async::Receiver), or the wrapper of another layer. So layers stack in any
//! order, and a socket without layers pays nothing:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use zeromq_util::layer::{
//!     DeduplicateLayer, KeepLatestLayer, Rate, RateLimitLayer, RecvExt, SendExt, WithLayer,
//! };
//! use zeromq_async::{Message, PullSocket, PushSocket};
//!
//! let (push, pull) = (PushSocket::new(), PullSocket::new());
//! push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
//! let rate = Rate::per(Duration::from_secs(1)).messages(1000);
//! let topic = |message: &Message| message.first().cloned();
//! let number = |message: &Message| message.last().cloned();
//!
//! // One after the other, the last outermost …
//! let mut push = push.with_layer(RateLimitLayer::new().send(rate));
//! // … or all at once with tower's builder, the first outermost.
//! let mut pull = ServiceBuilder::new()
//!     .layer(KeepLatestLayer::new(100, topic))
//!     .layer(DeduplicateLayer::new(100, number))
//!     .service(pull);
//!
//! push.send(Message::multipart(["oslo", "-4"])).await?;
//! assert_eq!(pull.recv().await?, Message::multipart(["oslo", "-4"]));
//! # Ok(()) }
//! ```
//!
//! | layer | behavior |
//! |---|---|
//! | [`RateLimitLayer`] | limits messages and bytes per period |
//! | [`ConcurrencyLimitLayer`] | limits requests without a reply |
//! | [`RetryLayer`] | sends a request again, to another peer, when no reply comes |
//! | [`CircuitBreakerLayer`] | fails at once, for a time, after failures in a row |
//! | [`DeduplicateLayer`] | drops received messages with a known key |
//! | [`KeepLatestLayer`] | receives the latest message of each topic |
//! | [`DropOldestLayer`] | drops the oldest message when there is no room to send |
//! | [`OneFrameLayer`] | makes messages of the frames of a [`SharedSocket`](zeromq_async::SharedSocket) |
//! | [`TraceContextLayer`] | sends the trace context with each message (W3C) |
//! | `CompressionLayer` | compresses with LZ4 or zstd (features `lz4`, `zstd`) |
//! | `MetricsLayer` | counts and times for the `metrics` crate (feature `metrics`) |
//!
//! To change, filter or inspect messages, use the combinators of the crate `futures`; for timeouts
//! use `tokio::time::timeout`, because `send` and `recv` are cancel safe. The guide `docs/layers.md`
//! has a table of them. It also writes layers from scratch, and says in which order to stack them.
//!
//! # Sending and receiving through layers
//!
//! [`SendExt`] and [`RecvExt`] give wrapped sockets the `send` and `recv` that sockets have, with
//! the same cancel safety. Import these instead of `SinkExt` of `futures`. Its `send` flushes each
//! message, which is several times slower.
//!
//! Connect a wrapped socket with `get_ref`: `wrapped.get_ref().connect(endpoint)`. Or keep its
//! [`handle`](zeromq_async::Socket::handle).
//!
//! # Rules for every layer
//!
//! * It works around any `Sink` or `Stream`, `Unpin` or not.
//! * It forwards readiness, and a dropped `send` leaves nothing behind.
//! * It changes one direction or both. The other passes through.
//! * Its errors are an enum of its own, with those of the wrapped value in a variant `Inner`. After
//!   an error of its own the next call may succeed.
//! * It lets other tasks run, and its timers fire, at any rate of messages.
//! * It copies the small parts of a message that it keeps, and does not keep large buffers alive.
//! * It starts no task. A message that it holds moves on at the next send, receive or flush.

#[macro_use]
mod forward;

#[cfg(any(feature = "lz4", feature = "typed", feature = "zstd"))]
mod budget;
mod circuit_breaker;
#[cfg(any(feature = "lz4", feature = "zstd"))]
mod compression;
mod concurrency_limit;
mod deadline;
mod deduplicate;
mod drop_oldest;
mod keep_latest;
#[cfg(feature = "metrics")]
mod metrics;
mod one_frame;
mod rate_limit;
mod recv_ext;
mod retry;
mod send_ext;
mod token_bucket;
mod trace_context;
mod with_layer;

/// The most messages that a layer drops in one poll. Then it yields, because a stream may always have
/// another message.
const DROPPED_PER_POLL: usize = 1024;

#[cfg(any(feature = "lz4", feature = "typed", feature = "zstd"))]
pub(crate) use budget::BytesWorked;
pub use circuit_breaker::{CircuitBreaker, CircuitBreakerError, CircuitBreakerLayer};
#[cfg(any(feature = "lz4", feature = "zstd"))]
pub use compression::{Compression, CompressionError, CompressionLayer, Undecompressed};
pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub use deduplicate::{Deduplicate, DeduplicateLayer};
pub use drop_oldest::{DropOldest, DropOldestLayer};
pub use keep_latest::{KeepLatest, KeepLatestLayer};
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, MetricsLayer};
pub use one_frame::{OneFrame, OneFrameError, OneFrameLayer};
pub use rate_limit::{Rate, RateLimit, RateLimitLayer};
pub use recv_ext::RecvExt;
pub use retry::{Retry, RetryError, RetryLayer};
pub use send_ext::SendExt;
#[doc(no_inline)]
pub use tower_layer::Layer;
pub use trace_context::{
    Propagate, TraceContext, TraceContextLayer, TraceParent, TraceParentError,
};
pub use with_layer::WithLayer;
