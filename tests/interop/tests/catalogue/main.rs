//! The catalogue of failures of ZeroMQ in production, one test per row, named after the row.
//!
//! If a row applies to libzmq too, the same script runs with either library, and both expectations
//! stand side by side. `docs/failure-catalogue.md` has the table.

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
