//! RADIO, DISH and DGRAM of this library and of libzmq: over tcp, ipc and udp.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod datagrams;
mod peers;
mod streams;
