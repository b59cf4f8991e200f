//! Binding, connecting and running sockets: addresses, transports, options, events, errors and runtimes.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod addresses;
mod connecting;
mod datagrams;
mod errors;
mod event_details;
mod options;
mod regressions;
mod router_senders;
mod runtime;
mod senders;
mod transport;
mod zmtp_2;
