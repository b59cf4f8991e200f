//! The catalogue of failures that ZeroMQ has had in production: a test for each row, named for it.
//!
//! Where a row can be had with libzmq too, the same script runs with either library, and what is
//! expected of each stands beside the other. `docs/failure-catalogue.md` is the table of all of it.

#[macro_use]
mod support;

mod closing;
mod faults;
mod handshakes;
mod heartbeats;
mod hostile;
mod publishing;
mod receiving;
mod reconnecting;
mod resources;
mod routing;
mod table;
