//! PLAIN, CURVE and ZAP between this library and libzmq.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod authentication;
mod mechanisms;
mod tampering;
mod zap;
