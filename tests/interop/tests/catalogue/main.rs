//! The catalogue of failures that ZeroMQ has had in production: a test for each row, named for it.
//!
//! Where a row can be had with libzmq too, the same script runs with either library, and what is
//! expected of each stands beside the other. `docs/failure-catalogue.md` is the table of all of it.

#[allow(dead_code, reason = "shared with the library's own tests")]
#[path = "../../../../crates/zeromq-async/tests/support/relay.rs"]
mod relay;
#[macro_use]
mod support;

mod handshakes;
mod heartbeats;
mod publishing;
mod reconnecting;
mod resources;
