//! `tls://` with stunnel on the side of libzmq, which has no TLS on tcp.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod exchange;
mod stunnel;
