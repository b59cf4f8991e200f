//! `tls://`.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod carrying;
mod certificates;
mod clients;
mod endpoints;
mod failures;
mod limits;
mod reload;
#[cfg(feature = "ws")]
mod wss;
