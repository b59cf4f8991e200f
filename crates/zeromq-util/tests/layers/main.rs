//! Layers around a mock socket.
//!
//! Time is paused where it matters, so that a second takes none.

mod mock;

mod circuit_breaker;
#[cfg(all(feature = "lz4", feature = "zstd"))]
mod compression;
mod concurrency_limit;
mod deduplicate;
mod drop_oldest;
mod extensions;
mod flood;
mod keep_latest;
mod kept;
#[cfg(feature = "metrics")]
mod metrics;
mod one_frame;
mod pinned;
mod rate_limit;
mod retry;
mod trace_context;
