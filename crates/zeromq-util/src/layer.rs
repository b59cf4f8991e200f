//! Layers: what can be put around a socket, a half of one, or another layer.
//!
//! A layer is a [`Layer`] of tower's: it takes what it wraps and gives back what behaves the same
//! way and does one thing more. What it wraps is a `Sink` of messages, a `Stream` of
//! `Result<Message, E>`, or both: a [`Socket`](zeromq_async::Socket), a [`Sender`](zeromq_async::Sender), a
//! [`Receiver`](zeromq_async::Receiver), or another layer's wrapper. So layers stack, in any order, and a
//! socket with none pays nothing:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use zeromq_util::layer::{FilterRecvLayer, RecvExt, SendExt, TimeoutLayer, WithLayer};
//! use zeromq_async::{Message, PullSocket, PushSocket};
//!
//! let (push, pull) = (PushSocket::new(), PullSocket::new());
//! push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
//!
//! // One after the other, the last outermost …
//! let mut push = push.with_layer(TimeoutLayer::new().send(Duration::from_secs(5)));
//! // … or all at once with tower's builder, the first outermost.
//! let mut pull = ServiceBuilder::new()
//!     .layer(TimeoutLayer::new().recv(Duration::from_secs(5)))
//!     .layer(FilterRecvLayer::new(|message: &Message| message.size() < 1000))
//!     .service(pull);
//!
//! push.send("hello").await?;
//! assert_eq!(pull.recv().await?, "hello");
//! # Ok(()) }
//! ```
//!
//! | layer | what it does |
//! |---|---|
//! | [`TimeoutLayer`] | an error where there is no room to send, or nothing to receive, for too long |
//! | [`MapSendLayer`], [`MapRecvLayer`] | each message made into another |
//! | [`FilterSendLayer`], [`FilterRecvLayer`] | only the messages that pass |
//! | [`TapLayer`] | each message shown to a function, to log or capture it |
//! | [`RateLimitLayer`] | so many messages and bytes in a time |
//! | [`ConcurrencyLimitLayer`] | so many requests without a reply |
//! | [`RetryLayer`] | a request sent again, to another peer, when no reply comes |
//! | [`CircuitBreakerLayer`] | after failures in a row, an error at once for a time |
//! | [`DeduplicateLayer`] | what comes again with the same key dropped |
//! | [`KeepLatestLayer`] | of each topic the latest message, when receiving |
//! | [`TraceContextLayer`] | the trace that a message belongs to goes with it (W3C) |
//! | `CompressionLayer` | compressed with LZ4 or zstd (features `lz4`, `zstd`) |
//! | `MetricsLayer` | messages, bytes and times for the `metrics` crate (feature `metrics`) |
//! | [`DropOldestLayer`] | the oldest message dropped where there is no room, when sending |
//!
//! # Sending and receiving through layers
//!
//! [`SendExt`] and [`RecvExt`] give wrapped sockets the `send` and `recv` that sockets have, with
//! the same cancel safety. Import these, and not `SinkExt` of the crate `futures`: its `send`
//! flushes each message, which waits until the kernel has it, and so is several times slower. It is
//! correct all the same.
//!
//! What only a socket can do, it does through `get_ref` and `get_mut` of its wrappers:
//! `wrapped.get_ref().connect(endpoint)`. Easier is to keep its [`handle`](zeromq_async::Socket::handle).
//!
//! # What every layer here holds to
//!
//! * It forwards readiness. What it reserves for a message belongs to the future of [`SendExt`] that
//!   is polled, and is given back when that future is dropped.
//! * It changes one direction or both; the other passes through it, if there is one.
//! * Its errors are an enum of its own, with those of what it wraps in a variant `Inner`. An error
//!   of its own does no harm: the next call may succeed.
//! * It lets other tasks run, and its deadlines fire, however fast messages come from within.
//! * It keeps no more memory of a message than it needs: small pieces are copied out of the large
//!   buffers that they are a part of.
//! * It is driven by who calls it. There is no task of its own: what a layer holds back moves when
//!   it is next sent to, received from, or flushed.
//!
//! The guide `docs/layers.md` writes three from scratch, and says in which order to stack them.

#[macro_use]
mod forward;

mod beginning;
mod circuit_breaker;
#[cfg(any(feature = "lz4", feature = "zstd"))]
mod compression;
mod concurrency_limit;
mod deadline;
mod deduplicate;
mod detach;
mod drop_oldest;
mod filter;
mod keep_latest;
mod map;
#[cfg(feature = "metrics")]
mod metrics;
mod place;
mod rate_limit;
mod recv_ext;
mod retry;
mod send_ext;
mod tap;
mod timeout;
mod trace_context;
mod with_layer;
#[cfg(any(feature = "lz4", feature = "typed", feature = "zstd"))]
mod work;

/// Messages that a layer drops in a row before other tasks, and deadlines around it, have their turn:
/// not every stream is pending now and then.
const DROPPED_PER_TURN: usize = 1024;

pub use circuit_breaker::{CircuitBreaker, CircuitBreakerError, CircuitBreakerLayer};
#[cfg(any(feature = "lz4", feature = "zstd"))]
pub use compression::{Compression, CompressionError, CompressionLayer, Undecompressed};
pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub use deduplicate::{Deduplicate, DeduplicateLayer};
pub(crate) use detach::detach;
pub use drop_oldest::{DropOldest, DropOldestLayer};
pub use filter::{FilterRecv, FilterRecvLayer, FilterSend, FilterSendLayer};
pub use keep_latest::{KeepLatest, KeepLatestLayer};
pub use map::{MapRecv, MapRecvLayer, MapSend, MapSendLayer};
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, MetricsLayer};
pub use rate_limit::{Rate, RateLimit, RateLimitLayer};
pub use recv_ext::RecvExt;
pub use retry::{Retry, RetryError, RetryLayer};
pub use send_ext::SendExt;
pub use tap::{Direction, Tap, TapLayer};
pub use timeout::{Timeout, TimeoutError, TimeoutLayer};
#[doc(no_inline)]
pub use tower_layer::Layer;
pub use trace_context::{
    Propagate, TraceContext, TraceContextLayer, TraceParent, TraceParentError,
};
pub use with_layer::WithLayer;
#[cfg(any(feature = "lz4", feature = "typed", feature = "zstd"))]
pub(crate) use work::Work;
