//! Sockets of this library and of libzmq: patterns, connections, options and heartbeats.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod addresses;
mod connecting;
mod events;
mod heartbeats;
mod heartbeats_at_speed;
mod lenient;
mod lifecycle;
mod matrix;
mod patterns;
mod stream;
mod subscriptions;
mod ws;
mod zmtp_1;
mod zmtp_2;
