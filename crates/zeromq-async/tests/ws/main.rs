//! `ws://`: sockets over WebSocket, and what a WebSocket peer may and may not do.

#![cfg(feature = "ws")]
#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod endpoints;
mod heartbeats;
mod hostile;
mod lifecycle;
mod patterns;
mod raw;
mod security;
mod spec;
mod upgraded;

/// An endpoint to bind.
const WS: &str = "ws://127.0.0.1:*";
