//! PLAIN: a user name and a password, in clear (24/ZMTP-PLAIN).
//!
//! ```text
//! client                                         server
//!   | -- HELLO     | len | name | len | password | -> |
//!   |                                                 | decision
//!   | <- WELCOME ------------------------------------ |
//!   | -- INITIATE  | metadata | --------------------> |
//!   | <- READY     | metadata | --------------------- |
//! ```

mod client;
mod server;

pub use client::{PlainClient, PlainClientError};
pub use server::PlainServer;

/// The largest user name or password, in bytes.
const FIELD_MAX: usize = 255;
