//! The sockets against the RFCs 28 to 31, 41, 48, 49, 51 and 52, one test per clause.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod channel;
mod client_server;
mod exclusive_pair;
mod one_frame;
mod peer_to_peer;
mod pipeline;
mod pubsub;
mod radio_dish;
mod reqrep;
mod scatter_gather;
