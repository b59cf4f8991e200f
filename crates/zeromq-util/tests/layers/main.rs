//! Layers around a socket that a test makes ready, or not: what they forward, and whom they wake.
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
mod filter;
mod flood;
mod keep_latest;
mod kept;
mod map;
#[cfg(feature = "metrics")]
mod metrics;
mod rate_limit;
mod retry;
mod tap;
mod timeout;
mod trace_context;
