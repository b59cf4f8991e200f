//! Binding, connecting and running sockets: addresses, transports, options, events, errors and runtimes.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod addresses;
mod any_socket;
mod connecting;
mod datagrams;
mod errors;
mod event_details;
mod framing;
mod options;
mod regressions;
mod router_senders;
mod runtime;
mod senders;
mod stream;
mod transport;
mod zmtp_1;
mod zmtp_2;
