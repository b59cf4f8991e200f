//! Layers, services and proxies of `zeromq-util` with libzmq on the other side.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod layers;
mod proxy;
mod service;
