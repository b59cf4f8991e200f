//! Layers around a socket that a test makes ready, or not: what they forward, and whom they wake.
//!
//! Time is paused where it matters, so that a second takes none.

mod mock;

mod extensions;
mod filter;
mod map;
mod timeout;
