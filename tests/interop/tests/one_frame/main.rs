//! CLIENT, SERVER, SCATTER, GATHER, PEER and CHANNEL of this library and of libzmq.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod end;
mod heartbeats;
mod lifecycle;
mod matrix;
mod notices;
mod pairings;
