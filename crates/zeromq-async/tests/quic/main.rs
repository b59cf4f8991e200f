//! `quic://`.

#![cfg(feature = "quic")]
#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod carrying;
mod endpoints;
mod failures;
mod hostile;
mod raw_quic;
